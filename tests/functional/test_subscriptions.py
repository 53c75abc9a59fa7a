"""Subscribing from the balance: charged once, at once; changed and cancelled without losing what was paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from relay.flow.plans import plan_of
from relay.flow.subscriptions import cancel, shown
from relay.nouns.errors import AccountFrozen, InsufficientBalance, InvalidParameter, NotFound, RelayError
from relay.nouns.plans import Status, a_month_after
from tests.axes import table
from tests.functional.harness import START, harness
from tests.functional.subscribing import BASIC, DAY, ENTERPRISE, PRO, Subscriber


@pytest.fixture
def account() -> Iterator[Subscriber]:
    with harness("1000", tier=1) as here:
        yield Subscriber(here)


def local(at: int) -> str:
    """The day and the time at the catalog's offset, +8."""
    return datetime.fromtimestamp(at / 1000 + 8 * 3600, UTC).strftime("%Y-%m-%d %H:%M")


def test_a_subscription_is_charged_once_and_gives_its_tier(account: Subscriber) -> None:
    balance = account.here.balance
    made, again = account.subscribe("basic"), account.subscribe("basic")
    assert made.subscription == again.subscription == account.subscription
    assert (made.subscription.status, account.tier) == (Status.ACTIVE, 2)
    period = made.subscription.period_start, made.subscription.period_end
    assert tuple(map(local, period)) == ("2026-01-01 08:00", "2026-02-01 08:00")
    assert (account.charges, account.statuses, account.here.balance) == ([BASIC], ["paid"], balance - BASIC)
    assert account.agrees()


def _a_frozen_one(account: Subscriber) -> None:
    account.freeze()
    account.subscribe("basic")


def _another_ones(account: Subscriber) -> None:
    cancel(account.here.services, account.here.account_id, "sub_0000000000000000")


REFUSED: dict[str, tuple[Callable[[Subscriber], object], type[RelayError]]] = {
    "too small a balance": (lambda account: account.subscribe("enterprise"), InsufficientBalance),
    "no such plan": (lambda account: account.subscribe("gold"), InvalidParameter),
    "no such way to pay": (lambda account: account.subscribe("basic", "pigeon"), InvalidParameter),
    "a frozen account": (_a_frozen_one, AccountFrozen),
    "a subscription that is not there": (_another_ones, NotFound),
}


@table("why", REFUSED)
def test_what_is_refused_leaves_nothing_half_made(why: str) -> None:
    ask, error = REFUSED[why]
    with harness("500", tier=1) as here:
        account = Subscriber(here)
        balance = here.balance
        with pytest.raises(error):
            ask(account)
        assert here.services.store.subscriptions.get(here.account_id) is None
        assert (account.invoices, here.balance, account.tier) == ([], balance, 1)


def test_an_upgrade_begins_at_once_and_takes_off_what_was_paid_and_not_used(account: Subscriber) -> None:
    account.subscribe("basic")
    account.here.wait(10 * DAY + 0.001)
    before = account.subscription
    upgraded = account.subscribe("pro").subscription
    left = BASIC * (before.period_end - account.here.now[0]) // (before.period_end - before.period_start)
    assert account.charges == [BASIC, PRO - left]
    assert [item.amount for item in account.invoices[1].items] == [PRO, -left]
    assert (upgraded.plan_id, account.tier, upgraded.subscription_id) == ("pro", 3, before.subscription_id)
    assert (upgraded.period_start, local(upgraded.period_end)) == (account.here.now[0], "2026-02-11 08:00")
    assert account.agrees()


def test_an_upgrade_of_an_upgrade_takes_off_what_the_plan_is_worth_and_not_what_it_cost_after_the_first(
    account: Subscriber,
) -> None:
    account.subscribe("basic")
    account.subscribe("pro")
    account.subscribe("enterprise")
    assert account.charges == [BASIC, PRO - BASIC, ENTERPRISE - PRO]
    assert account.agrees()


def test_an_upgrade_that_the_balance_does_not_cover_keeps_the_plan(account: Subscriber) -> None:
    account.subscribe("pro")
    account.here.services.store.accounts.debit("acc1", "out", 500 * 10**9, START, "elsewhere")
    before = account.subscription
    with pytest.raises(InsufficientBalance):
        account.subscribe("enterprise")
    assert (account.subscription, account.statuses, account.tier) == (before, ["paid"], 3)


def test_a_downgrade_waits_for_the_end_of_the_period(account: Subscriber) -> None:
    account.subscribe("pro")
    account.subscribe("basic")
    account.pass_days(30)
    assert (account.subscription.plan_id, account.tier, account.charges) == ("pro", 3, [PRO])
    account.pass_days(1.1, step=0.1)
    assert (account.subscription.plan_id, account.tier, account.charges) == ("basic", 2, [PRO, BASIC])
    assert account.agrees()


def test_a_downgrade_is_taken_back_by_asking_for_the_present_plan(account: Subscriber) -> None:
    account.subscribe("pro")
    account.subscribe("free")
    account.subscribe("pro")
    account.pass_days(32)
    assert (account.subscription.plan_id, account.charges) == ("pro", [PRO, PRO])


