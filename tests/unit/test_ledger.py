"""Money: which entries a move writes, and sums that never lose a nano."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.nouns.draft import Kind
from relay.nouns.ids import uuid7
from relay.nouns.life import advance
from relay.nouns.money import NANOS, NANOS_PER_CENT, EntryKind, cents, nanos, reserve, settle
from relay.nouns.task import TERMINAL, Asset, Observation, State, Task
from tests.axes import table

NOW = 1_767_225_630_000
TASK = Task("acc1", uuid7(NOW, 0), "aistudio", "kling", Kind.IMAGE, "kling-image", 200, NOW, NOW + 900_000)
OPEN = sorted(set(State) - TERMINAL)


def test_a_charge_is_taken_at_submit() -> None:
    entry = reserve(TASK)

    assert (entry.kind, entry.amount, entry.at) == (EntryKind.RESERVE, -200, NOW)
    assert (entry.account_id, entry.reference) == ("acc1", TASK.task_id)
    assert (entry.platform, entry.task_kind) == ("kling", "image")


@pytest.mark.parametrize(
    ("end", "kind", "amount"),
    [
        (State.SUCCEEDED, EntryKind.CAPTURE, 0),
        (State.FAILED, EntryKind.RELEASE, 200),
        (State.CANCELLED, EntryKind.RELEASE, 200),
        (State.TIMEOUT, EntryKind.RELEASE, 200),
    ],
)
def test_an_end_settles_the_charge(end: State, kind: EntryKind, amount: int) -> None:
    ended = replace(TASK, state=end, completed_at=NOW + 9)
    for before in (state for state in OPEN if state is not State.ASKING):
        (entry,) = settle(replace(TASK, state=before), ended)
        assert (entry.kind, entry.amount, entry.at) == (kind, amount, NOW + 9), before


def test_what_was_never_answered_was_never_charged() -> None:
    asking = replace(TASK, state=State.ASKING, price=0)

    assert [end for end in TERMINAL if settle(asking, replace(asking, state=end, completed_at=NOW))] == []


def settling(states: Iterable[State]) -> list[tuple[State, State]]:
    """The moves among these states that write an entry."""
    return [
        (before, after)
        for before, after in product(states, repeat=2)
        if settle(replace(TASK, state=before), replace(TASK, state=after))
    ]


def test_on_the_way_nothing_is_settled() -> None:
    assert settling(OPEN) == []


def test_what_was_settled_is_not_settled_again() -> None:
    assert settling(sorted(TERMINAL)) == []


@given(st.integers(0, 10**15))
def test_a_charge_and_its_release_make_nothing(price: int) -> None:
    task = replace(TASK, price=price)
    (release,) = settle(task, replace(task, state=State.FAILED))

    assert reserve(task).amount + release.amount == 0


@given(unit_price=st.integers(1, 10**12), paid=st.integers(1, 10), made=st.integers(1, 10))
def test_what_is_kept_of_a_charge_is_the_price_of_what_was_made(unit_price: int, paid: int, made: int) -> None:
    task = replace(TASK, price=unit_price * paid, most=paid, unit_price=unit_price)
    ended = advance(task, Observation(State.SUCCEEDED, assets=(Asset("https://a.example"),) * made), NOW, "poll")
    assert ended is not None

    entries = settle(task, ended)

    assert -(reserve(task).amount + sum(entry.amount for entry in entries)) == unit_price * min(paid, made)
    assert len({entry.kind for entry in entries}) == len(entries)  # the ledger has one row for each kind


@given(
    kind=st.sampled_from(sorted(set(Kind) - {Kind.IMAGE})),
    unit_price=st.integers(0, 10**12),
    units=st.integers(1, 60),
    usage=st.none() | st.integers(-5, 100),
)
def test_what_was_used_is_what_is_paid_for_and_never_more_than_was_reserved(
    kind: Kind, unit_price: int, units: int, usage: int | None
) -> None:
    task = replace(TASK, kind=kind, price=unit_price * units, unit_price=unit_price)
    file = Asset("https://a.example")
    ended = advance(task, Observation(State.SUCCEEDED, assets=(file,), usage=usage), NOW, "poll")
    assert ended is not None

    spent = -(reserve(task).amount + sum(entry.amount for entry in settle(task, ended)))

    assert spent == (task.price if usage is None else unit_price * min(units, max(0, usage)))


def test_a_call_costs_what_it_costs_whatever_it_used() -> None:
    ended = replace(TASK, state=State.SUCCEEDED, used=0, kind=Kind.MUSIC)

    assert [entry.amount for entry in settle(TASK, ended)] == [0]


@table(
    "amount, expected",
    [
        *(("1", NANOS), ("0", 0), ("0.20", 200_000_000), ("100.01", 100_010_000_000), (7, 7 * NANOS)),
        *(
            ("0.0000000014", 1),
            ("0.0000000015", 2),
            ("0.0000000005", 1),
            ("0.00000000049", 0),
            ("-1.5", -1_500_000_000),
        ),
        *((Decimal("0.03") * Decimal("7.20"), 216_000_000), (Decimal(1) / Decimal(3), 333_333_333)),
    ],
)
def test_an_amount_in_nanos_is_rounded_half_up(amount: Decimal | str | int, expected: int) -> None:
    assert nanos(amount) == expected


@table(
    "amount, expected",
    [
        *((0, 0), (NANOS, 100), (NANOS_PER_CENT, 1), (NANOS_PER_CENT - 1, 1), (NANOS_PER_CENT // 2, 1)),
        *((NANOS_PER_CENT // 2 - 1, 0), (-NANOS_PER_CENT // 2, -1), (-NANOS_PER_CENT // 2 + 1, 0), (216_000_000, 22)),
        (10**24, 10**17),
    ],
)
def test_cents_are_rounded_half_away_from_zero(amount: int, expected: int) -> None:
    assert cents(amount) == expected


@given(st.integers(-(10**18), 10**18))
def test_whole_cents_survive_the_way_through_nanos(amount: int) -> None:
    assert cents(amount * NANOS_PER_CENT) == amount


@given(st.integers(-(10**20), 10**20))
def test_a_refund_is_the_exact_negative_of_its_charge_in_cents(amount: int) -> None:
    assert cents(-amount) == -cents(amount)


@given(st.decimals(0, 10**9, places=9))
def test_nanos_hold_nine_decimals_exactly(amount: Decimal) -> None:
    assert Decimal(nanos(amount)) / NANOS == amount
