"""Money that comes in by card is booked once, as Stripe says, whatever webhooks do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from local.stripe.api import down, lost_after, lost_before
from relay.flow.checkouts import LIFE, look
from relay.nouns.checkouts import CheckoutStatus
from relay.nouns.errors import RateLimited, RelayError
from relay.nouns.payment_errors import PaymentsUnavailable
from tests.functional.harness import Harness, open_account
from tests.functional.paying import Paying, paying

WORTH = 25 * 10**9 * 7_200_000 // 10**6  # nanos of 25 dollars, in a currency of which 7.2 make one


@pytest.fixture
def stripe() -> Iterator[Paying]:
    with paying() as made:
        assert made.here.services.catalog.usd == Decimal("7.2")
        yield made


def standing(stripe: Paying, checkout_id: str) -> CheckoutStatus:
    found = stripe.here.services.store.checkouts.get("acc1", checkout_id)
    assert found is not None
    return found.status


def test_a_paid_session_is_booked_once_under_its_id(stripe: Paying) -> None:
    wanted, before = stripe.ask_topup(), stripe.here.balance
    assert wanted.pay_at.endswith(wanted.session_id)
    events = stripe.pay(wanted)
    assert [each["type"] for each in events] == ["payment_intent.succeeded", "checkout.session.completed"]
    assert stripe.tell(*events, *reversed(events)) == [200] * 4
    assert stripe.money_in() == {wanted.session_id: WORTH}
    assert (stripe.here.balance - before, stripe.here.drift) == (WORTH, 0)
    assert standing(stripe, wanted.checkout_id) is CheckoutStatus.PAID


def test_an_expired_event_after_the_payment_and_an_unpaid_completion_move_nothing(stripe: Paying) -> None:
    paid, open_ = stripe.ask_topup(), stripe.ask_topup()
    stripe.tell(*stripe.pay(paid))
    told = stripe.api.webhooks.events[-1]
    stale = {**told, "type": "checkout.session.expired"}
    early = {**told, "data": {"object": {**told["data"]["object"], "id": open_.session_id}}}
    assert stripe.tell(stale, early) == [200, 200]
    assert stripe.money_in() == {paid.session_id: WORTH}
    assert standing(stripe, open_.checkout_id) is CheckoutStatus.OPEN


def test_forged_events_are_refused_before_anything_is_asked(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    (_, completed), asked = stripe.pay(wanted), len(stripe.api.calls)
    body, headers = stripe.api.webhooks.signed(completed)
    assert stripe.tell(completed, secret="whsec_another") == [400]
    assert stripe.tell(completed, age=301) == [400]
    forgeries = ["", "t=1", "v1=abc", "t=a,v1=b", "t=1,v1=é", f"t=9999999999,{headers['stripe-signature'][-68:]}"]
    assert [stripe.deliver(body, {"stripe-signature": each}) for each in forgeries] == [400] * len(forgeries)
    assert stripe.deliver(body + b" ", headers) == 400
    assert stripe.deliver(b"\xff\xfe", headers) == 400
    assert (stripe.money_in(), len(stripe.api.calls)) == ({}, asked)


@pytest.mark.parametrize(
    "said", [[], "text", {}, {"id": 1, "type": "x"}, {"id": 1, "type": "x", "data": {"object": []}}]
)
def test_signed_documents_that_are_no_events_are_refused(stripe: Paying, said: object) -> None:
    assert stripe.tell(said) == [400]


def test_events_of_others_and_of_unknown_kinds_are_taken_and_change_nothing(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    (paid_intent, completed) = stripe.pay(wanted)
    session = stripe.api.book.objects[wanted.session_id]
    for name, word in (("deployment", "another"), ("account", "acc2"), ("checkout", "none")):
        metadata = {**session["metadata"], name: word}
        stripe.api.book.objects[wanted.session_id] = {**session, "metadata": metadata}
        assert stripe.tell(completed) == [200]
    stripe.api.book.objects[wanted.session_id] = session
    unknown = {**paid_intent, "type": "invoice.finalized"}
    gone = {**completed, "data": {"object": {"id": "cs_test_gone"}}}
    assert stripe.tell(unknown, gone) == [200, 200]
    assert stripe.money_in() == {}


def test_a_second_session_that_names_a_checkout_moves_nothing_of_it(stripe: Paying) -> None:
    wanted, other = stripe.ask_topup(), stripe.ask_topup(9900)
    stripe.api.book.objects[other.session_id]["metadata"] = stripe.api.book.objects[wanted.session_id]["metadata"]
    assert stripe.tell(*stripe.pay(other)) == [200, 200]
    assert (stripe.money_in(), stripe.here.counts["PaymentMismatch"]) == ({}, 1)
    stripe.tell(*stripe.pay(wanted))
    assert stripe.money_in() == {wanted.session_id: WORTH}


@pytest.mark.parametrize("other", [{"amount_total": 2501}, {"currency": "cny"}, {"metadata": {}}])
def test_a_session_that_was_paid_otherwise_than_asked_is_an_alarm_and_no_booking(
    stripe: Paying, other: dict[str, object]
) -> None:
    wanted = stripe.ask_topup()
    stripe.pay(wanted)
    stripe.api.book.objects[wanted.session_id] |= other
    found = look(stripe.here.services, "acc1", wanted.checkout_id)
    assert found is not None
    assert found.status is CheckoutStatus.REFUSED
    assert (stripe.money_in(), stripe.here.counts["PaymentMismatch"]) == ({}, 1)


def test_a_reference_that_is_booked_with_another_amount_is_an_alarm_and_no_booking(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    stripe.here.services.store.accounts.top_up("acc1", wanted.session_id, 1, stripe.here.now[0])
    assert stripe.tell(*stripe.pay(wanted)) == [200, 200]
    assert (stripe.money_in(), stripe.here.counts["PaymentMismatch"]) == ({wanted.session_id: 1}, 1)
    assert standing(stripe, wanted.checkout_id) is CheckoutStatus.REFUSED


def test_money_taken_back_at_stripe_is_counted_and_stays_booked(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    stripe.tell(*stripe.pay(wanted))
    intent = stripe.api.book.objects[wanted.session_id]["payment_intent"]
    stripe.api.book.refund(intent, 2500)
    stripe.api.book.dispute(intent)
    assert stripe.tell(*stripe.api.webhooks.events[-2:]) == [200, 200]
    assert (stripe.here.counts["CardRefund"], stripe.here.counts["CardDispute"]) == (1, 1)
    assert stripe.money_in() == {wanted.session_id: WORTH}


def test_an_event_comes_again_while_stripe_does_not_answer(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    _, completed = stripe.pay(wanted)
    stripe.api.unreadable = 1
    assert stripe.tell(completed, completed) == [500, 200]
    assert stripe.money_in() == {wanted.session_id: WORTH}


def test_a_customer_who_comes_back_finds_the_payment_without_a_webhook(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    stripe.pay(wanted)
    found = look(stripe.here.services, "acc1", wanted.checkout_id)
    assert found is not None
    assert found.status is CheckoutStatus.PAID
    assert stripe.money_in() == {wanted.session_id: WORTH}


def test_a_lost_webhook_delays_the_money_until_the_clock_asks(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    stripe.here.wait(70)
    stripe.pay(wanted)
    stripe.here.run(120)
    assert (stripe.money_in(), stripe.here.drift) == ({wanted.session_id: WORTH}, 0)


def test_the_clock_asks_again_while_stripe_does_not_answer(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    stripe.pay(wanted)
    stripe.api.unreadable = 2
    stripe.here.run(800)
    assert (stripe.money_in(), stripe.here.counts["PaymentUnanswered"]) == ({wanted.session_id: WORTH}, 2)


def test_the_clock_asks_about_an_abandoned_page_a_few_times_and_no_more_once_it_has_expired(stripe: Paying) -> None:
    stripe.ask_topup()
    stripe.here.run(2 * LIFE / 1000, step=60)
    assert [path for method, path, _ in stripe.api.calls if method == "GET"] == [stripe.api.calls[-1][1]] * 5
    assert stripe.here.services.store.tasks.due(0, stripe.here.now[0] + 10**12, 9) == []


def test_an_abandoned_session_expires(stripe: Paying) -> None:
    wanted = stripe.ask_topup()
    stripe.here.wait(LIFE / 1000 + 1)
    found = look(stripe.here.services, "acc1", wanted.checkout_id)
    assert found is not None
    assert (found.status, found.due_at) == (CheckoutStatus.EXPIRED, None)
    with pytest.raises(Exception, match="expired"):
        stripe.pay(wanted)


@pytest.mark.parametrize("fault", [lost_before, lost_after, down])
def test_a_session_that_could_not_be_made_is_no_topup(stripe: Paying, fault: object) -> None:
    stripe.api.faults[:] = [fault]  # type: ignore[list-item]
    with pytest.raises(PaymentsUnavailable):
        stripe.ask_topup()
    (row,) = stripe.here.services.store.checkouts.newest("acc1", 9)
    stripe.here.wait(LIFE / 1000 + 121)
    found = look(stripe.here.services, "acc1", row.checkout_id)
    assert found is not None
    assert found.status is CheckoutStatus.EXPIRED


def test_a_session_whose_answer_was_lost_is_booked_if_it_is_paid_all_the_same(stripe: Paying) -> None:
    stripe.api.faults[:] = [lost_after]
    with pytest.raises(PaymentsUnavailable):
        stripe.ask_topup()
    (session,) = stripe.api.book.of("checkout.session")
    stripe.api.book.pay(session["id"])
    assert stripe.tell(*stripe.api.webhooks.events) == [200, 200]
    assert stripe.money_in() == {session["id"]: WORTH}


def test_a_relay_without_cards_names_its_operator(here: Harness) -> None:
    status, told = here.post("/api/v1/payments/topups", {"amount_cents": 2500}, key=here.session())
    assert (status, told["error"]["code"], "operator" in told["error"]["message"]) == (400, "not_supported", True)
    assert here.post("/api/v1/payments/webhooks/stripe", raw=b"{}", key=None)[0] == 400


def test_a_page_whose_making_was_not_answered_is_found_by_its_key(stripe: Paying) -> None:
    stripe.api.faults[:] = [lost_after]
    with pytest.raises(PaymentsUnavailable):
        stripe.ask_topup()
    (session,) = stripe.api.book.of("checkout.session")
    stripe.api.book.pay(session["id"])
    stripe.here.run(120)
    assert stripe.money_in() == {session["id"]: WORTH}
    assert len(stripe.api.book.of("checkout.session")) == 1


def test_frozen_accounts_and_too_many_pages_are_refused(stripe: Paying) -> None:
    open_account(stripe.here, "acc2", "sk-EXAMPLE-client-0002", "0", 1)
    stripe.here.services.store.accounts.change("acc2", status="frozen")
    with pytest.raises(RelayError, match="frozen"):
        stripe.ask_topup(account_id="acc2")
    for _ in range(10):
        stripe.ask_topup()
    with pytest.raises(RateLimited) as told:
        stripe.ask_topup()
    assert told.value.headers == {"retry-after": str(LIFE // 1000 + 1)}
    stripe.here.wait(LIFE / 1000 + 1)
    stripe.ask_topup()


def test_no_key_is_in_what_is_logged_or_stored(stripe: Paying, caplog: pytest.LogCaptureFixture) -> None:
    stripe.api.key = "sk_test_changed"
    with pytest.raises(PaymentsUnavailable) as told:
        stripe.ask_topup()
    said = json.dumps([str(told.value), repr(told.value.__cause__)]) + caplog.text
    assert "sk_test" not in said
