"""Sends to the work queues. A message only names a task and an attempt, or an account; what is so is in the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from relay.nouns.task import Task

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_DELAY = 900  # seconds, the most SQS allows


logger = Logger(child=True)


class Queues:
    """`connect` makes the client on first use: most invocations send nothing.

    A message that cannot be sent is only logged: the task has a due time, at which the clock does the same work.
    """

    def __init__(
        self,
        connect: Callable[[], SQSClient],
        dispatch_url: str,
        deliver_url: str,
        archive_url: str = "",
        retry_url: str = "",
        *,
        hold_url: str = "",
        renew_url: str = "",
    ) -> None:
        self._renew_url = renew_url
        self._connect, self._retry_url, self._hold_url = connect, retry_url or deliver_url, hold_url
        self._dispatch_url, self._deliver_url, self._archive_url = dispatch_url, deliver_url, archive_url

    def dispatch(self, task: Task, delay: float = 0) -> None:
        """Have a task sent to an upstream, in `delay` seconds (at most MAX_DELAY)."""
        self._send(self._dispatch_url, task.log_keys, delay)

    def hold(self, task: Task) -> None:
        """Have a task sent to an upstream that takes minutes to answer."""
        self._send(self._hold_url, task.log_keys)

    def renew(self, account_id: str, duty: str) -> None:
        """Have it looked at what is due of an account's subscription, or of something that is to be paid by card."""
        self._send(self._renew_url, {"account_id": account_id, "duty": duty})

    def deliver(self, task: Task) -> None:
        """Have the client told. Only first attempts use the deliver queue, so that they never wait for retries."""
        message = {**task.log_keys, "attempt": task.deliveries}
        if task.deliveries:
            self.deliver_later(message)
        else:
            self._send(self._deliver_url, message)

    def deliver_later(self, message: Mapping[str, Any], delay: float = 0) -> None:
        """Put a delivery message on the retry queue: a retry, or one whose receiver is slow."""
        self._send(self._retry_url, {**message, "later": True}, delay)

    def archive(self, task: Task) -> None:
        """Have a task's results copied to the bucket."""
        self._send(self._archive_url, {**task.log_keys, "attempt": task.copies})

    @cached_property
    def _client(self) -> SQSClient:
        return self._connect()

    def _send(self, url: str, message: Mapping[str, Any], delay: float = 0) -> None:
        """Send, or log that it failed. `message` has the trace id of the task, used in log lines only."""
        try:
            self._client.send_message(
                QueueUrl=url,
                MessageBody=json.dumps(message),
                DelaySeconds=min(
                    ceil(delay), MAX_DELAY
                ),  # rounded up: a message that came early would have to wait again
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("message not sent", **message, queue=url, reason=type(error).__name__)
