"""What every refusal promises: a 4xx in the caller's own dialect and language, and not a trace of it anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.functional.world import World

TABLES = ("TasksTable", "AccountsTable", "DirectoryTable")


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str | int
    message: str
    headers: dict[str, str]


def everything(here: World) -> tuple[Any, ...]:
    """All there is: every row, every file, every message on its way, every call that went out."""
    client = here.services.store.tasks.tables.client
    rows = [sorted(map(repr, client.scan(TableName=name)["Items"])) for name in TABLES]
    counts = ["ApproximateNumberOfMessages"]
    waiting = [
        here.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        for url in (here.dispatch_url, here.deliver_url, here.archive_url, here.retry_url)
    ]
    return rows, here.stored, waiting, list(here.late.held), len(here.network.calls)


def refused(here: World, method: str, path: str, body: object = None, **how: Any) -> Refusal:
    """Ask for what must be refused: never a 500, nothing half-made, nothing charged."""
    before = everything(here)
    status, document, headers = here.exchange(method, path, body, **how)
    assert 400 <= status < 500, (status, document)
    assert everything(here) == before
    if path.startswith("/api/v1/"):
        assert document["msg"].isascii()
        assert document.keys() == {"code", "msg", "data"}
        assert document["data"] is None
        return Refusal(status, document["code"], document["msg"], headers)
    assert document.keys() == {"success", "error", "trace_id"}
    assert document["success"] is False
    assert re.search("[\u4e00-\u9fff]", document["error"]["message"])
    assert headers["x-trace-id"] == document["trace_id"]
    return Refusal(status, document["error"]["code"], document["error"]["message"], headers)
