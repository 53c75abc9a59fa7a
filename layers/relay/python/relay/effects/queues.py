"""The four queues between the workers. A message only names a task; the truth stays in the table."""

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

MAX_DELAY = 900  # seconds, SQS's own bound


logger = Logger(child=True)


class Queues:
    """`connect` makes the client on first use: most invocations of most functions never send.

    A message that a queue does not take is only logged: what it asks for is owed by its task, whose due time brings
    the clock, so nobody who sends one need fail for it.
    """

    def __init__(
        self,
        connect: Callable[[], SQSClient],
        dispatch_url: str,
        deliver_url: str,
        archive_url: str = "",
        retry_url: str = "",
    ) -> None:
        self._connect, self._retry_url = connect, retry_url or deliver_url
        self._dispatch_url, self._deliver_url, self._archive_url = dispatch_url, deliver_url, archive_url

    def dispatch(self, task: Task, delay: float = 0) -> None:
        """Ask for a task to be handed to an upstream, in `delay` seconds."""
        self._send(self._dispatch_url, task.log_keys, delay)

    def deliver(self, task: Task) -> None:
        """Ask for the client to be told, for the next time; first attempts never wait for a retry."""
        message = {**task.log_keys, "attempt": task.deliveries}
        if task.deliveries:
            self.deliver_later(message)
        else:
            self._send(self._deliver_url, message)

    def deliver_later(self, message: Mapping[str, Any], delay: float = 0) -> None:
        """Put such a message on the other queue, for whoever may keep others waiting."""
        self._send(self._retry_url, {**message, "later": True}, delay)

    def archive(self, task: Task) -> None:
        """Ask for a task's results to be copied, for the next time."""
        self._send(self._archive_url, {**task.log_keys, "attempt": task.tries})

    @cached_property
    def _client(self) -> SQSClient:
        return self._connect()

    def _send(self, url: str, message: Mapping[str, Any], delay: float = 0) -> None:
        """The message's trace id is for the log alone: see `records`."""
        try:
            self._client.send_message(
                QueueUrl=url,
                MessageBody=json.dumps(message),
                DelaySeconds=min(ceil(delay), MAX_DELAY),  # early would only mean waiting again
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("message not sent", **message, queue=url, reason=type(error).__name__)
