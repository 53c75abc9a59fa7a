"""What holds for every refusal: a 4xx in the caller's dialect and language, and nothing stored, sent or charged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from tests.functional.harness import REGION, Harness
from tests.functional.transactions import ACCOUNT

TABLES = ("TasksTable", "AccountsTable", "DirectoryTable")


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str | int
    message: str
    headers: dict[str, str]


def stored_state(here: Harness) -> tuple[Any, ...]:
    """Every row but those of keys' last use, every file, every queued message, and the number of calls sent."""
    tables = dynamodb_backends[ACCOUNT][REGION].tables  # read where moto keeps them: a scan takes far longer
    items = [[repr(item.to_json()) for item in tables[name].all_items()] for name in TABLES]
    rows = [sorted(item for item in each if "'used#" not in item) for each in items]
    counts = ["ApproximateNumberOfMessages"]
    waiting = [
        here.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        for url in (here.dispatch_url, here.deliver_url, here.archive_url, here.retry_url)
    ]
    return rows, here.stored, waiting, list(here.delayed.held), len(here.network.calls)


def refused(here: Harness, method: str, path: str, body: object = None, **how: Any) -> Refusal:
    """Send a request that must be refused with a 4xx and change nothing."""
    before = stored_state(here)
    status, document, headers = here.exchange(method, path, body, **how)
    assert 400 <= status < 500, (status, document)
    assert stored_state(here) == before
    code, message = _read_refusal(path, document, headers)
    return Refusal(status, code, message, headers)


def _read_refusal(path: str, document: Any, headers: dict[str, str]) -> tuple[str | int, str]:
    """The code and the words of a refusal, in the shape of the API that lies at this path."""
    if path.startswith(("/api/v1/", "/v1/video/generations", "/kling/", "/suno/")):
        return _read_envelope(path, document, headers)
    if path.startswith("/v1/"):
        assert document.keys() == {"error"}
        assert document["error"].keys() == {"message", "type", "param", "code"}
        assert document["error"]["message"].isascii()
        return document["error"]["code"], document["error"]["message"]
    assert document.keys() == {"success", "error", "trace_id"}
    assert document["success"] is False
    assert re.search("[\u4e00-\u9fff]", document["error"]["message"])
    assert headers["x-trace-id"] == document["trace_id"]
    return document["error"]["code"], document["error"]["message"]


def _read_envelope(path: str, document: Any, headers: dict[str, str]) -> tuple[str | int, str]:
    """The same of those that say it in their envelope for answers."""
    words = "msg" if path.startswith("/api/") else "message"
    if path.startswith("/kling/"):
        assert document.keys() == {"code", "message", "request_id"}
        assert document["request_id"] == headers["x-trace-id"]
    else:
        assert document.keys() == {"code", words, "data"}
        assert document["data"] is None
    assert document[words].isascii()
    return document["code"], document[words]
