"""Taking the money of an invoice, once, whoever learns that it is there: a request, a webhook or the clock."""

from __future__ import annotations

from dataclasses import replace

from relay.effects.store.table import LostRace
from relay.flow.services import Services
from relay.nouns.errors import AccountFrozen, Contended, InsufficientBalance
from relay.nouns.money import Entry
from relay.nouns.plans import Invoice, InvoiceStatus, Subscribed, Subscription
from relay.nouns.subscribing import Terms, paid

TRIES = 6  # of a change whose subscription others change meanwhile


def settle(services: Services, account_id: str, number: int, top_up: Entry | None = None) -> Subscribed:
    """Charge an open invoice to the balance, to which `top_up` is added in the same transaction; its period begins.

    Called again it changes nothing. Where the invoice is open no more, or its plan is sold no more, what came in stays
    in the balance; so it does where InsufficientBalance or AccountFrozen is raised. Raises Contended as well.
    """
    for _ in range(TRIES):
        before = services.store.subscriptions.get(account_id)
        invoice = services.store.subscriptions.invoice(account_id, number)
        if before is None or invoice is None:
            raise LookupError(f"{account_id} has no invoice {number}")
        if before.open_invoice != number or invoice.status is not InvoiceStatus.OPEN:
            _keep(services, top_up)
            return Subscribed(before, invoice)
        try:
            return _settle(services, before, invoice, top_up)
        except LostRace:  # the subscription has changed, or the top-up is booked already
            _keep(services, top_up)
            top_up = None
        except (InsufficientBalance, AccountFrozen):
            _keep(services, top_up)
            raise
    raise Contended


def taken_already(services: Services, before: Subscription, invoice: Invoice) -> bool:
    """Whether an open renewal is paid now, because its last try had brought the money although nobody noted it: who
    asked for it was killed, or had no answer. Raises UnknownOutcome."""
    way = services.payments.get(before.method)
    top_up = way.taken(services, invoice, before.tries + 1) if way and invoice.renews else None
    if top_up is None:
        return False
    try:
        return settle(services, invoice.account_id, invoice.number, top_up).subscription.open_invoice != invoice.number
    except (InsufficientBalance, AccountFrozen):
        return False


def open_invoice(services: Services, subscription: Subscription | None) -> Invoice | None:
    if subscription is None or not subscription.open_invoice:
        return None
    return services.store.subscriptions.invoice(subscription.account_id, subscription.open_invoice)


def voided(invoice: Invoice | None) -> Invoice | None:
    return replace(invoice, status=InvoiceStatus.VOID) if invoice else None


def _settle(services: Services, before: Subscription, invoice: Invoice, top_up: Entry | None) -> Subscribed:
    plan = services.catalog.plans.get(invoice.plan_id)
    if plan is None:
        _keep(services, top_up)
        return Subscribed(before, invoice)
    change = paid(before, invoice, plan, Terms(services.clock(), services.catalog.utc_offset), top_up)
    services.store.subscriptions.commit(change)
    return Subscribed(change.after, change.invoice)


def _keep(services: Services, top_up: Entry | None) -> None:
    """Book what came in by itself, unless it is booked."""
    if top_up is not None:
        services.store.accounts.top_up(top_up.account_id, top_up.reference, top_up.amount, top_up.at)
