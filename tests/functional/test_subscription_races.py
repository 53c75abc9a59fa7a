"""Two who change a subscription at the same instant: one wins, the other sees what it made and goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product
from typing import Any

import pytest
from botocore.exceptions import ClientError

from relay.flow.renewals import renew
from relay.flow.settling import settle
from relay.nouns.errors import Contended
from relay.nouns.plans import Status
from tests.axes import table
from tests.functional.contended_tables import client_error, contend, transaction_cancelled
from tests.functional.harness import harness
from tests.functional.subscribing import BASIC, DAY, Subscriber, overtaken

ClientErrors = list[Callable[[Any], ClientError]]
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


# What DynamoDB says in whose way a transaction was, and whether it was applied all the same.
CROWDS: dict[str, tuple[ClientErrors, bool]] = {
    "others change the account": ([transaction_cancelled("TransactionConflict")] * 3, False),
    "the table is throttled": ([client_error("ThrottlingException")] * 3, False),
    "the answer is lost": ([client_error("TransactionInProgressException")], True),
}


@table("crowd", CROWDS)
def test_what_stands_in_the_way_for_a_moment_charges_once(crowd: str) -> None:
    errors, through = CROWDS[crowd]
    with harness("1000", tier=1) as here:
        contend(here, [], errors=list(errors), through=through)
        one = Subscriber(here)
        assert one.subscribe("basic").subscription.status is Status.ACTIVE
        assert one.charges == [BASIC]
        assert one.agrees()


def test_what_stands_in_the_way_for_long_is_a_429_and_charges_nothing() -> None:
    with harness("1000", tier=1) as here:
        contend(here, [], errors=[transaction_cancelled("TransactionConflict")] * 50)
        one = Subscriber(here)
        with pytest.raises(Contended) as told:
            one.subscribe("basic")
        assert (told.value.status, one.charges, one.invoices, one.tier) == (429, [], [], 1)
