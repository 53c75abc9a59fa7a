"""Invoices that are paid by card: on a page while the customer is there, and from the card that was saved when not."""

from __future__ import annotations

from dataclasses import dataclass

from relay.flow.checkouts import begin, gateway, look, money_in, new_checkout
from relay.flow.payments import Awaiting, Collected, Covered, Declined
from relay.flow.services import Services
from relay.flow.topups import MOST, check_rate
from relay.nouns import payment_errors
from relay.nouns.checkouts import CardCharge, Checkout, CheckoutStatus, price_in_cents
from relay.nouns.money import Entry
from relay.nouns.plans import Invoice


@dataclass(frozen=True, slots=True)
class ByCard:
    elsewhere: bool = True

    def collect(self, services: Services, invoice: Invoice, try_: int, *, present: bool) -> Collected:
        """Raises PaymentsUnavailable with the customer there, UnknownOutcome without: then the same try is to be made
        again, and its card is charged once."""
        return _on_a_page(services, invoice) if present else _from_the_saved_card(services, invoice, try_)

    def taken(self, services: Services, invoice: Invoice, try_: int) -> Entry | None:
        found = _from_the_saved_card(services, invoice, try_, only_made=True)
        return found.top_up if isinstance(found, Covered) else None

    def can_renew(self, services: Services, account_id: str) -> bool:
        return services.store.checkouts.card(account_id) is not None


def _on_a_page(services: Services, invoice: Invoice) -> Collected:
    """The page that is open for this invoice, or a new one."""
    waiting = _open_page(services, invoice)
    if waiting is None:
        check_rate(services, invoice.account_id)
        cents = price_in_cents(invoice.amount, services.catalog.usd)
        waiting = begin(services, new_checkout(services, invoice.account_id, cents, invoice=invoice.number))
    return Awaiting(waiting.pay_at)


def _open_page(services: Services, invoice: Invoice) -> Checkout | None:
    for made in services.store.checkouts.newest(invoice.account_id, MOST):
        if made.invoice == invoice.number and made.status is CheckoutStatus.OPEN and made.pay_at:
            found = look(services, made.account_id, made.checkout_id)
            return found if found and found.status is CheckoutStatus.OPEN else None
    return None


def _from_the_saved_card(
    services: Services, invoice: Invoice, try_: int, *, only_made: bool = False
) -> Covered | Declined:
    card = services.store.checkouts.card(invoice.account_id)
    if card is None:
        return Declined("no card is saved")
    whose = {"account": invoice.account_id, "invoice": invoice.invoice_id}
    wanted = CardCharge(
        key=f"{invoice.invoice_id}-{try_}",
        since=invoice.issued_at // 1000,
        card=card,
        cents=price_in_cents(invoice.amount, services.catalog.usd),
        title=invoice.items[0].text,
        facts={"deployment": services.deployment, **whose},
        only_made=only_made,
    )
    try:
        payment = gateway(services).charge(wanted)
    except payment_errors.Declined as error:
        return Declined(error.message)
    return Covered(money_in(services, invoice.account_id, payment.payment_id, payment.cents))