def test_a_downgrade_that_would_not_renew_is_refused_for_what_it_is(account: Subscriber) -> None:
    account.subscribe("pro")
    with pytest.raises(InvalidParameter) as refused:
        account.subscribe("basic", auto_renew=False)
    assert refused.value.field == "auto_renew"


@pytest.mark.parametrize("by", ["cancel", "auto_renew"])
def test_what_is_cancelled_lasts_until_its_period_ends(account: Subscriber, by: str) -> None:
    account.subscribe("basic")
    done = account.cancel() if by == "cancel" else account.subscribe("basic", auto_renew=False).subscription
    assert (done.status, done.cancel_at_period_end, account.tier) == (Status.ACTIVE, True, 2)
    account.pass_days(32)
    assert (account.subscription.status, account.tier, account.charges) == (Status.CANCELLED, 1, [BASIC])
    assert account.subscription.due_at is None
    assert account.cancel() == account.subscription  # cancelled again, it stays as it is


def test_who_subscribes_again_before_the_end_goes_on_and_pays_nothing_then(account: Subscriber) -> None:
    account.subscribe("basic")
    account.cancel()
    account.here.wait(5 * DAY)
    account.subscribe("basic")
    assert account.charges == [BASIC]
    account.pass_days(27)
    assert (account.subscription.status, account.charges) == (Status.ACTIVE, [BASIC, BASIC])


def test_who_subscribes_again_after_the_end_has_a_new_subscription(account: Subscriber) -> None:
    first = account.subscribe("basic").subscription
    account.cancel()
    account.pass_days(40)
    second = account.subscribe("basic").subscription
    assert first.subscription_id != second.subscription_id
    assert (second.period_start, account.tier) == (account.here.now[0], 2)
    assert [invoice.number for invoice in account.invoices] == [1, 2]
    assert account.agrees()


def test_the_free_plan_costs_nothing_and_makes_no_invoice(account: Subscriber) -> None:
    balance = account.here.balance
    assert account.subscribe("free").subscription.due_at is None
    account.pass_days(70, step=10)
    (seen,) = shown(account.here.services, "acc1")
    assert local(seen.period_start) == "2026-03-01 08:00"  # its months go on
    assert (account.invoices, account.here.balance, account.tier) == ([], balance, 1)
    assert account.subscribe("basic").subscription.plan_id == "basic"
    assert account.charges == [BASIC]
    assert account.agrees()


def test_a_free_plan_that_is_cancelled_ends_at_once(account: Subscriber) -> None:
    account.subscribe("free")
    assert account.cancel().status is Status.CANCELLED


def test_an_account_has_the_plan_it_pays_for_or_else_that_of_its_tier(account: Subscriber) -> None:
    here = account.here
    assert plan_of(here.services, "acc1").plan_id == "free"
    here.services.store.accounts.change("acc1", tier=3)
    assert plan_of(here.services, "acc1").plan_id == "pro"
    account.subscribe("basic")
    assert plan_of(here.services, "acc1").plan_id == "basic"


@table("day", (28, 29, 30, 31))
def test_a_month_ends_on_its_last_day_where_it_is_shorter_and_the_day_comes_back(day: int) -> None:
    at = int(datetime(2028, 1, day, 15, 59, tzinfo=UTC).timestamp() * 1000)  # 23:59 at +8
    ends = []
    for _ in range(3):
        at = a_month_after(at, day, 8)
        ends.append(local(at))
    assert ends == [f"2028-02-{min(day, 29)} 23:59", f"2028-03-{day} 23:59", f"2028-04-{min(day, 30)} 23:59"]


def test_a_subscription_is_no_task(account: Subscriber) -> None:
    """It lies among the account's tasks, for the clock: nobody else may meet it."""
    account.subscribe("basic")
    task_id, store = account.here.submit_image(), account.here.services.store
    assert [task.task_id for task in store.tasks.since("acc1", "0")] == [task_id]
    status, listed = account.here.post("/api/tasks/list", {})
    assert (status, [each["task_id"] for each in listed["tasks"]]) == (200, [task_id])
    assert store.tasks.get("acc1", "#subscription") is None
    assert list(store.deliveries.dead("acc1")) == []
    assert account.here.post("/api/kling/tasks", {"task_id": "#subscription"})[0] == 404
    assert account.here.drift == 0


def test_a_plan_stands_in_no_statement_of_what_tasks_cost(account: Subscriber) -> None:
    account.subscribe("basic")
    assert account.here.post("/api/account/consumption", {})[1]["data"][0]["total"] == 0
    usage = account.here.request("GET", "/v1/dashboard/billing/usage")[1]
    assert usage["total_usage"] == 0
    limit = account.here.request("GET", "/v1/dashboard/billing/subscription")[1]["hard_limit_usd"]
    assert limit == pytest.approx((1000 - 71.28) / 7.2, abs=1e-5)  # what may still be spent on tasks
