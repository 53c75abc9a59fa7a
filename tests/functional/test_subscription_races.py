"""Two who change a subscription at the same instant: one wins, the other sees what it made and goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product

from relay.flow.renewals import renew
from relay.flow.settling import settle
from tests.axes import table
from tests.functional.harness import harness
from tests.functional.subscribing import BASIC, DAY, Subscriber, overtaken

ACTS: dict[str, Callable[[Subscriber], object]] = {
    "upgrade": lambda one: one.subscribe("pro"),
    "cancel": lambda one: one.cancel(),
    "renewal": lambda one: renew(one.here.services, "acc1"),
    "webhook": lambda one: settle(one.here.services, "acc1", one.subscription.invoices),
}
PAIRS = tuple(product(ACTS, repeat=2))


@cache
def one_after_the_other(first: str, second: str) -> tuple[object, ...]:
    with due() as one:
        ACTS[first](one)
        ACTS[second](one)
        return stands(one)


def at_once(slow: str, faster: str) -> tuple[object, ...]:
    with due() as one:
        ACTS[slow](overtaken(one.here, lambda: ACTS[faster](one)))
        return stands(one)


@contextmanager
def due() -> Iterator[Subscriber]:
    """An account whose subscription is due."""
    with harness("1000", tier=1) as here:
        one = Subscriber(here)
        one.subscribe("basic")
        here.wait(31 * DAY)
        yield one


def stands(one: Subscriber) -> tuple[object, ...]:
    found = one.subscription
    told = (
        found.status,
        found.plan_id,
        found.next_plan,
        found.cancel_at_period_end,
        found.period_start,
        found.period_end,
    )
    assert one.agrees()
    return (*told, one.charges, one.statuses, one.tier)


@table("pair", PAIRS)
def test_what_two_do_at_once_ends_as_if_one_had_done_it_after_the_other(pair: tuple[str, str]) -> None:
    slow, faster = pair
    assert at_once(slow, faster) in (one_after_the_other(faster, slow), one_after_the_other(slow, faster))


def test_two_who_subscribe_at_once_for_the_first_time_pay_once() -> None:
    with harness("1000", tier=1) as here:
        one = Subscriber(here)
        told = overtaken(here, lambda: one.subscribe("basic")).subscribe("basic")
        assert (told.subscription, one.charges) == (one.subscription, [BASIC])
        assert one.agrees()
