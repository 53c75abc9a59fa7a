"""Plans, subscriptions and invoices of who has logged in."""

from __future__ import annotations

from collections.abc import Sequence

from relay.edge.operations import Ask, Operations, serve
from relay.families.uses import CANCEL_SUBSCRIPTION, INVOICES, PLANS, SUBSCRIBE, SUBSCRIPTIONS
from relay.flow import invoices, plans, subscriptions
from relay.nouns.plans import InvoicePage, PageRequest, PlanTerms, Subscribed, Subscription, SubscriptionRequest


def offered(ask: Ask[None]) -> Sequence[PlanTerms]:
    return plans.plans(ask.services, ask.caller.dialect)


def subscribe(ask: Ask[SubscriptionRequest]) -> Subscribed:
    return subscriptions.subscribe(ask.services, ask.caller.account_id, ask.read())


def subscribed(ask: Ask[None]) -> Sequence[Subscription]:
    return subscriptions.shown(ask.services, ask.caller.account_id)


def cancel(ask: Ask[str]) -> Subscription:
    return subscriptions.cancel(ask.services, ask.caller.account_id, ask.read())


def billed(ask: Ask[PageRequest]) -> InvoicePage:
    return invoices.page(ask.services, ask.caller.account_id, ask.read())


OPERATIONS: Operations = dict(
    [
        *(serve(PLANS, offered), serve(SUBSCRIBE, subscribe), serve(SUBSCRIPTIONS, subscribed)),
        *(serve(CANCEL_SUBSCRIPTION, cancel), serve(INVOICES, billed)),
    ]
)
