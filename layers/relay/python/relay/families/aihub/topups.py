"""AI Hub's payments by card: top-ups, and what Stripe tells."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from relay.families.aihub.payments import CURRENCY, HOME
from relay.families.aihub.write import enveloped, instant
from relay.families.bodies import Body, Url, read_body, read_json
from relay.families.dialect import AnyRoute, Auth, Route, Told, no_body
from relay.families.uses import PAYMENT_DONE, PAYMENT_EVENT, SHOW_TOPUP, TOP_UP
from relay.nouns.catalog import Catalog
from relay.nouns.checkouts import DONE_PATH, LEAST_TOPUP, MOST_TOPUP, Checkout, SignedEvent, TopupRequest
from relay.nouns.wire import Inbound, Reply

TOPUPS = f"{HOME}/topups"
THANKS = b"Thank you. The payment is shown in your account within moments; this page may be closed.\n"


class _Topup(Body):
    amount_cents: Annotated[int, Field(ge=LEAST_TOPUP, le=MOST_TOPUP)]
    success_url: Url | None = None
    cancel_url: Url | None = None


def read_topup(inbound: Inbound, catalog: Catalog) -> TopupRequest:
    body = read_body(_Topup, read_json(inbound))
    return TopupRequest(body.amount_cents, body.success_url or "", body.cancel_url or "")


def read_id(inbound: Inbound, catalog: Catalog) -> str:
    return inbound.params["topup_id"]


def read_event(inbound: Inbound, catalog: Catalog) -> SignedEvent:
    return SignedEvent(inbound.body, inbound.headers.get("stripe-signature", ""))


def write_made(told: Told[Checkout]) -> Reply:
    return _written(told.found, 201)


def write_topup(told: Told[Checkout]) -> Reply:
    return _written(told.found, 200)


def _written(found: Checkout, status: int) -> Reply:
    document = {
        "id": found.checkout_id,
        "session_id": found.session_id,
        "status": found.status,
        "amount_cents": found.cents,
        "currency": CURRENCY,
        "checkout_url": found.pay_at or None,
        "created_at": instant(found.created_at),
        "expires_at": instant(found.expires_at),
    }
    return enveloped(document, status)


def write_taken(told: Told[None]) -> Reply:
    return enveloped({"received": True})


def write_done(told: Told[None]) -> Reply:
    return Reply(200, THANKS, "text/plain; charset=utf-8")


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", TOPUPS, TOP_UP, read_topup, write_made, Auth.SESSION),
    Route("GET", f"{TOPUPS}/{{topup_id}}", SHOW_TOPUP, read_id, write_topup, Auth.SESSION),
    Route("POST", f"{HOME}/webhooks/stripe", PAYMENT_EVENT, read_event, write_taken, Auth.OPEN),
    Route("GET", DONE_PATH, PAYMENT_DONE, no_body, write_done, Auth.OPEN),
)
