"""Plans that are paid by card: on a page at first, and from the saved card from then on; never twice."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

import pytest

from local.stripe.api import down, lost_after, lost_before, refused
from local.stripe.book import AUTHENTICATION, DECLINED, VISA
from relay.flow.checkouts import LIFE
from relay.nouns.errors import InvalidParameter
from relay.nouns.money import nanos
from relay.nouns.payment_errors import PaymentsUnavailable
from relay.nouns.plans import Status, Subscribed
from tests.functional.harness import Harness
from tests.functional.paying import Paying, paying
from tests.functional.subscribing import BASIC, DAY, PRO, Subscriber

CENT = nanos("0.072")  # of a dollar
HOUR = LIFE / 1000 + 121  # seconds after which a page has surely expired


@pytest.fixture
def stripe() -> Iterator[Paying]:
    with paying("0", tier=1) as made:
        yield made


@pytest.fixture
def account(stripe: Paying) -> Subscriber:
    return Subscriber(stripe.here)


def begin(stripe: Paying, account: Subscriber, plan_id: str = "basic", card: str = VISA) -> Subscribed:
    made = account.subscribe(plan_id, "stripe")
    stripe.tell(*stripe.pay(stripe.checkout, card))
    return made


def test_a_plan_begins_when_its_page_is_paid(stripe: Paying, account: Subscriber) -> None:
    made = account.subscribe("basic", "stripe")
    assert made.invoice is not None
    assert (made.subscription.status, made.invoice.status) == (Status.PENDING, "open")
    assert (made.pay_at, account.tier) == (stripe.checkout.pay_at, 1)
    assert stripe.tell(*stripe.pay(stripe.checkout)) == [200, 200]
    assert (account.subscription.status, account.tier, account.statuses) == (Status.ACTIVE, 2, ["paid"])
    assert stripe.money_in() == {stripe.checkout.session_id: BASIC}
    assert (account.charges, stripe.here.balance) == ([BASIC], 0)
    assert account.agrees()


def test_asked_again_it_is_the_same_page(stripe: Paying, account: Subscriber) -> None:
    first, again = account.subscribe("basic", "stripe"), account.subscribe("basic", "stripe")
    assert (again.pay_at, account.statuses) == (first.pay_at, ["open"])
    assert len(stripe.api.book.of("checkout.session")) == 1


def test_an_abandoned_page_leaves_no_subscription(stripe: Paying, account: Subscriber) -> None:
    account.subscribe("basic", "stripe")
    stripe.here.run(HOUR, step=30)
    assert (account.subscription.status, account.statuses, account.tier) == (Status.EXPIRED, ["void"], 1)
    assert (stripe.money_in(), account.agrees()) == ({}, True)


def test_an_abandoned_upgrade_leaves_the_plan_as_it_was(stripe: Paying, account: Subscriber) -> None:
    account.top_up("72", "opening")
    account.subscribe("basic")
    account.cancel()
    before = account.subscription
    account.subscribe("pro", "stripe")
    assert account.subscription.status is Status.ACTIVE
    stripe.here.run(HOUR, step=30)
    after = account.subscription
    kept = ("plan_id", "status", "method", "cancel_at_period_end", "period_end", "open_invoice")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert account.statuses == ["paid", "void"]


def test_an_upgrade_in_mid_period_charges_the_difference_alone(stripe: Paying, account: Subscriber) -> None:
    begin(stripe, account)
    stripe.here.wait(15.5 * DAY)
    made = begin(stripe, account, "pro")
    assert made.invoice is not None
    due = PRO - BASIC // 2
    assert made.invoice.amount == due
    assert stripe.checkout.cents == ceil(due / CENT)
    assert (account.subscription.plan_id, account.charges) == ("pro", [BASIC, due])
    assert 0 <= stripe.here.balance < CENT
    assert account.agrees()


def test_a_renewal_charges_the_saved_card_once(stripe: Paying, account: Subscriber) -> None:
    begin(stripe, account)
    account.pass_days(32)
    assert (account.subscription.status, account.charges, account.statuses) == (
        Status.ACTIVE,
        [BASIC, BASIC],
        ["paid", "paid"],
    )
    (renewed,) = [each for each in stripe.api.book.of("payment_intent") if "invoice" in each["metadata"]]
    assert renewed["metadata"]["key"] == f"{account.invoices[1].invoice_id}-1"
    assert stripe.money_in() == {stripe.checkout.session_id: BASIC, renewed["id"]: BASIC}
    assert (stripe.here.balance, account.agrees()) == (0, True)


@pytest.mark.parametrize("card", [DECLINED, AUTHENTICATION])
def test_a_declined_card_is_tried_again_and_then_given_up(stripe: Paying, account: Subscriber, card: str) -> None:
    begin(stripe, account)
    (saved,) = stripe.api.book.cards
    stripe.api.book.cards[saved] = card
    account.pass_days(31.5, step=0.5)
    assert (account.subscription.status, account.subscription.tries, account.tier) == (Status.PAST_DUE, 1, 2)
    account.pass_days(5)
    assert (account.subscription.status, account.statuses, account.tier) == (
        Status.EXPIRED,
        ["paid", "uncollectible"],
        1,
    )
    keys = [each["metadata"].get("key", "") for each in stripe.api.book.of("payment_intent")]
    assert [key[-2:] for key in keys] == ["", "-1", "-2", "-3", "-4"]
    assert (account.charges, account.agrees()) == ([BASIC], True)


def test_a_card_that_stripe_has_no_more_is_declined(stripe: Paying, account: Subscriber) -> None:
    begin(stripe, account)
    (saved,) = stripe.api.book.cards
    del stripe.api.book.objects[saved]
    account.pass_days(31.5, step=0.5)
    assert (account.subscription.status, account.subscription.tries) == (Status.PAST_DUE, 1)
    assert "PaymentUnanswered" not in stripe.here.counts


def test_who_is_past_due_pays_on_a_page_and_goes_on(stripe: Paying, account: Subscriber) -> None:
    begin(stripe, account)
    (saved,) = stripe.api.book.cards
    stripe.api.book.cards[saved] = AUTHENTICATION
    account.pass_days(31.5, step=0.5)
    begin(stripe, account)
    assert (account.subscription.status, account.statuses) == (Status.ACTIVE, ["paid", "paid"])
    account.pass_days(31)
    assert account.charges == [BASIC] * 3
    assert account.agrees()


@pytest.mark.parametrize("faults", [[lost_after], [lost_before], [down], [lost_before, refused, lost_after]])
def test_an_unknown_outcome_is_asked_about_by_the_same_key_until_it_is_known(
    stripe: Paying, account: Subscriber, faults: list[object]
) -> None:
    begin(stripe, account)
    account.pass_days(30.9, step=0.5)
    stripe.api.faults[:] = faults  # type: ignore[assignment]
    stripe.here.run(0.2 * DAY, step=200)
    assert (account.charges, account.statuses) == ([BASIC, BASIC], ["paid", "paid"])
    assert stripe.api.book.taken == 2 * stripe.checkout.cents
    assert stripe.here.counts["PaymentUnanswered"] == len(faults)
    assert account.agrees()


def test_a_charge_whose_key_stripe_has_forgotten_is_found_and_not_made_again(
    stripe: Paying, account: Subscriber
) -> None:
    begin(stripe, account)
    account.pass_days(30.9, step=0.5)
    stripe.api.faults[:] = [lost_after]
    account.pass_days(0.2, step=0.2)
    stripe.here.wait(2 * DAY)
    account.look()
    assert stripe.api.book.taken == 2 * stripe.checkout.cents
    assert (account.charges, account.agrees()) == ([BASIC, BASIC], True)


@pytest.mark.parametrize(("fault", "taken", "goes_on"), [(lost_after, 2, True), (lost_before, 1, False)])
def test_who_cancels_while_nobody_knows_whether_a_renewal_was_charged_loses_no_payment(
    stripe: Paying, account: Subscriber, fault: Any, taken: int, goes_on: bool
) -> None:
    begin(stripe, account)
    account.pass_days(30.9, step=0.5)
    stripe.api.faults[:] = [fault]
    account.pass_days(0.2, step=0.2)
    assert account.cancel().cancel_at_period_end
    assert stripe.api.book.taken == taken * stripe.checkout.cents
    assert (account.charges, account.here.balance) == ([BASIC] * taken, 0)
    account.look()
    assert account.subscription.live is goes_on
    assert account.agrees()


def test_a_page_that_is_paid_after_its_plan_was_paid_otherwise_becomes_balance(
    stripe: Paying, account: Subscriber
) -> None:
    account.subscribe("basic", "stripe")
    account.top_up("72", "opening")
    account.subscribe("basic", "balance")
    assert account.statuses == ["paid"]
    stripe.tell(*stripe.pay(stripe.checkout))
    assert (account.charges, stripe.here.balance) == ([BASIC], nanos("72"))
    assert account.agrees()


def test_what_a_frozen_account_pays_stays_in_its_balance(stripe: Paying, account: Subscriber) -> None:
    account.subscribe("basic", "stripe")
    account.freeze()
    assert stripe.tell(*stripe.pay(stripe.checkout)) == [200, 200]
    assert (account.charges, stripe.here.balance) == ([], BASIC)
    assert account.agrees()


def test_a_page_that_could_not_be_made_is_made_when_it_is_asked_for_again(stripe: Paying, account: Subscriber) -> None:
    stripe.api.faults[:] = [down]
    with pytest.raises(PaymentsUnavailable):
        account.subscribe("basic", "stripe")
    begin(stripe, account)
    assert (account.subscription.status, account.charges) == (Status.ACTIVE, [BASIC])


def test_a_relay_without_cards_takes_none(here: Harness) -> None:
    with pytest.raises(InvalidParameter, match="payment_method"):
        Subscriber(here).subscribe("basic", "stripe")
