"""Pages on which customers pay by card: made, asked about, and booked once, whoever learns that one is paid.

A page is written down before it is made. What is booked is what Stripe says of it, when asked with our own key: never
what a webhook or a customer says. The clock asks about each page until it is paid or expired, so that a lost webhook
delays the money and loses none.
"""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.store.accounts import AlreadyBooked
from relay.flow.card_gateway import CardGateway
from relay.flow.services import Services
from relay.flow.settling import settle
from relay.flow.subscriptions import give_up
from relay.nouns.checkouts import CURRENCY, DONE_PATH, Checkout, CheckoutStatus, Page, PageOrder, worth
from relay.nouns.errors import AccountFrozen, InsufficientBalance, InvalidParameter, Unsupported
from relay.nouns.ids import uuid7
from relay.nouns.money import Entry, EntryKind
from relay.nouns.payment_errors import PaymentsUnavailable

LIFE = 3_600_000  # ms until a page expires; Stripe's least is half of it
SLACK = 120_000  # ms after that until it surely has
LOOKS = (1, 3, 10, 30)  # minutes after it was made at which the clock asks, then once it has expired
TOPUP, SUBSCRIPTION = "Credit", "Subscription"  # what customers read on the page

logger = Logger(child=True)


def gateway(services: Services) -> CardGateway:
    """Raises Unsupported where this deployment takes no cards."""
    if services.cards is None:
        raise Unsupported(
            "this relay takes no payments by card: ask its operator to top up your account",
            "本服务不支持在线支付，请联系管理员充值",
        )
    return services.cards


def begin(services: Services, wanted: Checkout) -> Checkout:
    """Make the page that an account is to pay on. Raises Unsupported, PaymentsUnavailable."""
    cards = gateway(services)
    services.store.checkouts.add(wanted)
    page = cards.open_page(_order(services, wanted))
    made = replace(wanted, session_id=page.session_id, pay_at=page.pay_at, version=wanted.version + 1)
    if services.store.checkouts.save(made):
        return made
    return services.store.checkouts.get(wanted.account_id, wanted.checkout_id) or made


def new_checkout(services: Services, account_id: str, cents: int, *, invoice: int = 0) -> Checkout:
    now = services.clock()
    named = account_id, uuid7(now, services.random_bits(74)), cents, CheckoutStatus.OPEN
    done_url = services.public_url + DONE_PATH
    return Checkout(*named, now, now + LIFE, now + LOOKS[0] * 60_000, done_url, invoice=invoice)


def look(services: Services, account_id: str, checkout_id: str, page: Page | None = None) -> Checkout | None:
    """How a checkout stands after Stripe was asked, if it was open; with its `page` where that was asked for already.

    Whatever was paid is booked then. Raises Unreadable.
    """
    before = services.store.checkouts.get(account_id, checkout_id)
    if before is None or before.status is not CheckoutStatus.OPEN:
        return before
    if page and before.session_id not in ("", page.session_id):
        _alarm(services, before)  # another page's news change nothing of this one
        return before
    page = page or _page(services, before)
    after = _after(services, before, page)
    if services.store.checkouts.save(after):
        return after
    return services.store.checkouts.get(account_id, checkout_id)


def _page(services: Services, checkout: Checkout) -> Page | None:
    """Raises Unreadable. Where its making was not answered, or was not written down, its key tells which it is; that
    answer is as old as the page."""
    session_id = checkout.session_id
    if not session_id:
        try:
            session_id = gateway(services).open_page(_order(services, checkout)).session_id
        except (PaymentsUnavailable, InvalidParameter):
            return None
    return gateway(services).page(session_id)


def next_look(now: int, created_at: int, expires_at: int) -> int:
    """When the clock asks next (Unix ms)."""
    looks = (created_at + minutes * 60_000 for minutes in LOOKS)
    return next((at for at in looks if at > now), max(expires_at + SLACK, now + LOOKS[-1] * 60_000))


