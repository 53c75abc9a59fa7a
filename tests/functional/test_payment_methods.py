"""Paying elsewhere than from the balance: what comes in is booked once and charged once, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from relay.flow.settling import settle
from relay.nouns.errors import InsufficientBalance, InvalidParameter
from relay.nouns.payment_errors import RenewalUnknown
from relay.nouns.plans import Status
from tests.axes import table
from tests.functional.harness import harness
from tests.functional.subscribing import BASIC, DAY, PRO, Card, Subscriber, take_cards


@pytest.fixture
def account() -> Iterator[Subscriber]:
    """Whose balance is empty."""
    with harness("0", tier=1) as here:
        yield Subscriber(here)


@pytest.fixture
def card(account: Subscriber) -> Card:
    return take_cards(account.here)


def test_a_first_payment_brings_the_money_and_takes_it(account: Subscriber, card: Card) -> None:
    made = account.subscribe("basic", "card")
    assert (made.subscription.status, account.tier, account.charges) == (Status.ACTIVE, 2, [BASIC])
    assert (account.here.balance, len(card.paid())) == (0, 1)
    assert account.subscribe("basic", "card").subscription == made.subscription
    assert account.agrees()


def test_who_has_yet_to_pay_has_a_pending_subscription_and_one_page(account: Subscriber, card: Card) -> None:
    card.says = "awaited"
    first, again = account.subscribe("basic", "card"), account.subscribe("basic")
    assert first.pay_at == again.pay_at == "https://pay.example/inv_acc1_1_1"
    assert (again.subscription.status, account.tier, account.statuses) == (Status.PENDING, 1, ["open"])
    card.says = "covered"
    card.collect(account.here.services, account.invoices[0], 1, present=True)
    for _ in range(3):  # a webhook, and its repetitions
        settle(account.here.services, "acc1", 1, card.paid()[0])
    assert (account.subscription.status, account.tier, account.charges) == (Status.ACTIVE, 2, [BASIC])
    assert account.agrees()


def test_a_first_payment_that_never_comes_ends_the_subscription(account: Subscriber, card: Card) -> None:
    card.says = "awaited"
    account.subscribe("basic", "card")
    account.pass_days(2)
    assert (account.subscription.status, account.statuses, account.tier) == (Status.EXPIRED, ["void"], 1)


def test_money_that_comes_too_late_stays_in_the_balance(account: Subscriber, card: Card) -> None:
    card.says = "awaited"
    account.subscribe("basic", "card")
    account.cancel()
    card.says = "covered"
    card.collect(account.here.services, account.invoices[0], 1, present=True)
    for _ in range(2):
        settle(account.here.services, "acc1", 1, card.paid()[0])
    assert (account.subscription.status, account.statuses) == (Status.CANCELLED, ["void"])
    assert (account.here.balance, account.charges) == (BASIC, [])
    assert account.agrees()


def test_a_declined_card_starts_nothing(account: Subscriber, card: Card) -> None:
    card.says = "declined"
    with pytest.raises(InsufficientBalance):
        account.subscribe("basic", "card")
    assert (account.subscription.status, account.tier, account.charges) == (Status.PENDING, 1, [])


def test_an_upgrade_that_waits_for_its_payment_keeps_the_plan(account: Subscriber, card: Card) -> None:
    account.subscribe("basic", "card")
    account.here.wait(10 * DAY)
    card.says = "awaited"
    account.subscribe("pro")
    assert (account.subscription.plan_id, account.tier, account.statuses) == ("basic", 2, ["paid", "open"])
    account.here.wait(3600)
    card.says = "covered"
    paid = account.subscribe("pro").subscription
    assert (paid.plan_id, account.tier, paid.period_start) == ("pro", 3, account.here.now[0])
    assert account.charges[1] < PRO
    assert account.agrees()


def test_an_upgrade_that_is_never_paid_gives_way_to_the_renewal(account: Subscriber, card: Card) -> None:
    account.subscribe("basic", "card")
    card.says = "awaited"
    account.subscribe("pro")
    card.says = "covered"
    account.pass_days(32)
    assert (account.subscription.plan_id, account.statuses) == ("basic", ["paid", "void", "paid"])
    assert account.charges == [BASIC, BASIC]
    assert account.agrees()


def test_a_renewal_by_card_is_asked_for_by_invoice_and_try(account: Subscriber, card: Card) -> None:
    account.subscribe("basic", "card")
    card.says = "declined"
    account.pass_days(32.5, step=0.5)
    assert (account.subscription.status, list(card.done)[1:]) == (Status.PAST_DUE, ["inv_acc1_2_1", "inv_acc1_2_2"])
    card.says = "covered"
    account.pass_days(3)
    assert (account.subscription.status, account.charges, account.here.balance) == (Status.ACTIVE, [BASIC, BASIC], 0)
    assert account.agrees()


def test_a_way_to_pay_that_is_switched_off_renews_nothing_and_the_balance_heals_it(
    account: Subscriber, card: Card
) -> None:
    account.subscribe("basic", "card")
    account.here.services.payments.pop("card")  # type: ignore[attr-defined]
    account.pass_days(32)
    assert account.subscription.status is Status.PAST_DUE
    account.top_up("100", "by hand")
    assert account.subscribe("basic", "balance").subscription.status is Status.ACTIVE
    assert account.agrees()


def test_who_is_past_due_and_does_not_pay_for_another_plan_after_all_is_not_charged_for_it(
    account: Subscriber, card: Card
) -> None:
    account.subscribe("basic", "card")
    card.says = "declined"
    account.pass_days(31.5, step=0.5)
    card.says = "awaited"
    account.subscribe("pro")
    card.says = "covered"
    account.pass_days(0.9)
    assert account.subscription.status is Status.PAST_DUE  # the page is still open
    account.pass_days(0.2)
    assert (account.subscription.status, account.statuses) == (Status.EXPIRED, ["paid", "void", "void"])
    assert [name for name in card.done if name.startswith("inv_acc1_3")] == ["inv_acc1_3_1"]
    assert account.charges == [BASIC]


def test_renewals_pass_to_a_way_that_can_pay_them_and_to_no_other(account: Subscriber, card: Card) -> None:
    account.top_up("100", "first")
    account.subscribe("basic")
    with pytest.raises(InvalidParameter) as refused:
        account.subscribe("basic", "card")
    assert (refused.value.field, account.subscription.method) == ("payment_method", "balance")
    account.subscribe("pro", "card")
    account.subscribe("pro", "balance")
    account.subscribe("pro", "card")
    assert account.subscription.method == "card"


def _is_frozen(account: Subscriber) -> None:
    account.freeze()
    account.look()


# What a customer does while a renewal's charge is made and nobody has noted it yet, and what then stands.
MEANWHILE: dict[str, tuple[Callable[[Subscriber], object], tuple[str, bool, int]]] = {
    "cancels": (lambda one: one.cancel(), ("basic", True, 2)),
    "asks again": (lambda one: one.subscribe("basic", "balance"), ("basic", False, 2)),
    "asks for less": (lambda one: one.subscribe("free"), ("basic", False, 2)),
    "is frozen": (_is_frozen, ("basic", False, 1)),
}


@table("what", MEANWHILE)
def test_a_charge_that_nobody_noted_is_booked_before_the_customer_changes_anything(what: str) -> None:
    act, stands = MEANWHILE[what]
    with harness("0", tier=1) as here:
        account, card = Subscriber(here), take_cards(here)
        account.subscribe("basic", "card")
        card.says = "declined"
        account.pass_days(31.1, step=31.1)
        card.says = "covered"
        here.wait(DAY)
        card.collect(here.services, account.invoices[1], 2, present=False)  # and the worker is killed
        act(account)
        found = account.subscription
        assert (found.plan_id, found.cancel_at_period_end, account.tier) == stands
        assert len(card.paid()) == 2
        paid = BASIC if what == "is frozen" else 0
        assert (sum(account.charges) + account.here.balance, account.here.balance) == (2 * BASIC, paid)
        assert account.agrees()


@pytest.mark.parametrize("act", [lambda one: one.cancel(), lambda one: one.subscribe("pro", "balance")])
def test_nothing_takes_a_renewals_place_while_nobody_says_whether_it_was_paid(
    account: Subscriber, card: Card, act: Callable[[Subscriber], object]
) -> None:
    account.subscribe("basic", "card")
    card.says = "declined"
    account.pass_days(31.1, step=31.1)
    card.says, before = "unknown", account.subscription
    with pytest.raises(RenewalUnknown) as told:
        act(account)
    assert (told.value.status, account.subscription) == (503, before)
