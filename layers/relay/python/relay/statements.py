"""What an account asks about its money and what it is told: the store builds these values, dialects write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from relay.catalog import Tier


@dataclass(frozen=True, slots=True)
class Statement:
    """Which ledger entries a client wants: both dates are inclusive days at the catalog's offset, `page` is from 1."""

    start_date: date | None = None
    end_date: date | None = None
    platform: str | None = None
    page: int = 1
    page_size: int = 20


@dataclass(frozen=True, slots=True)
class Balance:
    """How an account stands: `balance` and `cost_today` are nanos, `used_today` counts the day's creations."""

    balance: int
    tier: Tier
    used_today: int
    cost_today: int