def _after(services: Services, before: Checkout, page: Page | None) -> Checkout:
    """What the page makes of it; its money is booked when this returns."""
    now = services.clock()
    known = replace(before, version=before.version + 1, asked_at=now)
    if page:
        known = replace(known, session_id=page.session_id, pay_at=page.pay_at or before.pay_at)
    if page and not _agrees(services, before, page):
        return _refused(services, known)
    if page and page.paid:
        _keep_card(services, known, page)
        return (
            replace(known, status=CheckoutStatus.PAID, due_at=None)
            if _book(services, known)
            else _refused(services, known)
        )
    if (page and page.expired) or (page is None and now >= before.expires_at + SLACK):
        if before.invoice:
            give_up(services, before.account_id, before.invoice)
        return replace(known, status=CheckoutStatus.EXPIRED, due_at=None)
    return replace(known, due_at=next_look(now, before.created_at, before.expires_at))


def _agrees(services: Services, checkout: Checkout, page: Page) -> bool:
    """Whether a page is the one that was made for a checkout, of this deployment, account and amount."""
    return page.facts == facts(services, checkout) and (page.cents, page.currency) == (checkout.cents, CURRENCY)


def facts(services: Services, checkout: Checkout) -> dict[str, str]:
    """What a page's metadata say: whose it is."""
    whose = {"account": checkout.account_id, "checkout": checkout.checkout_id}
    return {"deployment": services.deployment, **whose}


def _book(services: Services, checkout: Checkout) -> bool:
    """Whether its money is in the ledger, as it should be."""
    entry = money_in(services, checkout.account_id, checkout.session_id, checkout.cents)
    try:
        if checkout.invoice:
            _pay_invoice(services, checkout, entry)
        else:
            services.store.accounts.top_up(entry.account_id, entry.reference, entry.amount, entry.at)
    except AlreadyBooked:
        return False
    logger.info("paid by card", account_id=checkout.account_id, reference=entry.reference, cents=checkout.cents)
    return True


def _pay_invoice(services: Services, checkout: Checkout, entry: Entry) -> None:
    """Have an invoice paid by what came in for it. Where it cannot be, the money stays in the balance."""
    try:
        settle(services, checkout.account_id, checkout.invoice, entry)
    except (AccountFrozen, InsufficientBalance) as error:
        logger.warning("what was paid stays in the balance", account_id=checkout.account_id, reason=error.message)


def _keep_card(services: Services, checkout: Checkout, page: Page) -> None:
    if page.card:
        services.store.checkouts.keep_card(checkout.account_id, page.card)


def money_in(services: Services, account_id: str, reference: str, cents: int) -> Entry:
    """The ledger entry of cents that were paid by card; the reference is Stripe's id of the payment."""
    amount = worth(cents, services.catalog.usd)
    return Entry(account_id, reference, EntryKind.TOPUP, amount, services.clock())


def _refused(services: Services, checkout: Checkout) -> Checkout:
    _alarm(services, checkout)
    return replace(checkout, status=CheckoutStatus.REFUSED, due_at=None)


def _alarm(services: Services, checkout: Checkout) -> None:
    """What Stripe says was paid is not what was asked for: an operator has to look at both."""
    services.count("PaymentMismatch")
    logger.error(
        "what was paid is not what was asked for; nothing was booked",
        account_id=checkout.account_id,
        checkout_id=checkout.checkout_id,
        session_id=checkout.session_id,
    )


def _order(services: Services, checkout: Checkout) -> PageOrder:
    title = SUBSCRIPTION if checkout.invoice else TOPUP
    return PageOrder(
        key=checkout.checkout_id,
        cents=checkout.cents,
        title=title,
        facts=facts(services, checkout),
        success_url=checkout.success_url,
        cancel_url=checkout.cancel_url,
        expires_at=checkout.expires_at // 1000,
        saves_card=bool(checkout.invoice),
    )
