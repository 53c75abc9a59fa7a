"""The due index: which task is to be looked at, and what the clock must know of it to take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.nouns.task import Delivery, State

DUE_INDEX = "due"
CHECKOUT = "#checkout#"  # sort keys of rows of what is to be paid by card begin so


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
class DueCheckout:
    account_id: str
    checkout_id: str
    due_at: int


def read_due(row: dict[str, Any]) -> Due:
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
