"""Writes to a task's row outside `version`: what only says when something may be done again, or that it was done."""

from __future__ import annotations

from dataclasses import dataclass

from relay.effects.store.codec import Expression, read_task
from relay.effects.store.table import LostRace
from relay.effects.store.transitions import Transitions, row_key
from relay.nouns.task import Delivery, Task


@dataclass(frozen=True, slots=True)
class Turns(Transitions):
    def hasten(self, task: Task, due_at: int) -> bool:
        """Make the clock look at an unfinished task by `due_at`; False where it has ended or sooner is set."""
        expression = Expression()
        condition = f"{expression.name('due_at')} > {expression.value(due_at)}"
        return self._put_if(task, expression, condition, {"due_at": due_at})

    def take_ask_turn(self, task: Task, now: int, until: int) -> bool:
        """Whether a callback may make us ask about this task now; then no other may before `until` (Unix ms)."""
        expression = Expression()
        name = expression.name("next_ask_at")
        condition = f"attribute_not_exists({name}) OR {name} <= {expression.value(now)}"
        return self._put_if(task, expression, condition, {"next_ask_at": until})

    def take_move_turn(self, task: Task, now: int, until: int) -> bool:
        """Whether a move of this task may be announced now; then no other may before `until` (Unix ms) or its claim."""
        expression = Expression()
        condition = f"{expression.name('next_move_at')} <= {expression.value(now)}"
        return self._put_if(task, expression, condition, {"next_move_at": until})

    def claim_move(self, task: Task, turn: int, now: int) -> Task | None:
        """The task as it stands, to be told now by the announcement whose turn ends at `turn`; None where it is not
        wanted any more: another was made, it was told, or the end is owed."""
        expression = Expression()
        waits = expression.equals("delivery", Delivery.WAITING)
        condition = f"{expression.equals('next_move_at', turn)} AND {waits}"
        try:
            row = self.tables.update(
                TableName=self.tables.tasks,
                Key=row_key(task.account_id, task.task_id),
                UpdateExpression=expression.update(put={"next_move_at": now}),
                ConditionExpression=condition,
                ReturnValues="ALL_NEW",
                **expression.arguments,
            )
        except LostRace:
            return None
        return read_task(row)

    def note_once(self, task: Task, name: str, now: int) -> bool:
        """Set an instant of the row that was never set; False where it was."""
        expression = Expression()
        return self._put_if(task, expression, f"attribute_not_exists({expression.name(name)})", {name: now})

    def _put_if(self, task: Task, expression: Expression, condition: str, values: dict[str, object]) -> bool:
        """Set values of a task's row where `condition`, built with `expression`, holds; whether it did."""
        try:
            self.tables.update(
                TableName=self.tables.tasks,
                Key=row_key(task.account_id, task.task_id),
                UpdateExpression=expression.update(put=values),
                ConditionExpression=condition,
                **expression.arguments,
            )
        except LostRace:
            return False
        return True
