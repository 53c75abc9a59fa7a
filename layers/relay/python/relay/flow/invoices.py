"""An account's invoices by page, and whether they agree with its ledger."""

from __future__ import annotations

from collections.abc import Iterator

from relay.effects.store import Store
from relay.flow.services import Services
from relay.nouns.money import EntryKind
from relay.nouns.plans import InvoicePage, InvoiceStatus, PageRequest


def page(services: Services, account_id: str, wanted: PageRequest) -> InvoicePage:
    """The wanted page, newest first. Invoices are numbered without a gap, so that only its own rows are read."""
    subscription = services.store.subscriptions.get(account_id)
    newest = (subscription.invoices if subscription else 0) - (wanted.page - 1) * wanted.page_size
    found = services.store.subscriptions.invoices(account_id, newest, wanted.page_size) if newest > 0 else ()
    return InvoicePage(list(found), services.catalog.usd)


def disagreements(store: Store, account_id: str) -> Iterator[str]:
    """What is wrong between an account's invoices and its ledger: a paid invoice is one entry of its very amount."""
    kind = EntryKind.SUBSCRIPTION
    charged = {entry.reference: -entry.amount for entry in store.accounts.entries(account_id) if entry.kind is kind}
    subscription, count = store.subscriptions.get(account_id), 0
    for invoice in store.subscriptions.invoices(account_id):
        count += 1
        amount = charged.pop(invoice.invoice_id, None)
        if sum(item.amount for item in invoice.items) != invoice.amount:
            yield f"{invoice.invoice_id}: its items are not its amount"
        if invoice.status is InvoiceStatus.PAID and amount != invoice.amount:
            yield f"{invoice.invoice_id} is paid with {invoice.amount} nanos, and the ledger has {amount}"
        if invoice.status is not InvoiceStatus.PAID and amount is not None:
            yield f"{invoice.invoice_id} is {invoice.status}, and the ledger has {amount} nanos for it"
    yield from (f"{reference} is charged, and there is no such invoice" for reference in charged)
    if count != (subscription.invoices if subscription else 0):
        yield f"there are {count} invoices, and the subscription counts another number"
