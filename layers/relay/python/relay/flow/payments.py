"""How an invoice is paid: a way of paying says whether the money is there, and `settle` takes it, once.

What every way has in common: the invoice is charged to the account's balance, by a ledger entry whose reference is the
invoice, in the transaction that marks it paid and begins its period. A way that brings money from elsewhere adds it to
the balance in the same transaction, as a top-up under a reference of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from relay.nouns.errors import InvalidParameter
from relay.nouns.money import Entry
from relay.nouns.plans import BALANCE_METHOD, Invoice

if TYPE_CHECKING:
    from relay.flow.services import Services


@dataclass(frozen=True, slots=True)
class Covered:
    """The money is there: `top_up` came in for this invoice, or without one the balance is charged if it suffices."""

    top_up: Entry | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """It is not. `reason` is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Awaiting:
    """The customer has to do something first, at this address."""

    pay_at: str


Collected = Covered | Declined | Awaiting


class Payment(Protocol):
    """A way of paying. `elsewhere`: it moves money outside, so the invoice is stored as open before it is collected.

    `collect` may be called again for the same invoice and try, after a function was killed: then it must find what the
    first call did. `try_` counts from 1. With `present` the customer is there to confirm; without, it is a renewal.
    """

    @property
    def elsewhere(self) -> bool: ...

    def collect(self, services: Services, invoice: Invoice, try_: int, *, present: bool) -> Collected: ...

    def taken(self, services: Services, invoice: Invoice, try_: int) -> Entry | None:
        """What a renewal's `collect` has brought in already, without asking for it now. Raises UnknownOutcome."""

    def can_renew(self, services: Services, account_id: str) -> bool:
        """Whether it could collect from this account without the customer."""


@dataclass(frozen=True, slots=True)
class FromBalance:
    """From what the account was topped up with. The transaction that charges it finds out whether that suffices."""

    elsewhere: bool = False

    def collect(self, services: Services, invoice: Invoice, try_: int, *, present: bool) -> Collected:
        return Covered()

    def taken(self, services: Services, invoice: Invoice, try_: int) -> Entry | None:
        return None

    def can_renew(self, services: Services, account_id: str) -> bool:
        return True


def way_to_pay(services: Services, method: str, field: str = "payment_method") -> Payment:
    """Raises InvalidParameter for `field` where this deployment has no such way."""
    found = services.payments.get(method)
    if found is None:
        known = ", ".join(services.payments)
        raise InvalidParameter(field, f"must be one of: {known}", f"必须是以下之一：{known}")
    return found


BALANCE_ALONE: Mapping[str, Payment] = {BALANCE_METHOD: FromBalance()}
