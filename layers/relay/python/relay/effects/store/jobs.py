"""Which of our tasks an upstream's job belongs to: a row of the directory, found by the upstream and the job's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.directory import HOUR, KEY_CHARACTERS
from relay.effects.store.table import LostRace, Tables

JOB_DAYS = 30  # an upstream's job stays bound to its task: longer than any upstream keeps results


class JobTaken(Exception):
    """The upstream's job is another task's."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """A task is written here as `<account>.<task>`."""

    tables: Tables

    def bind(self, upstream: str, job: str, task: str, now: int) -> bool:
        """Bind an upstream's job to a task; False where it is bound to another one."""
        try:
            self.tables.update(**self.binding(upstream, job, task, now))
        except LostRace:
            return False
        return True

    def binding(self, upstream: str, job: str, task: str, now: int) -> dict[str, Any]:
        """The update that does it, for a transaction."""
        expression = Expression()
        owner = expression.name("task")
        free = f"attribute_not_exists({owner}) OR {owner} = {expression.value(task)}"
        return {
            "TableName": self.tables.directory,
            "Key": _key(upstream, job),
            "UpdateExpression": expression.update(put={"task": task, "ttl": now // 1000 + JOB_DAYS * 24 * HOUR}),
            "ConditionExpression": free,
            **expression.arguments,
        }

    def owner(self, upstream: str, job: str) -> str | None:
        """The task a job is bound to."""
        found = self.tables.get(TableName=self.tables.directory, Key=_key(upstream, job), ConsistentRead=True)
        return str(unpack(found)["task"]) if found else None


def _key(upstream: str, job: str) -> dict[str, Any]:
    return {"lookup": pack(f"job#{upstream}#{job[:KEY_CHARACTERS]}")}
