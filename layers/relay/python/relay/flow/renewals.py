"""The renew worker: what is due of a subscription is done, once, however late and however often it is told.

A renewal is charged for one period. Not covered, it stays open and is tried again after one, three and five days, while
the account keeps its tier; then the subscription expires.
"""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.store.table import LostRace
from relay.flow.payments import Collected, Covered, Declined, Payment
from relay.flow.plans import free_plan
from relay.flow.services import Services
from relay.flow.settling import TRIES, open_invoice, settle, taken_already, voided
from relay.nouns.errors import Contended, InsufficientBalance
from relay.nouns.plans import Invoice, InvoiceStatus, Status, Subscription, a_month_after
from relay.nouns.subscribing import Change, Terms, begun, ended, paid, renewal, unpaid

logger = Logger(child=True)


def renew(services: Services, account_id: str) -> None:
    """Do what is due of an account's subscription; nothing where nothing is. Raises Contended."""
    for _ in range(TRIES):
        before = services.store.subscriptions.get(account_id)
        if before is None or before.due_at is None or services.clock() < before.due_at:
            return
        try:
            _renew(services, before)
        except LostRace:
            continue  # somebody else was faster: look at what is due now
        return
    raise Contended


def _renew(services: Services, before: Subscription) -> None:
    waiting, terms = open_invoice(services, before), _terms(services)
    end = _end(services, before, waiting)
    if end and waiting and taken_already(services, before, waiting):
        return
    if end:
        left = InvoiceStatus.UNCOLLECTIBLE if waiting and waiting.renews else InvoiceStatus.VOID
        closed = replace(waiting, status=left) if waiting else None
        services.store.subscriptions.commit(ended(before, end, free_plan(services.catalog), closed))
        logger.info("subscription ended", account_id=before.account_id, status=end.value)
        return
    if waiting and waiting.renews:
        _charge(services, Change(before, before), waiting)
        return
    plan = services.catalog.plans[before.next_plan or before.plan_id]
    if plan.price:
        after, invoice = renewal(before, plan, terms)
        _charge(services, Change(before, after, invoice, voided(waiting)), invoice)
        return
    end_of_free = a_month_after(before.period_end, before.anchor_day, terms.utc_offset)
    fresh = replace(before, period_start=before.period_end, period_end=end_of_free)
    services.store.subscriptions.commit(begun(before, fresh, plan, voided(waiting)))


def _end(services: Services, before: Subscription, waiting: Invoice | None) -> Status | None:
    """How the subscription ends now; None where it goes on."""
    account = services.store.accounts.get(before.account_id)
    if before.status is Status.PENDING or account is None or account.frozen:
        return Status.EXPIRED
    if before.status is Status.PAST_DUE and not (waiting and waiting.renews):
        return Status.EXPIRED  # another plan was wanted instead, and its customer did not pay
    if before.status is Status.ACTIVE and before.cancel_at_period_end:
        return Status.CANCELLED
    plan_id = before.next_plan or before.plan_id
    if plan_id not in services.catalog.plans:
        logger.error("the plan is sold no more, so the subscription ends", account_id=account.account_id, plan=plan_id)
        return Status.EXPIRED
    return None


def _charge(services: Services, change: Change, invoice: Invoice) -> None:
    """Charge the invoice of a renewal, which `change` opens unless it is open already; or note that it was in vain."""
    way = services.payments.get(change.after.method)
    if way and way.elsewhere and change.invoice:
        services.store.subscriptions.commit(change)
        change = Change(change.after, change.after)
    collected = _collected(services, way, invoice, change.after.tries + 1)
    if isinstance(collected, Covered):
        try:
            _paid(services, change, invoice, collected)
        except InsufficientBalance:
            collected = Declined("the balance is too small")
        else:
            return
    logger.warning("renewal not paid", invoice=invoice.invoice_id, tries=change.after.tries + 1, why=repr(collected))
    failed = unpaid(change.after, invoice, free_plan(services.catalog), _terms(services))
    services.store.subscriptions.commit(replace(failed, before=change.before, closed=failed.closed or change.closed))


def _collected(services: Services, way: Payment | None, invoice: Invoice, try_: int) -> Collected:
    if way is None:
        return Declined("this way of paying is switched off")
    return way.collect(services, invoice, try_, present=False)


def _paid(services: Services, change: Change, invoice: Invoice, collected: Covered) -> None:
    """Raises LostRace, InsufficientBalance."""
    if collected.top_up:
        settle(services, invoice.account_id, invoice.number, collected.top_up)
        return
    plan = services.catalog.plans[invoice.plan_id]
    begins = paid(change.after, invoice, plan, _terms(services))
    services.store.subscriptions.commit(replace(begins, before=change.before, closed=change.closed))


def _terms(services: Services) -> Terms:
    return Terms(services.clock(), services.catalog.utc_offset)
