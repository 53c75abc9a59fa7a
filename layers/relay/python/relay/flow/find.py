"""Finding a caller's tasks: one, several, or a page of them, all made in its dialect. What a client hid is found no
more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from relay.effects.store.listings import FIRST, LAST, Found, Span
from relay.families.uses import Record
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.errors import InvalidParameter, TaskNotFound
from relay.nouns.ids import uuid7
from relay.nouns.listing import Listing, TaskIds
from relay.nouns.task import Task

MAX_TASKS = 100  # of one page, or asked for at once
MAX_REFERRED = 10  # tasks of one reference that are searched for one on the platform asked about
MAX_INSTANT = (1 << 48) - 1  # Unix ms that a UUIDv7 can hold
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find(
    services: Services, caller: Caller, task_id: str, platform: str | None = None, client_ref: str | None = None
) -> Task:
    """A caller's task, by id and, where the wire names one, platform; the newest with `client_ref` where none has the
    id. Raises TaskNotFound."""
    task = services.store.tasks.get(caller.account_id, task_id)
    if task is None and client_ref:
        task = services.store.tasks.get(caller.account_id, _referred(services, caller, platform, client_ref))
    if task is None or not _shown(task, caller, platform):
        raise TaskNotFound
    return task


def find_record(
    services: Services,
    caller: Caller,
    task_id: str,
    platform: str | None = None,
    client_ref: str | None = None,
    *,
    facts: bool = False,
) -> Record:
    """The same with what was asked for and, if wanted, what its outcome says."""
    found = services.store.tasks.record(caller.account_id, task_id, facts=facts)
    if found is None and client_ref:
        task_id = _referred(services, caller, platform, client_ref)
        found = services.store.tasks.record(caller.account_id, task_id, facts=facts)
    if found is None or not _shown(found[0], caller, platform):
        raise TaskNotFound
    return Record(*found)


def _referred(services: Services, caller: Caller, platform: str | None, client_ref: str) -> str:
    """The id of the newest task with this reference; empty where there is none among the newest MAX_REFERRED."""
    page = services.store.listings.by_reference(caller.account_id, caller.dialect, client_ref, Span(), MAX_REFERRED)
    return next((each.task.task_id for each in page.found if _shown(each.task, caller, platform)), "")


def find_many(services: Services, caller: Caller, wanted: TaskIds, *, facts: bool = False) -> list[Found]:
    """The caller's tasks among these ids, in their order; MAX_TASKS at most are looked for."""
    found = services.store.listings.many(caller.account_id, wanted.task_ids[:MAX_TASKS], whole=facts)
    return [each for each in found if _shown(each.task, caller, wanted.platform)]


def find_page(
    services: Services, caller: Caller, wanted: Listing, *, facts: bool = False
) -> tuple[Sequence[Found], str | None]:
    """A page of the caller's tasks, and where the next begins. Raises InvalidParameter for the cursor.

    A cursor is a place in the order of the caller's own tasks: whatever it says, it leads to no other account's rows.
    """
    if wanted.after is not None and not _UUID.fullmatch(wanted.after):
        raise InvalidParameter(wanted.cursor_field, "is not a cursor of a page", "不是有效的游标")
    span, limit = _span(wanted), min(wanted.limit, MAX_TASKS)
    if span.first >= span.below:
        return [], None
    if wanted.client_ref is not None:
        page = services.store.listings.by_reference(
            caller.account_id, caller.dialect, wanted.client_ref, span, limit, whole=facts
        )
        return [each for each in page.found if _listed(each.task, caller, wanted)], page.after
    page = services.store.listings.page(
        caller.account_id,
        span,
        limit,
        lambda task: _listed(task, caller, wanted),
        whole=facts,
        oldest_first=wanted.oldest_first,
    )
    return page.found, page.after


def _span(wanted: Listing) -> Span:
    """Which ids to look through: those of the time asked for, from the cursor on."""
    since, until = max(wanted.since or 0, 0), min(wanted.until or MAX_INSTANT, MAX_INSTANT - 1)
    first, below = uuid7(since, 0) if since else FIRST, uuid7(until + 1, 0)
    if wanted.after is None:
        return Span(first, below)
    if wanted.oldest_first:
        return Span(max(first, str(UUID(int=min(UUID(wanted.after).int, UUID(LAST).int - 1) + 1))), below)
    return Span(first, min(below, wanted.after))


def _shown(task: Task, caller: Caller, platform: str | None) -> bool:
    return not task.hidden and caller.dialect == task.dialect and platform in (None, task.platform)


def _listed(task: Task, caller: Caller, wanted: Listing) -> bool:
    return (
        _shown(task, caller, wanted.platform)
        and wanted.kind in (None, task.kind)
        and (not wanted.statuses or task.status in wanted.statuses)
    )


def hide(
    services: Services, caller: Caller, task_id: str, platform: str | None = None, client_ref: str | None = None
) -> Task:
    """Take a task that has ended out of its client's view; its row, its money and its callback stay.

    Raises TaskNotFound, and InvalidParameter where the task has not ended.
    """
    task = find(services, caller, task_id, platform, client_ref)
    if not services.store.tasks.hide(task):
        raise InvalidParameter("task_id", "is a task that has not ended", "对应的任务尚未结束")
    return task
