"""The family's lists of tasks: what a client asks for at `/api/tasks/list`, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from relay.families.aistudio.read import TaskId, read_day, read_platform
from relay.families.aistudio.words import SEGMENTS, TASK_TYPES
from relay.families.aistudio.write import task_document
from relay.families.bodies import Body, Reference, read_body, read_json
from relay.families.dialect import Told
from relay.nouns.catalog import Catalog
from relay.nouns.errors import BadInput, InvalidParameter
from relay.nouns.listing import Listing, Page, TaskIds
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound, Json, Reply

EPOCH = date(1970, 1, 1)
DAY = timedelta(days=1)

Status = Literal["pending", "queued", "processing", "succeeded", "failed", "cancelled", "timeout"]


class _List(Body):
    status: Status | None = None
    platform: str | None = None
    task_type: Literal["images", "videos", "music"] | None = None
    start_date: Annotated[date, BeforeValidator(read_day)] | None = None
    end_date: Annotated[date, BeforeValidator(read_day)] | None = None
    client_ref: Reference | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class _Many(Body):
    task_ids: Annotated[list[TaskId], Field(min_length=1, max_length=100)]


def names_ids(inbound: Inbound) -> bool:
    """Whether a list names its tasks instead of describing them."""
    try:
        return "task_ids" in read_json(inbound)
    except BadInput:
        return False  # said again, in the family's words, by whoever reads the request


def read_many(inbound: Inbound, catalog: Catalog) -> TaskIds:
    return TaskIds(read_body(_Many, read_json(inbound)).task_ids)


def read_list(inbound: Inbound, catalog: Catalog) -> Listing:
    body = read_body(_List, read_json(inbound))
    if body.start_date and body.end_date and body.start_date > body.end_date:
        raise InvalidParameter("end_date", "must not be before start_date", "不能早于 start_date")
    offset = catalog.utc_offset
    return Listing(
        limit=body.limit,
        after=body.cursor,
        client_ref=body.client_ref,
        platform=read_platform(body.platform),
        kind=SEGMENTS[body.task_type] if body.task_type else None,
        statuses=frozenset({State(body.status)} if body.status else ()),
        since=_midnight(body.start_date, offset) if body.start_date else None,
        until=_midnight(body.end_date + DAY, offset) - 1 if body.end_date else None,
    )


def _midnight(day: date, utc_offset: int) -> int:
    """When a local day begins, in Unix ms."""
    return ((day - EPOCH).days * 86_400 - utc_offset * 3600) * 1000


def page(told: Told[Page[Task]]) -> Reply:
    tasks = [_listed(task) for task in told.found.items]
    return Reply.json({"tasks": tasks, "next_cursor": told.found.after})


def many(told: Told[Sequence[Task]]) -> Reply:
    return Reply.json({"tasks": [_listed(task) for task in told.found]})


def deleted(told: Told[Task]) -> Reply:
    return Reply.json({"task_id": told.found.task_id, "deleted": True})


def _listed(task: Task) -> dict[str, Json]:
    """A task among others: which platform it belongs to and what it makes cannot be told from the path."""
    return {**task_document(task), "platform": task.platform, "task_type": TASK_TYPES.get(task.kind, task.kind)}
