"""The life of a subscription: what each thing that happens makes of it and of its invoices. Pure; flows commit it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from relay.nouns.money import Entry, EntryKind
from relay.nouns.plans import (
    Invoice,
    InvoiceStatus,
    LineItem,
    Plan,
    Status,
    Subscription,
    a_month_after,
    day_of,
    unused,
)

DAY = 86_400_000  # ms
# Days between tries of a renewal that is not covered: one, three and five days after the first. Then it is given up.
RETRIES = (1, 2, 2)
PENDING_TIME = DAY  # for a first payment that is made elsewhere


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to an account's subscription, in one transaction: `before` is what it must still be.

    `entries` move the account's balance, and `tier` is its new one, where they do. `closed` invoices were open before.
    """

    before: Subscription | None
    after: Subscription
    invoice: Invoice | None = None
    closed: Invoice | None = None
    entries: tuple[Entry, ...] = ()
    tier: int | None = None


class Opened(NamedTuple):
    """A subscription with an invoice that is to be paid now."""

    after: Subscription
    invoice: Invoice


@dataclass(frozen=True, slots=True)
class Terms:
    """What the steps go by: the instant, and where local days begin."""

    now: int
    utc_offset: int


def opened(before: Subscription | None, fresh: Subscription, plan: Plan, terms: Terms) -> Opened:
    """An invoice for a plan that begins when it is paid. `fresh` is the subscription if none goes on; one that does
    stays as it is until then.

    What is left of a period that was paid is taken off.
    """
    going = before if before and before.live else fresh
    credit = unused(before, terms.now) if before else 0
    number = (before.invoices if before else 0) + 1
    after = replace(going, invoices=number, open_invoice=number, tries=0, version=_next(before))
    after = replace(after, retry_at=fresh.retry_at)
    end = a_month_after(terms.now, day_of(terms.now, terms.utc_offset), terms.utc_offset)
    items = [LineItem(f"{plan.name}, one month", plan.price)]
    if before and credit:
        items.append(LineItem(f"unused part of {before.plan_id}", -credit))
    amount = plan.price - credit
    named = after.account_id, number, after.subscription_id, plan.plan_id, InvoiceStatus.OPEN, fresh.method
    costs = amount, plan.price, terms.now, end, terms.now
    return Opened(after, Invoice(*named, *costs, cancels=fresh.cancel_at_period_end, items=tuple(items)))


def renewal(before: Subscription, plan: Plan, terms: Terms) -> Opened:
    """An invoice for the period that follows. Where we are late by more than a period, that is the one that begins now:
    nobody pays at once for periods in which we charged nothing."""
    after = replace(before, invoices=before.invoices + 1, open_invoice=before.invoices + 1, version=_next(before))
    start, anchor, offset = before.period_end, before.anchor_day, terms.utc_offset
    end = a_month_after(start, anchor, offset)
    if end <= terms.now:
        start, end = terms.now, a_month_after(terms.now, day_of(terms.now, offset), offset)
    named = after.account_id, after.invoices, after.subscription_id, plan.plan_id, InvoiceStatus.OPEN, after.method
    items = (LineItem(f"{plan.name}, one month", plan.price),)
    invoice = Invoice(*named, plan.price, plan.price, start, end, terms.now, renews=True, items=items)
    return Opened(replace(after, tries=0), invoice)


def paid(opened: Subscription, invoice: Invoice, plan: Plan, terms: Terms, top_up: Entry | None = None) -> Change:
    """The open invoice is paid from the balance, to which `top_up` may have been added for it: its period begins."""
    start, end = invoice.period_start, invoice.period_end
    if not invoice.renews or end <= terms.now:
        start, end = terms.now, a_month_after(terms.now, day_of(terms.now, terms.utc_offset), terms.utc_offset)
    follows = invoice.renews and start == opened.period_end
    kept = opened
    if not invoice.renews:
        kept = replace(opened, method=invoice.method, cancel_at_period_end=invoice.cancels)
    after = replace(
        kept,
        plan_id=invoice.plan_id,
        status=Status.ACTIVE,
        period_start=start,
        period_end=end,
        anchor_day=opened.anchor_day if follows else day_of(start, terms.utc_offset),
        worth=invoice.worth,
        next_plan="",
        open_invoice=0,
        tries=0,
        retry_at=0,
        version=_next(opened),
    )
    settled = replace(invoice, status=InvoiceStatus.PAID, paid_at=terms.now, period_start=start, period_end=end)
    settled = replace(settled, method=kept.method)
    charge = Entry(invoice.account_id, invoice.invoice_id, EntryKind.SUBSCRIPTION, -invoice.amount, terms.now)
    return Change(opened, after, settled, None, (top_up, charge) if top_up else (charge,), plan.tier)


def unpaid(opened: Subscription, invoice: Invoice, free: Plan, terms: Terms) -> Change:
    """The open invoice of a renewal could not be charged: it is tried again later, or given up."""
    if opened.tries >= len(RETRIES):
        return ended(opened, Status.EXPIRED, free, replace(invoice, status=InvoiceStatus.UNCOLLECTIBLE))
    retry_at = terms.now + RETRIES[opened.tries] * DAY
    after = replace(opened, status=Status.PAST_DUE, tries=opened.tries + 1, retry_at=retry_at, version=_next(opened))
    return Change(opened, after, invoice)


def ended(before: Subscription, status: Status, free: Plan, closed: Invoice | None = None) -> Change:
    """The subscription ends, with whatever was still open."""
    after = replace(before, status=status, open_invoice=0, next_plan="", retry_at=0, version=_next(before))
    return Change(before, after, closed=closed, tier=free.tier if before.live else None)


def begun(before: Subscription | None, fresh: Subscription, plan: Plan, closed: Invoice | None) -> Change:
    """A plan that costs nothing begins."""
    going = replace(before, open_invoice=0, retry_at=0, tries=0) if before and before.live else fresh
    after = replace(
        going,
        plan_id=plan.plan_id,
        status=Status.ACTIVE,
        period_start=fresh.period_start,
        period_end=fresh.period_end,
        anchor_day=fresh.anchor_day,
        worth=0,
        cancel_at_period_end=False,
        next_plan="",
        invoices=before.invoices if before else 0,
        version=_next(before),
    )
    return Change(before, after, closed=closed, tier=plan.tier)


def planned(before: Subscription, *, next_plan: str, cancel: bool, closed: Invoice | None = None) -> Change:
    """What becomes of the subscription when its period ends."""
    kept = before if closed is None else replace(before, open_invoice=0)
    after = replace(kept, next_plan=next_plan, cancel_at_period_end=cancel, version=_next(before))
    return Change(before, after, closed=closed)


def _next(before: Subscription | None) -> int:
    return before.version + 1 if before else 1
