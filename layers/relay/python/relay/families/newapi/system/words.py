"""The system group's words: its paths, its unit of money, and the envelope of its answers."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from relay.families.newapi.words import LANGUAGE
from relay.nouns.errors import NotFound, RelayError, WrongMethod
from relay.nouns.money import NANOS
from relay.nouns.wire import Json, Reply

USERS, TOKENS, USAGE = HOMES = "/api/user", "/api/token", "/api/usage"
QUOTA = 500_000  # of its units are a US dollar
NEVER = -1  # seconds: the end of a token that has none
ENABLED, DISABLED, EXPIRED, EXHAUSTED = 1, 2, 3, 4
FIELDS = {"expires_at": "expired_time", "tier": "group"}


def left_in_quota(nanos: int, usd: Decimal) -> int:
    """Money in its unit, rounded down: what is left is never said to be more than it is."""
    return int((Decimal(nanos) / _unit(usd)).to_integral_value(ROUND_FLOOR))


def used_in_quota(nanos: int, usd: Decimal) -> int:
    """Money in its unit, rounded up: with what is left it is what was granted."""
    return int((Decimal(nanos) / _unit(usd)).to_integral_value(ROUND_CEILING))


def nanos_of(quota: int, usd: Decimal) -> int:
    """The least money that is said as so many units."""
    return int((quota * _unit(usd)).to_integral_value(ROUND_CEILING))


def _unit(usd: Decimal) -> Decimal:
    return usd * NANOS / QUOTA


def done() -> Reply:
    """What there is nothing to say of."""
    return Reply.json({"success": True, "message": ""})


def told(data: Json) -> Reply:
    return Reply.json({"success": True, "message": "", "data": data})


def write_refusal(error: RelayError, trace_id: str) -> Reply:
    """A refusal is a 200, whose `message` says why; not so a path that does not exist, too many requests, and what is
    our fault."""
    stands = error.status >= 429 or type(error) in (NotFound, WrongMethod)
    document = {"success": False, "message": error.tell(LANGUAGE), "data": None}
    return Reply.json(document, error.status if stands else 200, error.headers)
