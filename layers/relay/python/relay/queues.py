"""The three queues between the desks. A message only names a task; the truth stays in the table."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

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
        self, connect: Callable[[], SQSClient], dispatch_url: str, deliver_url: str, archive_url: str = ""
    ) -> None:
        self._connect = connect
        self._dispatch_url, self._deliver_url, self._archive_url = dispatch_url, deliver_url, archive_url

    def dispatch(self, account_id: str, task_id: str, delay: float = 0) -> None:
        """Ask for a task to be handed to an upstream, in `delay` seconds."""
        self._send(self._dispatch_url, {"account_id": account_id, "task_id": task_id}, delay)

    def deliver(self, account_id: str, task_id: str, attempt: int) -> None:
        """Ask for the client to be told, for the `attempt`-th time from 0."""
        self._send(self._deliver_url, {"account_id": account_id, "task_id": task_id, "attempt": attempt})

    def archive(self, account_id: str, task_id: str, attempt: int) -> None:
        """Ask for a task's results to be copied, for the `attempt`-th time from 0."""
        self._send(self._archive_url, {"account_id": account_id, "task_id": task_id, "attempt": attempt})

    @cached_property
    def _client(self) -> SQSClient:
        return self._connect()

    def _send(self, url: str, message: dict[str, str | int], delay: float = 0) -> None:
        try:
            self._client.send_message(
                QueueUrl=url,
                MessageBody=json.dumps(message),
                DelaySeconds=min(ceil(delay), MAX_DELAY),  # early would only mean waiting again
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("message not sent", task_id=message["task_id"], queue=url, reason=type(error).__name__)
