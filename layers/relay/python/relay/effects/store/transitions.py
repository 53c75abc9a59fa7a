"""Committing what becomes of a task: its state, the money it moves and what its outcome says, in one write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from relay.effects.store.booking import Booking
from relay.effects.store.codec import Expression, pack, task_values, write_facts
from relay.effects.store.jobs import JobTaken
from relay.effects.store.table import LostRace, Tables
from relay.nouns.money import Entry
from relay.nouns.task import Task
from relay.nouns.wire import Json


@dataclass(frozen=True, slots=True)
class Transitions:
    tables: Tables
    shards: int
    booking: Booking

    def row(self, task: Task) -> dict[str, Any]:
        """The hot row as DynamoDB keeps it: in the due index exactly when it has a `due_at`."""
        return {name: pack(value) for name, value in self._values(task).items()}

    def _values(self, task: Task) -> dict[str, object]:
        values = task_values(task)
        if task.due_at is not None:
            values["due_shard"] = self.shard(task.task_id)
        return values

    def shard(self, task_id: str) -> int:
        return crc32(task_id.encode()) % self.shards

    def save(
        self,
        before: Task,
        after: Task,
        entries: tuple[Entry, ...] = (),
        facts: Mapping[str, Json] | None = None,
        binding: dict[str, Any] | None = None,
    ) -> bool:
        """Commit a transition with the money it moves and what its outcome says, if `before` is still the truth; False
        where it is not. `binding` is the update of the directory that makes its job this task's alone. Raises JobTaken
        where it is another's."""
        change = self.change(before, after)
        beside = [self._put_facts(after, facts)] if facts else []
        beside += [{"Update": binding}] if binding else []
        try:
            if entries:
                self._settle({"Update": change}, after, entries, beside)
            elif beside:
                self.tables.transact({"Update": change}, *beside)
            else:
                self.tables.update(**change)
        except LostRace as lost:
            if binding and not lost.refused(0) and lost.refused(len(lost.reasons) - 1):
                raise JobTaken from lost
            return False
        return True

    def _put_facts(self, task: Task, facts: Mapping[str, Json]) -> dict[str, Any]:
        """The step that keeps them: an update, which whoever moves a task may make."""
        expression = Expression()
        text = expression.update(put={"facts": write_facts(facts)})
        key = facts_key(task.account_id, task.task_id)
        update = {"TableName": self.tables.tasks, "Key": key, "UpdateExpression": text, **expression.arguments}
        return {"Update": update}

    def _settle(
        self, change: dict[str, Any], after: Task, entries: tuple[Entry, ...], beside: list[dict[str, Any]]
    ) -> None:
        """Raises LostRace where the task has moved on, Contended where only the account row kept doing so."""
        patience = self.tables.patience()
        while True:
            seen, steps = self.booking.settlement(after, entries)
            try:
                self.tables.transact(change, *steps, *beside, patience=patience)
            except LostRace as lost:
                if lost.refused(0) or not lost.refused(1):
                    raise
                self.booking.learn(after.account_id, lost.row(1))
                patience.again(lost)
            else:
                if seen is not None:
                    self.booking.seen[after.account_id] = seen
                return

    def change(self, before: Task, after: Task) -> dict[str, Any]:
        """The update that makes `before`, if it is still the truth, `after`."""
        old, new = self._values(before), self._values(after)
        expression = Expression()
        # the version is checked, not the values: two equal-looking rows may have different histories
        condition = f"{expression.name('version')} = {expression.value(before.version)}"
        text = expression.update(
            put={name: value for name, value in new.items() if value != old.get(name)},
            drop=tuple(name for name in old if name not in new),
        )
        return {
            "TableName": self.tables.tasks,
            "Key": row_key(after.account_id, after.task_id),
            "UpdateExpression": text,
            "ConditionExpression": condition,
            **expression.arguments,
        }


def row_key(account_id: str, task_id: str) -> dict[str, Any]:
    return {"account_id": pack(account_id), "task_id": pack(task_id)}


def facts_key(account_id: str, task_id: str) -> dict[str, Any]:
    """Sorts after the request, so that reading a task with its request does not read what its outcome says."""
    return row_key(account_id, f"{task_id}#result")
