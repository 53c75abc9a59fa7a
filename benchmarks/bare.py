"""What somebody would write with boto3 alone: the AWS calls that one of our handlers made, made again for another task.

No validation, no authentication, no routing, no families, no logs, not even the building of the calls' arguments: the
least that a handler making these calls can cost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import urllib3
from botocore import xform_name

from benchmarks.measured import calling

Event = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One AWS call: its service, its operation as AWS names it, and its arguments."""

    service: str
    operation: str
    arguments: Mapping[str, Any]

    @property
    def shape(self) -> str:
        """The operation, and each write's table in a transaction."""
        steps = [(verb, step) for item in self.arguments.get("TransactItems", ()) for verb, step in item.items()]
        tables = ", ".join(f"{verb} {step['TableName']}" for verb, step in steps)
        return f"{self.operation}({tables})" if tables else self.operation

    def of_task(self, recorded: str, wanted: str) -> Call:
        """The same call for another task; the SDK adds a token of its own, which must be fresh."""
        arguments = {name: value for name, value in self.arguments.items() if name != "ClientRequestToken"}
        return Call(self.service, self.operation, json.loads(json.dumps(arguments).replace(recorded, wanted)))


class Bare:
    """Makes recorded calls; with a `job` it also asks the upstream about that once, as the callback function does."""

    def __init__(self) -> None:
        self._clients = {name: boto3.client(name) for name in ("dynamodb", "sqs")}
        self._http = urllib3.PoolManager()
        self.refused: type[Exception] = self._clients["dynamodb"].exceptions.TransactionCanceledException
        self._upstream = json.loads(os.environ["UPSTREAM_URLS"])[calling.NAME]

    def handle(self, event: Event, calls: list[Call], job: str | None = None) -> Event:
        json.loads(event["body"])
        for number, call in enumerate(calls):
            getattr(self._clients[call.service], xform_name(call.operation))(**call.arguments)
            if job and number == 0:
                calling.ask(self._http, self._upstream, f"sk-EXAMPLE-{calling.NAME}", job)
        return {
            "statusCode": 200,
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"task_id": job}),
            "isBase64Encoded": False,
        }
