"""Plans, an account's subscription to one, and the invoices that charge for it. Amounts are nanos, instants Unix ms."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from relay.nouns.tiers import Tier

BALANCE_METHOD = "balance"  # paying from what the account has been topped up with


@dataclass(frozen=True, slots=True)
class Plan:
    """What may be subscribed to, for a month each time: `price_cents` of a US dollar are `price`; `tier` is what the
    account has meanwhile."""

    plan_id: str
    name: str
    price_cents: int
    price: int
    tier: int
    features: tuple[str, ...] = ()


class Status(StrEnum):
    """Of a subscription. One that is active or past due gives its plan's tier; the last two have ended."""

    PENDING = "pending"  # begins with its first payment, which its customer makes elsewhere
    ACTIVE = "active"
    PAST_DUE = "past_due"  # a renewal is not paid yet, and is tried again
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # never paid, or not paid any more


LIVE = frozenset({Status.ACTIVE, Status.PAST_DUE})
ENDED = frozenset({Status.CANCELLED, Status.EXPIRED})


@dataclass(frozen=True, slots=True)
class Subscription:
    """An account's subscription; it has one at most, and the next one takes its row.

    `worth` is what the current period costs in full, however it was paid. `anchor_day` is the day of the month on which
    periods begin, where a month has it. `invoices` counts the account's invoices, `open_invoice` is the number of the
    one that is not paid, or 0; `tries` says how often it was charged in vain, and `retry_at` when it is charged again,
    or given up where the subscription is pending. `next_plan` begins with the next period.
    """

    account_id: str
    subscription_id: str
    plan_id: str
    status: Status
    method: str
    created_at: int
    period_start: int
    period_end: int
    anchor_day: int
    worth: int = 0
    cancel_at_period_end: bool = False
    next_plan: str = ""
    invoices: int = 0
    open_invoice: int = 0
    tries: int = 0
    retry_at: int = 0
    version: int = 0

    @property
    def latest_invoice(self) -> str:
        """Its id; empty where there was none."""
        return invoice_id(self.account_id, self.invoices) if self.invoices else ""

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def due_at(self) -> int | None:
        """When there is something to do about it; None for one that has ended, or costs nothing."""
        if self.status in (Status.PENDING, Status.PAST_DUE):
            return self.retry_at
        return self.period_end if self.status is Status.ACTIVE and self.worth else None


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"  # something else took its place
    UNCOLLECTIBLE = "uncollectible"


class LineItem(NamedTuple):
    text: str
    amount: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """What one period of a plan costs an account: the sum of its `items`. `worth` is the plan's whole price.

    Numbers count from 1 in each account, without a gap. `renews`: its period follows the one before; else it begins
    when it is paid, and from then on the subscription is paid by its `method` and ends after that period if it
    `cancels`.
    """

    account_id: str
    number: int
    subscription_id: str
    plan_id: str
    status: InvoiceStatus
    method: str
    amount: int
    worth: int
    period_start: int
    period_end: int
    issued_at: int
    renews: bool = False
    cancels: bool = False
    paid_at: int = 0
    items: tuple[LineItem, ...] = ()

    @property
    def invoice_id(self) -> str:
        """Unique among all accounts, and the reference of its ledger entry."""
        return invoice_id(self.account_id, self.number)


def invoice_id(account_id: str, number: int) -> str:
    return f"inv_{account_id}_{number}"


class SubscriptionRequest(NamedTuple):
    """`method` None: as before, or else from the balance."""

    plan_id: str
    method: str | None = None
    auto_renew: bool = True


class Subscribed(NamedTuple):
    """A subscription, its latest invoice where one was made, and where its customer has to pay, if anywhere."""

    subscription: Subscription
    invoice: Invoice | None = None
    pay_at: str = ""


class PlanTerms(NamedTuple):
    """A plan as a list tells of it: with its tier, which says what it allows, and the models that may be called."""

    plan: Plan
    tier: Tier
    models: Sequence[str]


class InvoicePage(NamedTuple):
    """`usd`: units of the catalog's currency for one US dollar."""

    invoices: Sequence[Invoice]
    usd: Decimal


class PageRequest(NamedTuple):
    """A page by its number, from 1."""

    page: int = 1
    page_size: int = 20


def a_month_after(at: int, anchor_day: int, utc_offset: int) -> int:
    """The same local time of the next month, on its `anchor_day` or else its last day."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(timezone(timedelta(hours=utc_offset)))
    year, month = local.year + local.month // 12, local.month % 12 + 1
    day = min(anchor_day, calendar.monthrange(year, month)[1])
    return round(local.replace(year=year, month=month, day=day).timestamp() * 1000)


def day_of(at: int, utc_offset: int) -> int:
    """The local day of the month."""
    return (datetime.fromtimestamp(at / 1000, UTC) + timedelta(hours=utc_offset)).day


def unused(subscription: Subscription, now: int) -> int:
    """What the rest of the current period is worth, by its time, rounded down to a nano."""
    length = subscription.period_end - subscription.period_start
    left = min(max(subscription.period_end - now, 0), length)
    return subscription.worth * left // length if subscription.status is Status.ACTIVE and length > 0 else 0
