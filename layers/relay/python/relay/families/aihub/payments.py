"""AI Hub's plans, subscriptions and invoices. Cents are of a US dollar; what an invoice takes is exact to the nano."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from relay.families.aihub.write import enveloped, instant
from relay.families.bodies import Body, read_body, read_json
from relay.families.dialect import AnyRoute, Auth, Route, Told, no_body
from relay.families.uses import CANCEL_SUBSCRIPTION, INVOICES, PLANS, SUBSCRIBE, SUBSCRIPTIONS
from relay.nouns.catalog import Catalog
from relay.nouns.money import cents
from relay.nouns.plans import (
    Invoice,
    InvoicePage,
    PageRequest,
    PlanTerms,
    Subscribed,
    Subscription,
    SubscriptionRequest,
)
from relay.nouns.wire import Inbound, Json, Reply

HOME = "/api/v1/payments"
CURRENCY = "USD"
Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Subscribe(Body):
    plan_id: Name
    payment_method: Name | None = None
    auto_renew: bool = True


class _Page(Body):
    """Of a query, whose values are texts."""

    page: Annotated[int, Field(strict=False, ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(strict=False, ge=1, le=100)] = 20


def read_subscribe(inbound: Inbound, catalog: Catalog) -> SubscriptionRequest:
    body = read_body(_Subscribe, read_json(inbound))
    return SubscriptionRequest(body.plan_id, body.payment_method, body.auto_renew)


def read_subscription_id(inbound: Inbound, catalog: Catalog) -> str:
    return inbound.params["subscription_id"]


def read_page(inbound: Inbound, catalog: Catalog) -> PageRequest:
    body = read_body(_Page, inbound.query)
    return PageRequest(body.page, body.page_size)


def write_plans(told: Told[Sequence[PlanTerms]]) -> Reply:
    return enveloped([_plan(each) for each in told.found])


def write_subscribed(told: Told[Subscribed]) -> Reply:
    page = {"checkout_url": told.found.pay_at} if told.found.pay_at else {}
    return enveloped({**_subscription(told.found.subscription), **page})


def write_subscription(told: Told[Subscription]) -> Reply:
    return enveloped(_subscription(told.found))


def write_subscriptions(told: Told[Sequence[Subscription]]) -> Reply:
    return enveloped([_subscription(each) for each in told.found])


def write_invoices(told: Told[InvoicePage]) -> Reply:
    return enveloped([_invoice(each, told.found.usd) for each in told.found.invoices])


def _plan(terms: PlanTerms) -> Json:
    plan, lines = terms.plan, terms.tier.lines
    return {
        "id": plan.plan_id,
        "name": plan.name,
        "price_cents": plan.price_cents,
        "currency": CURRENCY,
        "interval": "month",
        "requests_per_minute": lines.per_minute,
        "monthly_tokens": lines.tokens_per_month,
        "max_api_keys": terms.tier.max_keys,
        "models": list(terms.models),
        "features": list(plan.features),
    }


def _subscription(found: Subscription) -> dict[str, Json]:
    return {
        "id": found.subscription_id,
        "plan_id": found.plan_id,
        "status": found.status.value,
        "current_period_start": instant(found.period_start),
        "current_period_end": instant(found.period_end),
        "cancel_at_period_end": found.cancel_at_period_end,
        "next_plan_id": found.next_plan or None,
        "payment_method": found.method,
        "latest_invoice_id": found.latest_invoice or None,
    }


def _invoice(invoice: Invoice, usd: Decimal) -> Json:
    return {
        "id": invoice.invoice_id,
        "number": f"{invoice.number:06}",
        "subscription_id": invoice.subscription_id,
        "amount_cents": _cents(invoice.amount, usd),
        "currency": CURRENCY,
        "status": invoice.status.value,
        "period_start": instant(invoice.period_start),
        "period_end": instant(invoice.period_end),
        "issued_at": instant(invoice.issued_at),
        "paid_at": instant(invoice.paid_at) if invoice.paid_at else None,
        "line_items": list(_line_items(invoice, usd)),
    }


def _line_items(invoice: Invoice, usd: Decimal) -> Iterator[Json]:
    """Rounded so that they add up to the invoice: the last is what the others leave."""
    left = _cents(invoice.amount, usd)
    for item in invoice.items[:-1]:
        rounded = _cents(item.amount, usd)
        left -= rounded
        yield {"description": item.text, "amount_cents": rounded}
    yield from ({"description": item.text, "amount_cents": left} for item in invoice.items[-1:])


def _cents(amount: int, usd: Decimal) -> int:
    return cents(int(amount / usd))


ROUTES: tuple[AnyRoute, ...] = (
    Route("GET", f"{HOME}/plans", PLANS, no_body, write_plans, Auth.SESSION),
    Route("POST", f"{HOME}/subscriptions", SUBSCRIBE, read_subscribe, write_subscribed, Auth.SESSION),
    Route("GET", f"{HOME}/subscriptions", SUBSCRIPTIONS, no_body, write_subscriptions, Auth.SESSION),
    Route(
        *("DELETE", f"{HOME}/subscriptions/{{subscription_id}}", CANCEL_SUBSCRIPTION),
        *(read_subscription_id, write_subscription, Auth.SESSION),
    ),
    Route("GET", f"{HOME}/invoices", INVOICES, read_page, write_invoices, Auth.SESSION),
)
