"""Subscribing in the tests: what an account has asked for, and what has become of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from relay.flow.invoices import disagreements
from relay.flow.payments import Awaiting, Collected, Covered, Declined
from relay.flow.services import Services
from relay.flow.subscriptions import cancel, subscribe
from relay.nouns.errors import UnknownOutcome
from relay.nouns.money import Entry, EntryKind, nanos
from relay.nouns.plans import Invoice, Subscribed, Subscription, SubscriptionRequest
from tests.functional.harness import Harness

DAY = 86_400  # seconds
BASIC, PRO, ENTERPRISE = nanos("71.28"), nanos("215.28"), nanos("719.28")  # a month, at 7.20 for a dollar


@dataclass(frozen=True)
class Subscriber:
    """The harness's account, and what it does about its plan."""

    here: Harness

    def subscribe(self, plan_id: str, method: str | None = None, *, auto_renew: bool = True) -> Subscribed:
        return subscribe(self.here.services, self.here.account_id, SubscriptionRequest(plan_id, method, auto_renew))

    def cancel(self) -> Subscription:
        return cancel(self.here.services, self.here.account_id, self.subscription.subscription_id)

    def top_up(self, amount: str, reference: str) -> None:
        self.here.services.store.accounts.top_up(self.here.account_id, reference, nanos(amount), self.here.now[0])

    def freeze(self) -> None:
        self.here.services.store.accounts.change(self.here.account_id, status="frozen")

    def pass_days(self, days: float, step: float = 1) -> None:
        """Let time pass, with the clock and the workers running every `step` days."""
        while days > 0:
            self.here.wait(min(step, days) * DAY)
            self.look()
            days -= step

    def look(self) -> None:
        """The clock looks once, and the workers do what it hands on."""
        self.here.tick()
        while self.here.pump():
            continue

    @property
    def subscription(self) -> Subscription:
        found = self.here.services.store.subscriptions.get(self.here.account_id)
        assert found is not None
        return found

    @property
    def invoices(self) -> list[Invoice]:
        """Oldest first."""
        return list(self.here.services.store.subscriptions.invoices(self.here.account_id))[::-1]

    @property
    def statuses(self) -> list[str]:
        return [invoice.status.value for invoice in self.invoices]

    @property
    def charges(self) -> list[int]:
        """What was taken for plans, oldest first."""
        entries = self.here.services.store.accounts.entries(self.here.account_id)
        return [-each.amount for each in entries if each.kind is EntryKind.SUBSCRIPTION][::-1]

    @property
    def tier(self) -> int:
        account = self.here.services.store.accounts.get(self.here.account_id)
        assert account is not None
        return account.tier

    def agrees(self) -> bool:
        """Whether balance, ledger and invoices say the same."""
        wrong = list(disagreements(self.here.services.store, self.here.account_id))
        assert (wrong, self.here.drift) == ([], 0)
        return True


@dataclass
class Card:
    """A way of paying elsewhere, which does what it is told and remembers it, as services that take cards do."""

    says: str = "covered"
    elsewhere: bool = True
    done: dict[str, Collected] = field(default_factory=dict)  # by what it was asked to charge
    wrote: Callable[[], None] = lambda: None  # told of each charge

    def collect(self, services: Services, invoice: Invoice, try_: int, *, present: bool) -> Collected:
        name = f"{invoice.invoice_id}_{try_}"
        if name not in self.done or not isinstance(self.done[name], Covered):
            entry = Entry(invoice.account_id, f"card_{name}", EntryKind.TOPUP, invoice.amount, services.clock())
            waits: Collected = Awaiting(f"https://pay.example/{name}") if present else Declined("nobody is there")
            self.done[name] = {"covered": Covered(entry), "awaited": waits, "declined": Declined("no")}[self.says]
            self.wrote()
        return self.done[name]

    def taken(self, services: Services, invoice: Invoice, try_: int) -> Entry | None:
        if self.says == "unknown":
            raise UnknownOutcome("nobody answers")
        found = self.done.get(f"{invoice.invoice_id}_{try_}")
        return found.top_up if isinstance(found, Covered) else None

    def can_renew(self, services: Services, account_id: str) -> bool:
        return bool(self.paid())

    def paid(self) -> list[Entry]:
        """What it took from customers."""
        return [each.top_up for each in self.done.values() if isinstance(each, Covered) and each.top_up]


def overtaken(here: Harness, faster: Callable[[], object]) -> Subscriber:
    """The same account at a container that looks at its subscription just before `faster` happens elsewhere, once."""
    store, left = here.services.store.subscriptions, [faster]

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def get(self, account_id: str) -> Subscription | None:
            seen = store.get(account_id)
            if left:
                left.pop()()
            return seen

    slow: Any = Slow()
    services = replace(here.services, store=replace(here.services.store, subscriptions=slow))
    other = copy(here)
    other.services = services
    return Subscriber(other)


def take_cards(here: Harness) -> Card:
    card = Card()
    here.services = replace(here.services, payments={**here.services.payments, "card": card})
    return card
