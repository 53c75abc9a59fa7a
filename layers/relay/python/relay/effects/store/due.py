"""The due index: which task or subscription is to be looked at, and what the clock must know of it to take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.nouns.task import Delivery, State

DUE_INDEX = "due"
CHECKOUT = "#checkout#"  # sort keys of rows of what is to be paid by card begin so
SUBSCRIPTION = "#subscription"  # sort key of the row of an account's subscription


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


@dataclass(frozen=True, slots=True)
class DueSubscription:
    account_id: str
    due_at: int

    @property
    def task_id(self) -> str:
        return SUBSCRIPTION


def read_due(row: dict[str, Any]) -> Due | DueSubscription:
    if row["task_id"] == SUBSCRIPTION:
        return DueSubscription(row["account_id"], row["due_at"])
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
