"""Money that comes in by card: what a customer is asked to pay on a page elsewhere, and what became of that.

Amounts are cents of a US dollar, which is what cards are charged in; instants are Unix ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import ceil
from typing import NamedTuple

from relay.nouns.money import NANOS_PER_CENT, nanos

CARD_METHOD = "stripe"  # paying by card
CURRENCY = "usd"
DONE_PATH = "/api/v1/payments/done"  # of the API: where a browser goes that was sent nowhere else
LEAST_CHARGE = 50  # cents
LEAST_TOPUP, MOST_TOPUP = 100, 1_000_000  # cents


class CheckoutStatus(StrEnum):
    OPEN = "open"  # its customer may still pay
    PAID = "paid"  # and booked
    EXPIRED = "expired"  # nobody can pay it any more
    REFUSED = "refused"  # what was paid is not what was asked for: nothing is booked, and an operator decides


@dataclass(frozen=True, slots=True)
class Checkout:
    """Something that an account is asked to pay. `session_id` and `pay_at` are empty until the page is there.

    `invoice` is the number of the account's invoice that it pays, 0 for a top-up. `due_at` is when the clock asks how
    it stands, None once it is not open any more; `asked_at` is when anybody did.
    """

    account_id: str
    checkout_id: str
    cents: int
    status: CheckoutStatus
    created_at: int
    expires_at: int
    due_at: int | None
    success_url: str = ""
    cancel_url: str = ""
    session_id: str = ""
    pay_at: str = ""
    invoice: int = 0
    asked_at: int = 0
    version: int = 0


class TopupRequest(NamedTuple):
    """A top-up that is asked for, and where its customer's browser goes afterwards."""

    cents: int
    success_url: str = ""
    cancel_url: str = ""


class SavedCard(NamedTuple):
    """A card that may be charged without its holder: ids at the payment service, where the card itself lies."""

    customer: str
    card: str


class PageOrder(NamedTuple):
    """A page to make on which a customer pays. `expires_at` is Unix seconds; `key` makes it safe to ask again."""

    key: str
    cents: int
    title: str
    facts: Mapping[str, str]
    success_url: str
    cancel_url: str
    expires_at: int
    saves_card: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """How a page stands. `facts` are those of its order; `card` is what was saved."""

    session_id: str
    pay_at: str
    paid: bool
    expired: bool
    cents: int
    currency: str
    facts: Mapping[str, str]
    card: SavedCard | None = None


class CardCharge(NamedTuple):
    """A saved card to charge. The same `key` charges it once, however often it is asked; it was first asked at `since`
    (Unix seconds) or later. `only_made`: what was made with the key is looked for, and nothing is charged now."""

    key: str
    since: int
    card: SavedCard
    cents: int
    title: str
    facts: Mapping[str, str]
    only_made: bool = False


class Payment(NamedTuple):
    """What a card was charged; `payment_id` is the payment service's."""

    payment_id: str
    cents: int


class SignedEvent(NamedTuple):
    """A webhook as it came in: the signature covers the very bytes."""

    body: bytes
    signature: str


class PaymentEvent(NamedTuple):
    """What a webhook says has happened, and to which object: a hint."""

    event_id: str
    kind: str
    about: str


def worth(cents: int, usd: Decimal) -> int:
    """Cents of a dollar as nanos of a currency of which `usd` make a dollar."""
    return nanos(Decimal(cents) * usd / 100)


def price_in_cents(amount: int, usd: Decimal) -> int:
    """What a card is charged for so many nanos: whole cents, rounded up, and no less than a card can be charged."""
    return max(LEAST_CHARGE, ceil(Decimal(amount) / (NANOS_PER_CENT * usd)))
