"""Top-ups as AI Hub's developers ask for them, and webhooks as Stripe sends them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from tests.axes import table
from tests.functional.aws_fakes import function_of, http_event
from tests.functional.harness import KEY, open_account
from tests.functional.paying import Paying, paying

TOPUPS, WEBHOOK, DONE = "/api/v1/payments/topups", "/api/v1/payments/webhooks/stripe", "/api/v1/payments/done"


@pytest.fixture(scope="module")
def stripe() -> Iterator[Paying]:
    with paying() as made:
        yield made


@pytest.fixture
def token(stripe: Paying) -> str:
    stripe.here.wait(3600)  # so that no test runs into another's bounds
    return stripe.here.session()


def test_a_topup_is_made_paid_and_shown(stripe: Paying, token: str) -> None:
    asked = {"amount_cents": 2500, "success_url": "https://app.example/paid?s={CHECKOUT_SESSION_ID}"}
    status, told = stripe.here.post(TOPUPS, asked, key=token)
    made = told["data"]
    assert (status, made["status"], made["amount_cents"], made["currency"]) == (201, "open", 2500, "USD")
    session = stripe.api.book.objects[made["session_id"]]
    assert (made["checkout_url"], asked["success_url"]) == (session["url"], session["success_url"])
    stripe.api.book.pay(made["session_id"])
    assert stripe.here.request("GET", f"{TOPUPS}/{made['id']}", key=token)[1]["data"]["status"] == "paid"
    assert made["session_id"] in stripe.money_in()


def test_whoever_names_no_address_is_sent_to_a_page_of_ours(stripe: Paying, token: str) -> None:
    made = stripe.here.post(TOPUPS, {"amount_cents": 100}, key=token)[1]["data"]
    assert stripe.api.book.objects[made["session_id"]]["success_url"] == f"https://relay.example.net{DONE}"
    event = http_event("GET", DONE, {}, b"")
    reply = stripe.here.endpoints[function_of("GET", DONE)].resolve(event, LambdaContext())
    assert (reply["statusCode"], "Thank you" in reply["body"]) == (200, True)


def test_a_customer_makes_us_ask_stripe_once_in_a_while(stripe: Paying, token: str) -> None:
    made = stripe.here.post(TOPUPS, {"amount_cents": 100}, key=token)[1]["data"]
    before = len(stripe.api.calls)
    for _ in range(3):
        assert stripe.here.request("GET", f"{TOPUPS}/{made['id']}", key=token)[0] == 200
    stripe.here.wait(6)
    stripe.here.request("GET", f"{TOPUPS}/{made['id']}", key=token)
    assert len(stripe.api.calls) == before + 2


WRONG = {
    "no amount": ({}, "amount_cents"),
    "too little": ({"amount_cents": 99}, "amount_cents"),
    "too much": ({"amount_cents": 1_000_001}, "amount_cents"),
    "less than nothing": ({"amount_cents": -2500}, "amount_cents"),
    "not whole": ({"amount_cents": 2500.5}, "amount_cents"),
    "a text": ({"amount_cents": "2500"}, "amount_cents"),
    "a truth": ({"amount_cents": True}, "amount_cents"),
    "no URL": ({"amount_cents": 2500, "success_url": "app"}, "success_url"),
    "a script": ({"amount_cents": 2500, "cancel_url": "javascript:alert(1)"}, "cancel_url"),
}


@table("wrong", WRONG)
def test_what_cannot_be_is_refused_with_the_field_and_nothing_is_made(stripe: Paying, token: str, wrong: str) -> None:
    body, field = WRONG[wrong]
    made = len(stripe.api.book.objects)
    status, told = stripe.here.post(TOPUPS, body, key=token)
    assert (status, told["error"]["details"]["field"]) == (400, field)
    assert len(stripe.api.book.objects) == made


def test_another_developers_topup_does_not_exist(stripe: Paying, token: str) -> None:
    made = stripe.here.post(TOPUPS, {"amount_cents": 100}, key=token)[1]["data"]
    open_account(stripe.here, "acc2", "sk-EXAMPLE-client-0002", "0", 1)
    stripe.here.account_id = "acc2"
    other = stripe.here.session()
    stripe.here.account_id = "acc1"
    for topup_id, key in ((made["id"], other), ("none", token), ("#subscription", token), ("0" * 36, token)):
        status, told = stripe.here.request("GET", f"{TOPUPS}/{topup_id}".replace("#", "%23"), key=key)
        assert (status, told["error"]["code"]) == (404, "not_found")


def test_an_api_key_tops_nothing_up(stripe: Paying) -> None:
    assert stripe.here.post(TOPUPS, {"amount_cents": 2500}, key=KEY)[0] == 401
    assert stripe.here.post(TOPUPS, {"amount_cents": 2500}, key=None)[0] == 401


def test_a_webhook_is_taken_as_it_was_signed_and_no_other(stripe: Paying, token: str) -> None:
    made = stripe.here.post(TOPUPS, {"amount_cents": 700}, key=token)[1]["data"]
    stripe.api.book.pay(made["session_id"])
    body, headers = stripe.api.webhooks.signed(stripe.api.webhooks.events[-1])
    assert stripe.here.post(WEBHOOK, raw=body + b"\n", headers=headers, key=None)[0] == 400
    assert stripe.here.post(WEBHOOK, raw=body, headers={}, key=None)[0] == 400
    assert made["session_id"] not in stripe.money_in()
    assert stripe.here.post(WEBHOOK, raw=body, headers=headers, key=None)[0] == 200
    assert made["session_id"] in stripe.money_in()
