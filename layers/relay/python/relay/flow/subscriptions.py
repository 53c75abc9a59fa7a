"""Subscribing to a plan, changing it and cancelling it. What the clock does with subscriptions is in `renewals`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from relay.effects.store.table import LostRace
from relay.flow.payments import Awaiting, Declined, Payment, way_to_pay
from relay.flow.plans import free_plan
from relay.flow.services import Services
from relay.flow.settling import TRIES, open_invoice, settle, taken_already, voided
from relay.nouns.errors import Contended, InsufficientBalance, InvalidParameter, NotFound, UnknownOutcome
from relay.nouns.payment_errors import RenewalUnknown
from relay.nouns.plans import (
    BALANCE_METHOD,
    ENDED,
    Invoice,
    Plan,
    Status,
    Subscribed,
    Subscription,
    SubscriptionRequest,
    a_month_after,
    day_of,
)
from relay.nouns.subscribing import PENDING_TIME, Change, Terms, begun, ended, opened, paid, planned

Result = TypeVar("Result")


def subscribe(services: Services, account_id: str, wanted: SubscriptionRequest) -> Subscribed:
    """Have a plan from now on; a cheaper one than the present from the end of its period. Asked again, nothing changes.

    Raises InvalidParameter, InsufficientBalance, AccountFrozen, Contended; then nothing was charged.
    """
    plan = _plan(services, wanted.plan_id)
    if wanted.method is not None:
        way_to_pay(services, wanted.method)
    return _until_won(lambda: _subscribe(services, account_id, wanted, plan))


def _subscribe(services: Services, account_id: str, wanted: SubscriptionRequest, plan: Plan) -> Subscribed:
    before = services.store.subscriptions.get(account_id)
    method = wanted.method or (before.method if before and before.status not in ENDED else BALANCE_METHOD)
    waiting = open_invoice(services, before)
    if before and waiting and taken_already(services, before, waiting):
        return _subscribe(services, account_id, wanted, plan)
    if before and waiting and waiting.plan_id == plan.plan_id:
        return _pay_now(services, before, waiting, method, cancel=not wanted.auto_renew)
    if before and before.status is Status.ACTIVE and _waits(before, plan):
        return _keep(services, before, plan, method, auto_renew=wanted.auto_renew)
    fresh, closed = _fresh(services, account_id, plan, method), voided(waiting)
    if not plan.price:
        change = begun(before, fresh, plan, closed)
        services.store.subscriptions.commit(change)
        return Subscribed(change.after)
    fresh = replace(fresh, cancel_at_period_end=not wanted.auto_renew)
    after, invoice = opened(before, fresh, plan, _terms(services))
    return _charge(services, Change(before, after, invoice, closed), invoice, plan)


def _waits(active: Subscription, plan: Plan) -> bool:
    """Whether the plan changes nothing before the present period ends."""
    return active.plan_id == plan.plan_id or 0 < active.worth >= plan.price


def _charge(services: Services, change: Change, invoice: Invoice, plan: Plan) -> Subscribed:
    """Have the invoice paid that `change` opens."""
    way = way_to_pay(services, invoice.method)
    if way.elsewhere:
        services.store.subscriptions.commit(change)
        return _collect(services, change.after, invoice, way)
    begins = paid(change.after, invoice, plan, _terms(services))
    services.store.subscriptions.commit(replace(begins, before=change.before, closed=change.closed))
    return Subscribed(begins.after, begins.invoice)


def _collect(services: Services, subscription: Subscription, invoice: Invoice, way: Payment) -> Subscribed:
    collected = way.collect(services, invoice, subscription.tries + 1, present=True)
    if isinstance(collected, Declined):
        raise InsufficientBalance("the payment was declined; nothing was charged", "支付失败，未扣款")
    if isinstance(collected, Awaiting):
        return Subscribed(subscription, invoice, collected.pay_at)
    return settle(services, invoice.account_id, invoice.number, collected.top_up)


def _pay_now(services: Services, before: Subscription, invoice: Invoice, method: str, *, cancel: bool) -> Subscribed:
    """Pay what is open, instead of waiting for the next try. What begins a plan changes nothing of one that goes on."""
    after, wanted = before, replace(invoice, method=method, cancels=cancel and not invoice.renews)
    if invoice.renews or not before.live:
        after = replace(before, method=method, cancel_at_period_end=cancel)
    if (after, wanted) != (before, invoice):
        after = replace(after, version=before.version + 1)
        services.store.subscriptions.commit(Change(before, after, wanted))
    return _collect(services, after, wanted, way_to_pay(services, method))


def give_up(services: Services, account_id: str, number: int) -> None:
    """The open invoice that would have begun a plan is paid no more: what there was goes on. Raises Contended."""
    _until_won(lambda: _give_up(services, account_id, number))


def _give_up(services: Services, account_id: str, number: int) -> None:
    before = services.store.subscriptions.get(account_id)
    invoice = open_invoice(services, before)
    if before is None or invoice is None or invoice.number != number or invoice.renews:
        return
    if before.status is Status.PENDING:
        services.store.subscriptions.commit(ended(before, Status.EXPIRED, free_plan(services.catalog), voided(invoice)))
    elif before.status is Status.ACTIVE:
        kept = replace(before, open_invoice=0, version=before.version + 1)
        services.store.subscriptions.commit(Change(before, kept, closed=voided(invoice)))


def _keep(services: Services, before: Subscription, plan: Plan, method: str, *, auto_renew: bool) -> Subscribed:
    """Have the present plan until its period ends, and the wanted one then: the same, a cheaper one, or none."""
    other = plan.plan_id if plan.plan_id != before.plan_id else ""
    if other and not auto_renew:
        problem = "must be true for a plan that begins when the present one's period ends"
        raise InvalidParameter("auto_renew", problem, "降级套餐在本期结束后生效，须为 true")
    if method != before.method and not way_to_pay(services, method).can_renew(services, before.account_id):
        problem = "can pay no renewal yet: it can once a plan has begun with it"
        raise InvalidParameter("payment_method", problem, "尚不能用于续费")
    change = planned(replace(before, method=method), next_plan=other, cancel=not auto_renew and bool(before.worth))
    if replace(change.after, version=before.version) == before:
        return Subscribed(before)
    services.store.subscriptions.commit(replace(change, before=before))
    return Subscribed(change.after)


def cancel(services: Services, account_id: str, subscription_id: str) -> Subscription:
    """End a subscription with the period that is paid; at once where none is. Raises NotFound, Contended."""
    return _until_won(lambda: _cancel(services, account_id, subscription_id))


def _cancel(services: Services, account_id: str, subscription_id: str) -> Subscription:
    before = services.store.subscriptions.get(account_id)
    if before is None or before.subscription_id != subscription_id:
        raise NotFound("no such subscription", "订阅不存在")
    if before.status in ENDED:
        return before
    waiting = open_invoice(services, before)
    if waiting and taken_already(services, before, waiting):
        return _cancel(services, account_id, subscription_id)
    closed = voided(waiting)
    if before.status is Status.ACTIVE and before.worth:
        change = planned(before, next_plan="", cancel=True, closed=closed)
    else:
        change = ended(before, Status.CANCELLED, free_plan(services.catalog), closed)
    services.store.subscriptions.commit(change)
    return change.after


def shown(services: Services, account_id: str) -> list[Subscription]:
    """The account's subscriptions: one at most. Periods of a plan that costs nothing go on by themselves."""
    found = services.store.subscriptions.get(account_id)
    if found is None:
        return []
    now, offset = services.clock(), services.catalog.utc_offset
    while found.status is Status.ACTIVE and not found.worth and found.period_end <= now:
        end = a_month_after(found.period_end, found.anchor_day, offset)
        found = replace(found, period_start=found.period_end, period_end=end)
    return [found]


def _until_won(change: Callable[[], Result]) -> Result:
    for _ in range(TRIES):
        try:
            return change()
        except LostRace:
            continue  # somebody else changed it first: look at what it is now
        except UnknownOutcome as error:
            raise RenewalUnknown from error
    raise Contended


def _plan(services: Services, plan_id: str) -> Plan:
    plan = services.catalog.plans.get(plan_id)
    if plan is None:
        known = ", ".join(services.catalog.plans)
        raise InvalidParameter("plan_id", f"must be one of: {known}", f"必须是以下之一：{known}")
    return plan


def _fresh(services: Services, account_id: str, plan: Plan, method: str) -> Subscription:
    now, offset = services.clock(), services.catalog.utc_offset
    day = day_of(now, offset)
    named = account_id, f"sub_{services.random_bits(64):016x}", plan.plan_id, Status.PENDING, method
    return Subscription(*named, now, now, a_month_after(now, day, offset), day, retry_at=now + PENDING_TIME)


def _terms(services: Services) -> Terms:
    return Terms(services.clock(), services.catalog.utc_offset)
