"""Reads command-line arguments: each function returns a checked value, or says what is wrong with the text."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, time
from decimal import Decimal

from relay.nouns.money import NANOS, nanos
from relay.nouns.urls import split_url

LONGEST = 100  # characters of a name or a reference
LONGEST_REASON = 300
LONGEST_ADDRESS = 2048
LARGEST = 999_999_999  # currency units in one movement: more is taken for a typing error

# ASCII digits only: Decimal and int would also take NaN, 1e3, 1_000 and full-width digits
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_NUMBER = re.compile(r"[0-9]{1,4}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def amount(text: str) -> int:
    """Nanos, more than 0."""
    if not _AMOUNT.fullmatch(text):
        raise ArgumentTypeError(
            f"{text!r} is no amount: write plain digits such as 12.50, more than 0 and at most {LARGEST}, "
            "with nine decimals at most (account-debit takes money out)"
        )
    value = nanos(text)
    if not value:
        raise ArgumentTypeError(f"{text!r} is no amount: it must be more than 0")
    return value


def number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no number: write plain digits")
    return int(text)


def day(text: str) -> int:
    """Unix ms of a day's beginning in UTC."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day such as 2027-01-31") from error
    return int(datetime.combine(found, time(), UTC).timestamp()) * 1000


def account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no account id: account-create prints one")
    return text


def hook(text: str) -> str:
    """An https address; whether it is a public one is judged whenever it is told."""
    try:
        parts = split_url(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no address") from error
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or len(text) > LONGEST_ADDRESS:
        raise ArgumentTypeError(f"{text!r} is no address such as https://client.example/hook")
    return text


def line(text: str) -> str:
    """A name or a reference."""
    return _line(text, LONGEST)


def reason(text: str) -> str:
    return _line(text, LONGEST_REASON)


def _line(text: str, longest: int) -> str:
    plain = text.strip()
    if not plain:
        raise ArgumentTypeError("it is empty")
    if len(plain) > longest:
        raise ArgumentTypeError(f"it has {len(plain)} characters; {longest} are allowed")
    if not plain.isprintable():
        raise ArgumentTypeError("it holds a line break or another character that cannot be printed")
    return plain


def money(amount: int, currency: str) -> str:
    """Nanos as text: two decimals, and more only where there is more."""
    whole, _, rest = f"{Decimal(amount) / NANOS:.9f}".partition(".")
    return f"{whole}.{rest[:2]}{rest[2:].rstrip('0')} {currency}"
