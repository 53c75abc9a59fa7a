"""What an account asks about its money and files, and what it is told: the flow builds answers, dialects write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from relay.nouns.money import Entry
from relay.nouns.tiers import Tier


@dataclass(frozen=True, slots=True)
class Statement:
    """Which ledger entries a client wants: both dates are inclusive days at the catalog's offset, `page` is from 1."""

    start_date: date | None = None
    end_date: date | None = None
    platform: str | None = None
    page: int = 1
    page_size: int = 20


@dataclass(frozen=True, slots=True)
class StatementPage:
    """One page of a statement, newest first; `total` counts the entries of all its pages."""

    total: int
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Balance:
    """How an account stands: `balance`, `cost_today` and `spent` are nanos, `used_today` counts the day's creations.

    `spent` is what all its tasks cost, `usd` the units of the catalog's currency for one US dollar.
    """

    balance: int
    tier: Tier
    used_today: int
    cost_today: int
    spent: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as its owner is told of it: `email` is empty where an operator opened it, `lines` counts those of its
    statement."""

    account_id: str
    name: str
    email: str
    frozen: bool
    lines: int
    balance: Balance


class FilePart(NamedTuple):
    """A file as a client sent it. `filename` is only ever shown again: it is no path, nothing is stored under it."""

    filename: str
    body: bytes


class FileLink(NamedTuple):
    """A file that a client has us fetch, what it calls the address, and how the file is shown again."""

    url: str
    field: str
    filename: str


@dataclass(frozen=True, slots=True)
class FormRequest:
    """A large file a client wants to bring: `size` is bytes."""

    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a client's; `size` is bytes, `expires_at` (Unix seconds) is until when `url` works."""

    url: str
    filename: str
    size: int
    content_type: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Form:
    """Where, with which fields and until when (Unix seconds) to POST a large file, and what it will be once checked."""

    upload_url: str
    fields: Mapping[str, str]
    expires_at: int
    upload: Upload
