"""Webhooks of Stripe's: hints, whose signature is checked first; what they speak of is then asked about."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from relay.flow.checkouts import gateway, look
from relay.flow.services import Services

CHECKOUTS = "checkout.session."
# What an operator decides about: the money left the relay's account at Stripe, and stays in the customer's balance.
TAKEN_BACK = {"charge.refunded": "CardRefund", "charge.dispute.created": "CardDispute"}

logger = Logger(child=True)


def receive(services: Services, body: bytes, signature: str) -> None:
    """Act on what an event is about. Raises BadInput where it is not Stripe's, Unreadable where Stripe does not say
    how that stands: then it must come again."""
    cards = gateway(services)
    event = cards.read_event(body, signature)
    if event.kind in TAKEN_BACK:
        services.count(TAKEN_BACK[event.kind])
        logger.error("a payment was taken back at Stripe", kind=event.kind, event_id=event.event_id, about=event.about)
        return
    page = cards.page(event.about) if event.kind.startswith(CHECKOUTS) else None
    account_id, checkout_id = (page.facts.get(name, "") for name in ("account", "checkout")) if page else ("", "")
    ours = page and page.facts.get("deployment") == services.deployment
    if not ours or not account_id or not checkout_id or look(services, account_id, checkout_id, page) is None:
        logger.info("event of no payment of ours", kind=event.kind, event_id=event.event_id)
