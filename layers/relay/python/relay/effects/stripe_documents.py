"""What we send Stripe and read of its answers, by the version of its API that the library asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from relay.nouns.checkouts import CURRENCY, CardCharge, Page, PageOrder, SavedCard
from relay.nouns.wire import Json

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsPaymentIntentData

KEY = "key"  # where a payment's metadata has the key it was made with


def write_session(order: PageOrder) -> SessionCreateParams:
    paid: SessionCreateParamsPaymentIntentData = {"metadata": dict(order.facts), "description": order.title}
    document: SessionCreateParams = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],  # others may take days until they are paid
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": CURRENCY,
                    "unit_amount": order.cents,
                    "product_data": {"name": order.title},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},  # what is paid is what was asked for
        "wallet_options": {"link": {"display": "never"}},  # what that saves is no card
        "success_url": order.success_url,
        "expires_at": order.expires_at,
        "metadata": dict(order.facts),
        "payment_intent_data": paid,
    }
    if order.cancel_url:
        document["cancel_url"] = order.cancel_url
    if order.saves_card:
        paid["setup_future_usage"] = "off_session"
        document["customer_creation"] = "always"
    return document


def write_intent(wanted: CardCharge) -> PaymentIntentCreateParams:
    return {
        "amount": wanted.cents,
        "currency": CURRENCY,
        "customer": wanted.card.customer,
        "payment_method": wanted.card.card,
        "allowed_payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "description": wanted.title,
        "metadata": {**wanted.facts, KEY: wanted.key},
    }


def read_page(session: Mapping[str, Json]) -> Page:
    intent = session["payment_intent"] if isinstance(session["payment_intent"], dict) else {}
    saved = intent.get("setup_future_usage") == "off_session"
    return Page(
        session_id=session["id"],
        pay_at=session["url"] or "",
        paid=session["status"] == "complete" and session["payment_status"] == "paid",
        expired=session["status"] == "expired",
        cents=session["amount_total"],
        currency=session["currency"],
        facts=read_facts(session),
        card=SavedCard(session["customer"], intent["payment_method"]) if saved else None,
    )


def read_facts(made: Mapping[str, Json]) -> dict[str, str]:
    return dict(made["metadata"] or {})
