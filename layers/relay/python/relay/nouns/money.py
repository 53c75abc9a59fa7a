"""Money: the ledger entries of a task's transitions. Amounts are integer nanos (10^-9 of the currency), never floats.

Entries are only added, and keyed by task and kind, so that writing one twice fails on its key. An account's balance is
always the sum of its entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from relay.nouns.draft import KINDS, Kind
from relay.nouns.task import State, Task
from relay.nouns.usage import Calls, Usage

NANOS = 10**9
NANOS_PER_CENT = 10**7


class EntryKind(StrEnum):
    TOPUP = "topup"  # money in
    DEBIT = "debit"  # money out by an operator, with a reason
    SUBSCRIPTION = "subscription"  # the price of a plan for one period; the reference is the invoice's id
    RESERVE = "reserve"  # a task's price, taken at submit
    CAPTURE = "capture"  # the reserved price became revenue; amount 0
    RELEASE = "release"  # the reserved price went back, or its part for results that were not made


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's ledger. `amount` is nanos, negative when it leaves the account; `at` is Unix ms.

    `reference` is the task's id, an invoice's, or what an operator calls a payment, by default a new UUIDv7.
    `reason` is the operator's, for a debit. `tokens` are those counted against the month, negative when they go back.
    """

    account_id: str
    reference: str
    kind: EntryKind
    amount: int
    at: int
    platform: str = ""
    task_kind: str = ""
    reason: str = ""
    tokens: int = 0

    @property
    def consumption(self) -> bool:
        """Whether a statement lists it: charges of tasks and their refunds."""
        return self.kind in (EntryKind.RESERVE, EntryKind.RELEASE)


def reserve(task: Task) -> Entry:
    return _of_task(task, EntryKind.RESERVE, -task.price, task.charged_at, task.tokens)


def settle(before: Task, after: Task) -> tuple[Entry, ...]:
    """The entries a transition owes: none on the way, nor of what was not charged yet; release on any end but success;
    on success capture, and the release of what was paid for and not made or used."""
    if before.terminal or not after.terminal or before.state is State.ASKING:
        return ()
    at = ended_at(after)
    if after.state is not State.SUCCEEDED:
        return (_of_task(after, EntryKind.RELEASE, after.price, at, -before.tokens),)
    capture = _of_task(after, EntryKind.CAPTURE, 0, at, after.tokens - before.tokens)
    rest = after.price - _earned(after)
    return (capture, _of_task(after, EntryKind.RELEASE, rest, at)) if rest else (capture,)


def _earned(task: Task) -> int:
    """What of its price a success has earned, never more: a picture counts when it was made, any other unit when the
    upstream says that it was used."""
    units = len(task.results) if task.kind is Kind.IMAGE else task.used
    return task.price if not task.unit_price or units is None else min(task.price, units * task.unit_price)


def ended_at(task: Task) -> int:
    return task.completed_at or task.created_at


def usage_of(task: Task) -> Usage:
    """What an ended task adds to the usage of its key. A task that waited for its client took from its answer on."""
    made = task.state is State.SUCCEEDED
    cost, tokens = (_earned(task), task.tokens) if made else (0, 0)
    if KINDS[task.kind].metered:
        calls = task.calls or Calls()  # a killed process told none
        return Usage(calls.requests, calls.ok, tokens, cost, calls.ms)
    took = (task.completed_at or task.charged_at) - task.charged_at
    return Usage(1, int(made), tokens, cost, max(0, took))


def _of_task(task: Task, kind: EntryKind, amount: int, at: int, tokens: int = 0) -> Entry:
    of = task.platform, task.kind.value
    return Entry(task.account_id, task.task_id, kind, amount, at, *of, tokens=tokens)


def nanos(amount: Decimal | str | int) -> int:
    """Currency units to nanos, half up below a nano."""
    return int((Decimal(amount) * NANOS).quantize(Decimal(1), ROUND_HALF_UP))


def cents(amount: int) -> int:
    """Nanos to whole cents, half up (away from zero), for wires that speak cents."""
    return int((Decimal(amount) / NANOS_PER_CENT).quantize(Decimal(1), ROUND_HALF_UP))
