"""Plans, subscriptions, invoices and top-ups of who has logged in, and what the service that takes cards tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from relay.edge.operations import Ask, Operations, serve
from relay.families.uses import (
    CANCEL_SUBSCRIPTION,
    INVOICES,
    PAYMENT_DONE,
    PAYMENT_EVENT,
    PLANS,
    SHOW_TOPUP,
    SUBSCRIBE,
    SUBSCRIPTIONS,
    TOP_UP,
)
from relay.flow import invoices, payment_events, plans, subscriptions, topups
from relay.flow.services import Services
from relay.nouns.checkouts import Checkout, SignedEvent, TopupRequest
from relay.nouns.plans import InvoicePage, PageRequest, PlanTerms, Subscribed, Subscription, SubscriptionRequest


def offered(ask: Ask[None]) -> Sequence[PlanTerms]:
    return plans.plans(ask.services, ask.caller.dialect)


def subscribe(ask: Ask[SubscriptionRequest]) -> Subscribed:
    return subscriptions.subscribe(_reached(ask), ask.caller.account_id, ask.read())


def subscribed(ask: Ask[None]) -> Sequence[Subscription]:
    return subscriptions.shown(ask.services, ask.caller.account_id)


def cancel(ask: Ask[str]) -> Subscription:
    return subscriptions.cancel(ask.services, ask.caller.account_id, ask.read())


def billed(ask: Ask[PageRequest]) -> InvoicePage:
    return invoices.page(ask.services, ask.caller.account_id, ask.read())


def top_up(ask: Ask[TopupRequest]) -> Checkout:
    return topups.top_up(_reached(ask), ask.caller.account_id, ask.read())


def show_topup(ask: Ask[str]) -> Checkout:
    return topups.topup(ask.services, ask.caller.account_id, ask.read())


def payment_event(ask: Ask[SignedEvent]) -> None:
    payment_events.receive(ask.services, *ask.read())


def payment_done(ask: Ask[None]) -> None:
    ask.read()


def _reached(ask: Ask[Any]) -> Services:
    """The services of a request whose customer is sent away, and back to where this API is reached."""
    return replace(ask.services, public_url=ask.base_url)


OPERATIONS: Operations = dict(
    [
        *(serve(PLANS, offered), serve(SUBSCRIBE, subscribe), serve(SUBSCRIPTIONS, subscribed)),
        *(serve(CANCEL_SUBSCRIPTION, cancel), serve(INVOICES, billed)),
        *(serve(TOP_UP, top_up), serve(SHOW_TOPUP, show_topup)),
        *(serve(PAYMENT_EVENT, payment_event), serve(PAYMENT_DONE, payment_done)),
    ]
)
