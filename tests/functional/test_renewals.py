"""The clock renews subscriptions: one period each time, however late, and what is not covered is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.flow.renewals import renew
from relay.nouns.plans import Status
from tests.axes import table
from tests.functional.harness import harness
from tests.functional.subscribing import BASIC, DAY, PRO, Subscriber
from tests.functional.test_subscriptions import local


@pytest.fixture
def account() -> Iterator[Subscriber]:
    with harness("1000", tier=1) as here:
        yield Subscriber(here)


@pytest.fixture
def poor() -> Iterator[Subscriber]:
    """Its balance covers the first month alone."""
    with harness("72", tier=1) as here:
        poor = Subscriber(here)
        poor.subscribe("basic")
        yield poor


def test_each_period_is_charged_as_it_begins(account: Subscriber) -> None:
    account.subscribe("basic")
    account.pass_days(30.9, step=0.5)
    assert account.charges == [BASIC]
    account.pass_days(64, step=0.5)
    assert account.charges == [BASIC] * 4
    assert [local(invoice.period_start)[:10] for invoice in account.invoices] == [
        "2026-01-01",
        "2026-02-01",
        "2026-03-01",
        "2026-04-01",
    ]
    assert (account.subscription.status, account.tier) == (Status.ACTIVE, 2)
    assert account.agrees()


def test_a_subscription_of_the_31st_renews_on_the_last_day_of_a_shorter_month(account: Subscriber) -> None:
    account.here.wait(30 * DAY)
    account.subscribe("basic")
    account.pass_days(95, step=0.5)
    starts = [local(invoice.period_start)[:10] for invoice in account.invoices]
    assert starts == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


# Days after the end of a period at which the clock looks again, and the period that begins then.
LATE = {"three days": (3, "2026-02-01", "2026-03-01"), "months": (100, "2026-05-12", "2026-06-12")}


@table("late", LATE)
def test_however_late_the_clock_is_one_period_is_charged(late: str) -> None:
    days, start, end = LATE[late]
    with harness("1000", tier=1) as here:
        account = Subscriber(here)
        account.subscribe("basic")
        here.wait((31 + days) * DAY)
        for _ in range(3):
            account.look()
        renewed = account.subscription
        assert account.charges == [BASIC, BASIC]
        assert (local(renewed.period_start)[:10], local(renewed.period_end)[:10]) == (start, end)
        assert account.agrees()


def test_what_is_told_twice_or_too_early_is_done_once(account: Subscriber) -> None:
    account.subscribe("basic")
    renew(account.here.services, "acc1")
    account.here.wait(31 * DAY - 1)
    renew(account.here.services, "acc1")
    assert account.charges == [BASIC]
    account.here.wait(1)
    for _ in range(3):
        renew(account.here.services, "acc1")
    assert account.charges == [BASIC, BASIC]


def test_a_message_that_is_lost_is_sent_again(account: Subscriber) -> None:
    account.subscribe("basic")
    account.here.wait(31 * DAY)
    account.here.tick()
    account.here._drain(account.here.renew_url, lambda message: None)
    account.here.tick()
    assert account.here.pump() == 0
    account.here.wait(301)
    account.look()
    assert account.charges == [BASIC, BASIC]


def test_a_renewal_that_is_not_covered_is_tried_after_one_three_and_five_days_and_then_given_up(
    poor: Subscriber,
) -> None:
    seen = []
    poor.pass_days(31, step=0.5)
    for _ in range(7):
        seen.append((poor.subscription.status.value, poor.subscription.tries, poor.tier))
        poor.pass_days(1, step=0.5)
    late = [("past_due", 1, 2)] + [("past_due", 2, 2)] * 2 + [("past_due", 3, 2)] * 2 + [("expired", 3, 1)] * 2
    assert seen == late
    assert (poor.statuses, poor.charges) == (["paid", "uncollectible"], [BASIC])
    assert poor.subscription.due_at is None
    assert poor.agrees()


def test_money_that_comes_meanwhile_heals_it_at_the_next_try(poor: Subscriber) -> None:
    poor.pass_days(33.5, step=0.5)
    poor.top_up("80", "late")
    assert poor.subscription.status is Status.PAST_DUE
    poor.pass_days(1, step=0.5)
    assert (poor.subscription.status, poor.statuses, poor.charges) == (Status.ACTIVE, ["paid", "paid"], [BASIC, BASIC])
    assert local(poor.subscription.period_start)[:10] == "2026-02-01"  # the days it had anyway are not given twice
    assert poor.agrees()


def test_subscribing_again_pays_at_once_what_is_past_due(poor: Subscriber) -> None:
    poor.pass_days(32, step=0.5)
    poor.top_up("80", "late")
    healed = poor.subscribe("basic")
    assert healed.subscription.status is Status.ACTIVE
    assert healed.invoice is not None
    assert (healed.invoice.number, poor.charges) == (2, [BASIC, BASIC])
    assert poor.agrees()


def test_another_plan_takes_the_place_of_what_is_past_due(poor: Subscriber) -> None:
    poor.pass_days(32, step=0.5)
    poor.top_up("300", "late")
    poor.subscribe("pro")
    assert (poor.statuses, poor.charges, poor.tier) == (["paid", "void", "paid"], [BASIC, PRO], 3)
    assert poor.agrees()


def test_cancelling_what_is_past_due_ends_it(poor: Subscriber) -> None:
    poor.pass_days(32, step=0.5)
    assert poor.cancel().status is Status.CANCELLED
    assert (poor.statuses, poor.tier) == (["paid", "void"], 1)
    assert poor.agrees()


def test_a_frozen_account_is_not_renewed(account: Subscriber) -> None:
    account.subscribe("basic")
    account.freeze()
    account.pass_days(32)
    assert (account.subscription.status, account.charges, account.tier) == (Status.EXPIRED, [BASIC], 1)


def test_an_account_frozen_while_past_due_expires(poor: Subscriber) -> None:
    poor.pass_days(31.5, step=0.5)
    poor.freeze()
    poor.pass_days(1)
    assert (poor.subscription.status, poor.statuses) == (Status.EXPIRED, ["paid", "uncollectible"])


def test_a_plan_that_is_sold_no_more_ends(account: Subscriber) -> None:
    account.subscribe("basic")
    what = account.here.services.catalog
    left = {name: plan for name, plan in what.plans.items() if name != "basic"}
    account.here.services = replace(account.here.services, catalog=replace(what, plans=left))
    account.pass_days(32)
    assert (account.subscription.status, account.charges) == (Status.EXPIRED, [BASIC])


def test_one_accounts_subscription_does_not_keep_the_clock_from_tasks(account: Subscriber) -> None:
    account.subscribe("basic")
    account.here.wait(31 * DAY)
    task_id = account.here.submit_image()
    account.here.run(60)
    assert account.charges == [BASIC, BASIC]
    assert account.here.task(task_id).upstream_task_id


def test_a_renewal_that_was_opened_before_a_long_silence_is_for_the_period_that_begins_then(poor: Subscriber) -> None:
    poor.pass_days(31, step=31)
    poor.top_up("500", "late")
    poor.here.wait(40 * DAY)
    for _ in range(3):
        poor.look()
    assert poor.charges == [BASIC, BASIC]
    assert poor.subscription.period_start == poor.here.now[0]
    assert poor.agrees()
