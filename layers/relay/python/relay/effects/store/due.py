"""The due index: which task or other duty is to be looked at, and what the clock must know of it to take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.nouns.task import Delivery, State

DUE_INDEX = "due"
DUTY_PREFIX = "#"  # of the sort keys of rows that are no tasks
SUBSCRIPTION = "#subscription"  # sort key of the row of an account's subscription
CHECKOUT = "#checkout#"  # before the id of something that is to be paid by card


@dataclass(frozen=True, slots=True)
class Due:
    """A task whose time has come, as the due index tells it."""

    account_id: str
    task_id: str
    due_at: int
    state: State
    expires_at: int
    polls: int
    sending: bool
    upstream: str | None
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of the tasks table that is no task, and whose time has come; its sort key says what is due."""

    account_id: str
    task_id: str
    due_at: int


def read_due(row: dict[str, Any]) -> Due | Duty:
    if row["task_id"].startswith(DUTY_PREFIX):
        return Duty(row["account_id"], row["task_id"], row["due_at"])
    return Due(
        row["account_id"],
        row["task_id"],
        row["due_at"],
        State(row["state"]),
        row["expires_at"],
        row["polls"],
        row["sending"],
        row.get("upstream"),
        Delivery(row["delivery"]),
    )
