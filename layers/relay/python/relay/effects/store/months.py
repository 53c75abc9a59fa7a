"""The month that an account's tokens count in: the account row holds its number, and how many are used or reserved."""

from __future__ import annotations

from datetime import date

MONTH, MONTH_TOKENS = "month", "month_tokens"
_EPOCH = date(1970, 1, 1).toordinal()


def month_of(day: int) -> int:
    """The month of a day since the epoch, numbered from the year 0."""
    found = date.fromordinal(_EPOCH + day)
    return found.year * 12 + found.month - 1


def first_day(month: int) -> int:
    """The first day of a month, from the epoch."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH
