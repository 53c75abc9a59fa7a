"""What is owed to an account's further hooks, a row each, and what was given up: deliveries that are dead.

A further hook's row is its task's, cut down to its delivery, in the partition `<account>#hooks`, as `<task>#<number>`:
the clock and the deliver worker take it as they take a task's, and no list of the account's tasks meets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from relay.effects.store.codec import Expression, read_task
from relay.effects.store.table import LostRace, Tables
from relay.effects.store.tasks import Tasks
from relay.nouns.task import Delivery, Task

HOOKS = "#hooks"


def split(account_id: str, task_id: str) -> tuple[str, str, int]:
    """The account and the task that a delivery is about, and the number of its hook, from 1."""
    told, _, number = task_id.partition("#")
    return account_id.removesuffix(HOOKS), told, int(number or 1)


@dataclass(frozen=True, slots=True)
class Deliveries:
    tables: Tables
    tasks: Tasks

    def owe(self, task: Task, number: int, due_at: int) -> Task | None:
        """What is owed to the hook of this number, as a row of its own; None where there is one already."""
        row = replace(
            task,
            account_id=task.account_id + HOOKS,
            task_id=f"{task.task_id}#{number}",
            version=0,
            delivery=Delivery.OWED,
            deliveries=0,
            attempts=(),
            due_at=due_at,
            assets=(),
            client_ref="",
        )
        try:
            self.tables.put(
                TableName=self.tables.tasks,
                Item=self.tasks.row(row),
                ConditionExpression="attribute_not_exists(task_id)",
            )
        except LostRace:
            return None
        return row

    def find(self, account_id: str, task_id: str) -> Task | None:
        """The row that holds a delivery: a task's own, or that of a further hook."""
        e = Expression()
        where = f"{e.equals('account_id', account_id)} AND {e.equals('task_id', task_id)}"
        found = self._rows(where, e)
        return next(found, None)

    def dead(self, account_id: str) -> Iterator[Task]:
        """The account's deliveries that were given up: the tasks' own, then those of further hooks, each newest first.

        It reads all of the account's rows.
        """
        for partition in (account_id, account_id + HOOKS):
            e = Expression()
            where, dead = e.equals("account_id", partition), e.equals("delivery", Delivery.DEAD)
            yield from self._rows(where, e, FilterExpression=dead, ScanIndexForward=False)

    def _rows(self, where: str, e: Expression, **how: Any) -> Iterator[Task]:  # noqa: ANN401 - the SDK's own arguments
        asked = {"TableName": self.tables.tasks, "KeyConditionExpression": where, "ConsistentRead": True, **how}
        while True:
            answer = self.tables.query(**asked, **e.arguments)
            yield from (read_task(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
