"""Stand-ins for AWS: API Gateway events, tables of the template, and SQS delays that follow the test's clock."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from local.loops import read_template
from local.routing import Match, Routes

ROOT = Path(__file__).resolve().parents[2]


class DelayingQueues:
    """moto's SQS, but a delayed message waits for our clock: moto itself would wait in real time."""

    def __init__(self, sqs: Any, now: list[int], sent: Counter[str] | None = None) -> None:
        self._sqs, self._now = sqs, now
        self.held: list[tuple[int, dict[str, Any]]] = []
        # by queue: half of all calls to moto would ask for messages that are not there
        self.sent = Counter() if sent is None else sent

    def send_message(self, **message: Any) -> None:
        delay = message.pop("DelaySeconds", 0)
        self.held.append((self._now[0] + delay * 1000, message))
        self.release()

    def release(self) -> None:
        ready = [message for at, message in self.held if at <= self._now[0]]
        self.held = [(at, message) for at, message in self.held if at > self._now[0]]
        for message in ready:
            self._sqs.send_message(**message)
            self.sent[message["QueueUrl"]] += 1

    def take(self, url: str) -> list[dict[str, Any]]:
        """Up to ten messages, as a worker is given them; they are deleted."""
        if not self.sent[url]:
            return []
        found = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = found.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.sent[url] = max(0, self.sent[url] - len(messages)) if messages else 0
        return messages


def function_of(method: str, path: str) -> str:
    """The function the template's routes choose."""
    return match_of(method, path).route.function


def match_of(method: str, path: str) -> Match:
    """The template's route for a request."""
    found = _routes().match(method, path.partition("?")[0])
    assert found is not None  # there is a route for what no other takes
    return found


@cache
def _routes() -> Routes:
    paths = dict[str, dict[str, Any]]()
    for one in _resources().values():
        for event in one["Properties"].get("Events", {}).values() if "Handler" in one.get("Properties", {}) else ():
            if event["Type"] == "HttpApi":
                said = event["Properties"]
                method = said["Method"].lower() if "Method" in said else "x-amazon-apigateway-any-method"
                by = {"x-amazon-apigateway-integration": {"uri": one["Properties"]["Handler"].partition(".")[0]}}
                paths.setdefault(said.get("Path", "$default"), {})[method] = by
    return Routes({"paths": paths}, str)


def http_event(method: str, path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """An API Gateway payload 2.0 event. Like the gateway it decodes the path."""
    where, _, query = path.partition("?")
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    return {
        "version": "2.0",
        "routeKey": f"{method} {where}",
        "rawPath": unquote(where),
        "rawQueryString": query,
        "queryStringParameters": {name: values[-1] for name, values in parse_qs(query).items()},
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": where, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"},
            "requestId": "trace-0001",
            "stage": "$default",
        },
        "body": text,
        "isBase64Encoded": encoded,
    }


@cache
def _resources() -> dict[str, Any]:
    resources: dict[str, Any] = read_template(ROOT / "template.yaml")["Resources"]
    return resources


def create_table(client: Any, logical: str) -> str:
    """A table as the template declares it, so that keys and indexes are written down once."""
    properties = _resources()[logical]["Properties"]
    kept = {k: properties[k] for k in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    kept |= {k: properties[k] for k in ("GlobalSecondaryIndexes",) if k in properties}
    client.create_table(TableName=logical, **kept)
    return logical


@contextmanager
def listening(client: Any, event: str, heard: Callable[..., None]) -> Iterator[None]:
    """A botocore listener for one block: tests of one process share a client, so one that stays hears their calls."""
    client.meta.events.register(event, heard)
    try:
        yield
    finally:
        client.meta.events.unregister(event, heard)
