"""The tasks table: hot rows, the request beside each, its due index, and what was told to the client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from relay.effects.store.codec import (
    Expression,
    read_draft,
    read_facts,
    read_task,
    unpack,
)
from relay.effects.store.due import DUE_INDEX, Due, Duty, read_due
from relay.effects.store.table import LostRace
from relay.effects.store.transitions import facts_key, row_key
from relay.effects.store.turns import Turns
from relay.nouns.draft import Draft
from relay.nouns.task import TERMINAL, State, Task
from relay.nouns.wire import Json


@dataclass(frozen=True, slots=True)
class Tasks(Turns):
    def get(self, account_id: str, task_id: str) -> Task | None:
        """The task, read consistently: a status query right after a callback must see what it said."""
        if not names_a_task(task_id):
            return None
        found = self.tables.get(TableName=self.tables.tasks, Key=row_key(account_id, task_id), ConsistentRead=True)
        return read_task(found) if found else None

    def with_request(self, account_id: str, task_id: str) -> tuple[Task, Draft] | None:
        """The task and its request in one round trip."""
        found = self.record(account_id, task_id)
        return found[:2] if found else None

    def record(
        self, account_id: str, task_id: str, *, facts: bool = False
    ) -> tuple[Task, Draft, Mapping[str, Json]] | None:
        """The task, its request and, if wanted, what its outcome says, by one query of the rows that lie together."""
        if not names_a_task(task_id):
            return None
        result = f"{task_id}#result"
        expression = Expression()
        where = expression.equals("account_id", account_id)
        between = f"{expression.value(task_id)} AND {expression.value(result if facts else _request(task_id))}"
        items = self.tables.query(
            TableName=self.tables.tasks,
            KeyConditionExpression=f"{where} AND {expression.name('task_id')} BETWEEN {between}",
            ConsistentRead=True,
            **expression.arguments,
        )["Items"]
        rows = {item["task_id"]["S"]: item for item in items}
        if task_id not in rows or _request(task_id) not in rows:
            return None
        said = read_facts(rows[result]["facts"]["B"]) if result in rows else {}
        return read_task(rows[task_id]), read_draft(rows[_request(task_id)]["draft"]["S"]), said

    def request(self, account_id: str, task_id: str) -> Draft | None:
        """What was asked for, without the task."""
        key = row_key(account_id, _request(task_id))
        found = self.tables.get(TableName=self.tables.tasks, Key=key, ConsistentRead=True)
        return read_draft(found["draft"]["S"]) if found else None

    def facts(self, account_id: str, task_id: str) -> Mapping[str, Json]:
        """What a task's outcome says beside its files; empty where it says nothing."""
        found = self.tables.get(TableName=self.tables.tasks, Key=facts_key(account_id, task_id), ConsistentRead=True)
        return read_facts(found["facts"]["B"]) if found else {}

    def due(self, shard: int, until: int, limit: int) -> list[Due | Duty]:
        """At most `limit` tasks and other duties of a shard due by `until` (Unix ms), the longest waiting first."""
        expression = Expression()
        where = f"{expression.equals('due_shard', shard)} AND {expression.name('due_at')} <= {expression.value(until)}"
        items = self.tables.query(
            TableName=self.tables.tasks,
            IndexName=DUE_INDEX,
            KeyConditionExpression=where,
            Limit=limit,
            **expression.arguments,
        )["Items"]
        return [read_due(unpack(item)) for item in items]

    def lease(self, due: Due, next_due: int) -> Task | None:
        """Take a due task for ourselves until `next_due`; None where another worker was faster."""
        expression = Expression()
        condition = expression.equals("due_at", due.due_at)
        try:
            row = self.tables.update(
                TableName=self.tables.tasks,
                Key=row_key(due.account_id, due.task_id),
                UpdateExpression=expression.update(put={"due_at": next_due}, add={"polls": 1}),
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **expression.arguments,
            )
        except LostRace:
            return None
        return read_task(row)

    def lease_duty(self, duty: Duty, next_due: int) -> bool:
        """Take a duty that is no task for ourselves until `next_due`; False where another worker was faster."""
        expression = Expression()
        condition = expression.equals("due_at", duty.due_at)
        try:
            self.tables.update(
                TableName=self.tables.tasks,
                Key=row_key(duty.account_id, duty.task_id),
                UpdateExpression=expression.update(put={"due_at": next_due}),
                ConditionExpression=condition,
                **expression.arguments,
            )
        except LostRace:
            return False
        return True

    def hide(self, task: Task) -> bool:
        """Take an ended task out of its client's view; False where it has not ended."""
        expression = Expression()
        ended = ", ".join(expression.value(state) for state in sorted(TERMINAL))
        return self._put_if(task, expression, f"{expression.name('state')} IN ({ended})", {"hidden": True})

    def note_late(self, task: Task, outcome: State) -> None:
        """Record what an upstream made of a task that had already timed out. Nothing is billed for it."""
        self.save(task, replace(task, late_outcome=outcome.value, version=task.version + 1))

    def fix_event(self, task: Task, body: bytes) -> bytes:
        """Keep the first wording of what the client is told, so that every attempt sends the same bytes."""
        key = row_key(task.account_id, f"{task.task_id}#event")
        try:
            self.tables.put(
                TableName=self.tables.tasks,
                Item=key | {"body": {"B": body}},
                ConditionExpression="attribute_not_exists(task_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except LostRace as lost:
            kept: bytes = lost.row(0)["body"]["B"]
            return kept
        return body

    def since(self, account_id: str, first_id: str, rows: int | None = None) -> Iterator[Task]:
        """An account's tasks created after `first_id` (a UUIDv7), newest first; with `rows`, among so many rows."""
        expression = Expression()
        where = expression.equals("account_id", account_id)
        asked: dict[str, Any] = {
            "TableName": self.tables.tasks,
            "KeyConditionExpression": f"{where} AND {expression.name('task_id')} > {expression.value(first_id)}",
            "FilterExpression": f"attribute_exists({expression.name('state')})",
            "ScanIndexForward": False,
            **expression.arguments,
            **({} if rows is None else {"Limit": rows}),
        }
        while True:
            page = self.tables.query(**asked)
            yield from (read_task(item) for item in page["Items"])
            if rows is not None or "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def names_a_task(text: str) -> bool:
    """Whether a client's text can be a task's id, and not one of the rows kept beside it (`<id>#request`, …)."""
    return len(text) == 36 and set(text) <= _ID_ALPHABET


_ID_ALPHABET = frozenset("0123456789abcdef-")


def _request(task_id: str) -> str:
    return f"{task_id}#request"
