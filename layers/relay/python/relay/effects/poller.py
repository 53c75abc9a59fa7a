"""Starts the Step Functions workflow that polls due tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


class Poller:
    def __init__(self, connect: Callable[[], SFNClient], arn: str) -> None:
        self._connect, self._arn = connect, arn

    def start(self, shards: list[int], until: int) -> None:
        """Start one execution that polls these shards of the due index until `until` (Unix ms)."""
        self._client.start_execution(stateMachineArn=self._arn, input=json.dumps({"shards": shards, "until": until}))

    @cached_property
    def _client(self) -> SFNClient:
        return self._connect()
