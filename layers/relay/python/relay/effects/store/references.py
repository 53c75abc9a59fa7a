"""Rows that find a task by the reference its client gave it, in the account's own partition.

`#ref#<digest>#<task id>` is one for each task, and found by the dialect that made it; `#ref#<digest>` is there as well
where the reference may be used once only, on one platform of a dialect. Both sort before all tasks. A digest, because
a reference may hold any character and a key 1024 bytes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from relay.effects.store.codec import pack
from relay.effects.store.table import put_if_absent
from relay.nouns.draft import ClientRef
from relay.nouns.errors import InvalidParameter
from relay.nouns.task import Task
from relay.nouns.wire import compact

Steps = tuple[dict[str, Any], ...]


def prefix(dialect: str, reference: str) -> str:
    """What the sort keys of a reference's tasks begin with, before the task's id."""
    return f"{_digest(dialect, reference)}#"


def steps(table: str, task: Task, reference: ClientRef | None) -> Steps:
    """What a creation writes so that the task is found by its reference; the last fails where it counts once and
    another task has it."""
    if reference is None:
        return ()
    once = (_row(table, task, _digest(task.dialect, task.platform, reference.text)),) if reference.once else ()
    return (_row(table, task, prefix(task.dialect, reference.text) + task.task_id), *once)


def taken(reference: ClientRef) -> InvalidParameter:
    return InvalidParameter(reference.field, "is the reference of another task of yours", "已被您的其他任务使用")


def _row(table: str, task: Task, key: str) -> dict[str, Any]:
    return put_if_absent(table, {"account_id": pack(task.account_id), "task_id": pack(key)}, "task_id")


def _digest(*words: str) -> str:
    return f"#ref#{sha256(compact(words)).hexdigest()}"
