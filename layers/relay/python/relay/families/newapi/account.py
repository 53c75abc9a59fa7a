"""What every client of the family may ask, whichever of its APIs it speaks: the bill."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from relay.families.dialect import AnyRoute, Route, Told, no_body
from relay.families.newapi.words import write_openai_error
from relay.families.uses import BALANCE
from relay.nouns.account import Balance
from relay.nouns.money import NANOS
from relay.nouns.wire import Reply


def write_subscription(told: Told[Balance]) -> Reply:
    """The limits are all that was ever paid in: clients take the usage off them to find what is left."""
    limit = float(_dollars(told.found, told.found.balance + told.found.spent))
    document = {
        "object": "billing_subscription",
        "has_payment_method": True,
        "soft_limit_usd": limit,
        "hard_limit_usd": limit,
        "system_hard_limit_usd": limit,
        "access_until": 0,  # for ever
    }
    return Reply.json(document)


def write_usage(told: Told[Balance]) -> Reply:
    return Reply.json({"object": "list", "total_usage": float(_dollars(told.found, told.found.spent) * 100)})


def _dollars(balance: Balance, amount: int) -> Decimal:
    return (Decimal(amount) / NANOS / balance.usd).quantize(Decimal("0.000001"), ROUND_DOWN)


ROUTES: tuple[AnyRoute, ...] = (
    Route("GET", "/v1/dashboard/billing/subscription", BALANCE, no_body, write_subscription, error=write_openai_error),
    Route("GET", "/v1/dashboard/billing/usage", BALANCE, no_body, write_usage, error=write_openai_error),
)
