"""Finding a task by one of its results."""

from __future__ import annotations

from dataclasses import replace

from relay.flow.access import Caller
from relay.flow.links import key_of, task_id_of
from relay.flow.services import Services
from relay.nouns.errors import TaskNotFound
from relay.nouns.ids import uuid7
from relay.nouns.task import State, Task

RESULT_MS = 14 * 24 * 3600 * 1000  # a result can be asked for so long
SEARCHED_ROWS = 1000  # a task has three or four rows: some 300 tasks, half a megabyte, one read
DIRECT_SECONDS = 20 * 60


def direct_link(services: Services, caller: Caller, url: str, task_id: str | None) -> str:
    """A link that serves the result at `url` without redirect. Raises TaskNotFound where it is not the caller's."""
    find_by_result(services, caller, url, task_id)
    key = key_of(services, url)
    return services.bucket.link(key, DIRECT_SECONDS) if key else url


def with_bytes(services: Services, task: Task, most: int) -> Task:
    """The task with the bytes of its results, if all are in our bucket and have at most `most` bytes together."""
    if task.state is not State.SUCCEEDED or any(asset.key is None for asset in task.results):
        return task
    held = dict[str, bytes]()
    for asset in task.results:
        try:
            body = services.bucket.read(asset.key or "", most - sum(map(len, held.values()))).body
        except LookupError:  # its days are over
            body = None
        if body is None:
            return task
        held[asset.key or ""] = body
    return replace(task, assets=tuple(replace(asset, data=held.get(asset.key or "")) for asset in task.assets))


def find_by_result(services: Services, caller: Caller, url: str, task_id: str | None) -> Task:
    """The caller's succeeded task that has a result at `url`. Raises TaskNotFound.

    A link of ours names its task. For an upstream's URL without `task_id` only the newest SEARCHED_ROWS are searched.
    """
    key = key_of(services, url)
    oldest = services.clock() - RESULT_MS
    if task_id is None and key is not None:
        task_id = task_id_of(key)
        if task_id is None:
            raise TaskNotFound
    if task_id is not None:
        task = services.store.tasks.get(caller.account_id, task_id)
        candidates = iter([task] if task and task.created_at >= oldest else [])
    else:
        candidates = services.store.tasks.since(caller.account_id, uuid7(oldest, 0), SEARCHED_ROWS)
    for task in candidates:
        if (
            task.state is State.SUCCEEDED
            and not task.hidden
            and task.dialect == caller.dialect
            and any(url == asset.url or (key and key == asset.key) for asset in task.assets)
        ):
            return task
    raise TaskNotFound
