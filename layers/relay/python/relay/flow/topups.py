"""Topping up an account by card."""

from __future__ import annotations

from dataclasses import replace

from relay.flow.checkouts import LIFE, begin, gateway, look, new_checkout
from relay.flow.services import Services
from relay.nouns.checkouts import Checkout, CheckoutStatus, TopupRequest
from relay.nouns.errors import AccountFrozen, NotFound, RateLimited

ID_LENGTH = 36  # of a UUID
PAUSE = 5_000  # ms between two questions about one page that its customer makes us ask
MOST = 10  # pages an account may have made in the time one lasts


def top_up(services: Services, account_id: str, wanted: TopupRequest) -> Checkout:
    """A page on which the account's customer pays. Raises Unsupported, AccountFrozen, RateLimited, PaymentsUnavailable;
    nothing is booked before it is paid."""
    gateway(services)
    account = services.store.accounts.get(account_id)
    if account is None or account.frozen:
        raise AccountFrozen
    check_rate(services, account_id)
    fresh = new_checkout(services, account_id, wanted.cents)
    success_url = wanted.success_url or fresh.success_url
    return begin(services, replace(fresh, success_url=success_url, cancel_url=wanted.cancel_url))


def check_rate(services: Services, account_id: str) -> None:
    """Raises RateLimited where an account has too many pages made."""
    made = services.store.checkouts.newest(account_id, MOST)
    wait = made[-1].created_at + LIFE - services.clock() if len(made) == MOST else 0
    if wait > 0:
        raise RateLimited(
            f"{MOST} payment pages an hour can be made", f"每小时最多创建 {MOST} 个支付页面", wait // 1000 + 1
        )


def topup(services: Services, account_id: str, checkout_id: str) -> Checkout:
    """How a top-up stands; Stripe is asked where that is not known, and was not a moment ago. Raises NotFound,
    Unreadable."""
    known = services.store.checkouts.get(account_id, checkout_id) if len(checkout_id) == ID_LENGTH else None
    if known is None or known.invoice:
        raise NotFound("no such top-up", "充值记录不存在")
    if known.status is CheckoutStatus.OPEN and services.clock() >= known.asked_at + PAUSE:
        return look(services, account_id, checkout_id) or known
    return known
