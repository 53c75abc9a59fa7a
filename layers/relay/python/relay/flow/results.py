"""Finding a task by one of its results."""

from __future__ import annotations

from relay.flow.access import Caller
from relay.flow.links import key_of, task_id_of
from relay.flow.services import Services
from relay.nouns.errors import TaskNotFound
from relay.nouns.task import State, Task, uuid7

RESULT_MS = 14 * 24 * 3600 * 1000  # ms a result can be asked for again: as long as KIE keeps its own
SEARCHED_ROWS = 1000  # rows, three or four for each task: half a megabyte, one read
DIRECT_SECONDS = 20 * 60  # as long as KIE's own direct links work


def direct_link(services: Services, caller: Caller, url: str, task_id: str | None) -> str:
    """A link to the result at `url` to read with one GET. Raises TaskNotFound where it is not the caller's."""
    find_by_result(services, caller, url, task_id)
    key = key_of(services, url)
    return services.bucket.link(key, DIRECT_SECONDS) if key else url


def find_by_result(services: Services, caller: Caller, url: str, task_id: str | None) -> Task:
    """The caller's succeeded task that made `url`, or what a link of ours leads to.

    A link of ours names its task; for any other the newest tasks alone are searched, unless `task_id` says which.
    Raises TaskNotFound.
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
        if task.state is State.SUCCEEDED and any(
            url == asset.url or (key and key == asset.key) for asset in task.assets
        ):
            return task
    raise TaskNotFound
