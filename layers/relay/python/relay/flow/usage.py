"""What a key did, by day and model, and what is left of its account's month."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from relay.effects.store.months import first_day, month_of
from relay.effects.store.usages import UsageRow
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.flow.statement import EPOCH
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.errors import BadKey
from relay.nouns.keys import KeyKind
from relay.nouns.usage import DayUsage, KeyUsage, Quota, UsageAsked


def usage(services: Services, caller: Caller, asked: UsageAsked) -> KeyUsage:
    """Of a key that may have been revoked since. Raises NoSuchKey where the account never had it."""
    if services.store.keys.kind(caller.account_id, asked.key_id) is not KeyKind.API:
        raise NoSuchKey
    today = _today(services)
    rows = services.store.usages.of(caller.account_id, asked.key_id, today - asked.days + 1, today)
    return KeyUsage(asked.days, tuple(_in_dollars(row, services.catalog.usd) for row in rows))


def _in_dollars(row: UsageRow, usd: Decimal) -> DayUsage:
    cost = int((row.usage.cost / usd).quantize(Decimal(1), ROUND_HALF_UP))
    return DayUsage(date.fromordinal(EPOCH + row.day), row.model, row.usage._replace(cost=cost))


def quota(services: Services, caller: Caller) -> Quota:
    """Raises BadKey where there is no such account."""
    account = services.store.accounts.get(caller.account_id)
    if account is None:
        raise BadKey
    tier, month = services.catalog.tiers[account.tier], month_of(_today(services))
    before = services.store.lines.spent_before(caller.account_id, first_day(month))
    return Quota(
        tokens=tier.lines.tokens_per_month,
        used=account.month_tokens if account.month == month else 0,
        cost=0 if before is None else account.spent - before,
        keys=account.keys,
        max_keys=tier.max_keys,
        reset=date.fromordinal(EPOCH + first_day(month + 1)),
    )


def _today(services: Services) -> int:
    return services.store.tasks.booking.day(services.clock())
