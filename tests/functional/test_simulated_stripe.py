"""The simulated Stripe is one to Stripe's own library, unchanged: its API, idempotency keys, errors and signatures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from local.stripe import StripeServer
from local.stripe.api import KEY, down, lost_after
from local.stripe.book import AUTHENTICATION, DECLINED
from local.stripe.webhooks import VERSION
from local.upstreams.inbox import Inbox

LINES = [{"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "credit"}}}]
WANTED: dict[str, Any] = {
    "mode": "payment",
    "success_url": "https://app.example/paid",
    "line_items": LINES,
    "customer_creation": "always",
    "metadata": {"account": "0a1b2c3d4e"},
    "payment_intent_data": {"setup_future_usage": "off_session"},
}


@pytest.fixture(scope="module")
def served() -> Iterator[StripeServer]:
    with StripeServer() as server:
        yield server


@pytest.fixture
def client(served: StripeServer) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": served.url}, max_network_retries=0)


def charge(client: stripe.StripeClient, session: Any, key: str, cents: int = 900) -> stripe.PaymentIntent:
    paid = session.payment_intent
    card = {"customer": paid.customer, "payment_method": paid.payment_method}
    return client.v1.payment_intents.create(
        {"amount": cents, "currency": "usd", "confirm": True, "off_session": True, **card},  # type: ignore[typeddict-item]
        {"idempotency_key": key},
    )


def paid_session(served: StripeServer, client: stripe.StripeClient, card: str = "pm_card_visa") -> Any:
    made = client.v1.checkout.sessions.create(WANTED)  # type: ignore[arg-type]
    served.api.book.pay(made.id, card)
    return client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})


def test_a_session_is_made_paid_and_saves_a_card_that_is_charged_later(
    served: StripeServer, client: stripe.StripeClient
) -> None:
    made = client.v1.checkout.sessions.create(WANTED)  # type: ignore[arg-type]
    assert (made.status, made.payment_status, made.amount_total, made.currency) == ("open", "unpaid", 2500, "usd")
    assert made.metadata is not None
    assert made.metadata["account"] == "0a1b2c3d4e"
    assert str(made.url).startswith(served.url)
    served.api.book.pay(made.id)
    paid: Any = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status, paid.payment_intent.amount_received) == ("complete", "paid", 2500)
    assert charge(client, paid, "later").status == "succeeded"


def test_an_abandoned_session_can_no_longer_be_paid(served: StripeServer, client: stripe.StripeClient) -> None:
    made = client.v1.checkout.sessions.create(WANTED)  # type: ignore[arg-type]
    assert client.v1.checkout.sessions.expire(made.id).status == "expired"
    with pytest.raises(Exception, match="expired"):
        served.api.book.pay(made.id)


@pytest.mark.parametrize(("card", "code"), [(DECLINED, "card_declined"), (AUTHENTICATION, "authentication_required")])
def test_a_card_that_is_not_charged_raises_what_the_library_raises_of_stripe(
    served: StripeServer, client: stripe.StripeClient, card: str, code: str
) -> None:
    paid = paid_session(served, client, card)
    with pytest.raises(stripe.CardError) as told:
        charge(client, paid, f"charge-{code}")
    assert told.value.code == code
    assert told.value.error is not None
    assert told.value.error.payment_intent is not None
    assert told.value.error.payment_intent.status == "requires_payment_method"


def test_an_idempotency_key_charges_once_and_keeps_its_answer(
    served: StripeServer, client: stripe.StripeClient
) -> None:
    paid, before = paid_session(served, client), served.api.book.taken
    assert charge(client, paid, "one").id == charge(client, paid, "one").id
    assert served.api.book.taken == before + 900
    with pytest.raises(stripe.IdempotencyError):
        charge(client, paid, "one", cents=901)


def test_an_answer_that_was_lost_is_had_again_by_its_key(served: StripeServer, client: stripe.StripeClient) -> None:
    paid, before = paid_session(served, client), served.api.book.taken
    served.api.faults[:] = [lost_after, down]
    with pytest.raises(stripe.APIConnectionError):
        charge(client, paid, "lost")
    with pytest.raises(stripe.APIError):
        charge(client, paid, "lost")
    assert charge(client, paid, "lost").status == "succeeded"
    assert served.api.book.taken == before + 900


def test_wrong_requests_are_refused_as_stripe_refuses_them(served: StripeServer, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such checkout"):
        client.v1.checkout.sessions.retrieve("cs_test_none")
    with pytest.raises(stripe.InvalidRequestError, match="success_url"):
        client.v1.checkout.sessions.create({"mode": "payment", "line_items": LINES})  # type: ignore[arg-type]
    older: Any = {**WANTED, "payment_method_types": ["card"]}
    with pytest.raises(stripe.InvalidRequestError, match="payment_method_types"):
        client.v1.checkout.sessions.create(older)
    stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": served.url})
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.customers.create()


def test_it_is_of_the_version_that_the_library_asks_for() -> None:
    assert stripe.api_version == VERSION


def test_the_librarys_check_takes_the_webhooks_and_no_others(served: StripeServer, client: stripe.StripeClient) -> None:
    paid_session(served, client)
    webhooks = served.api.webhooks
    body, headers = webhooks.signed(webhooks.events[-1])
    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], webhooks.secret)
    assert event.type == "checkout.session.completed"
    assert event.created <= time.time()
    for wrong in (
        webhooks.signed(webhooks.events[-1], secret="whsec_other"),
        webhooks.signed(webhooks.events[-1], age=301),
    ):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(wrong[0], wrong[1]["stripe-signature"], webhooks.secret)


def test_webhooks_come_late_twice_out_of_order_and_again_where_they_were_not_taken(
    served: StripeServer, client: stripe.StripeClient
) -> None:
    with Inbox() as inbox:
        served.webhook_url, served.copies, served.delays[:] = inbox.url, 2, [0.3]
        inbox.answers.extend((200, 503))
        paid_session(served, client)
        posts = inbox.wait(5)
        served.webhook_url, served.copies = "", 1
    told = [each.body["type"] for each in posts]
    assert told[:2] == ["checkout.session.completed"] * 2  # which happened after the payment that is told later
    assert sorted(told) == ["checkout.session.completed"] * 3 + ["payment_intent.succeeded"] * 2
    for post in posts:
        signature = post.headers["stripe-signature"]
        assert stripe.Webhook.construct_event(post.raw, signature, served.api.webhooks.secret).id
