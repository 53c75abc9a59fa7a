"""What AI Hub's developers ask of their month and of each of their keys."""

from __future__ import annotations

import re

from relay.families.aihub.write import enveloped
from relay.families.dialect import AnyRoute, Auth, Route, Told, no_body
from relay.families.uses import KEY_USAGE, QUOTA
from relay.nouns.catalog import Catalog
from relay.nouns.errors import InvalidParameter
from relay.nouns.money import NANOS
from relay.nouns.usage import KeyUsage, Quota, Usage, UsageAsked
from relay.nouns.wire import Inbound, Json, Reply

KEYS = "/api/v1/developer/keys"
DAYS, MOST_DAYS = 30, 366


def read_usage(inbound: Inbound, catalog: Catalog) -> UsageAsked:
    said = inbound.query.get("days", str(DAYS))
    if not re.fullmatch("[0-9]{1,3}", said) or not 1 <= int(said) <= MOST_DAYS:
        raise InvalidParameter(
            "days", f"must be a whole number from 1 to {MOST_DAYS}", f"必须是 1 到 {MOST_DAYS} 的整数"
        )
    return UsageAsked(inbound.params["key_id"], int(said))


def write_usage(told: Told[KeyUsage]) -> Reply:
    found, total = told.found, told.found.total
    return enveloped(
        {
            "period_days": found.days,
            "total_requests": total.requests,
            "total_tokens": total.tokens,
            "total_cost": total.cost / NANOS,
            "avg_response_time": round(total.ms / total.requests, 2) if total.requests else 0.0,
            "success_rate": round(100 * total.ok / total.requests, 2) if total.requests else 0.0,
            "model_usage": {model: _used(usage) for model, usage in found.by_model.items()},
            "daily_usage": {day.isoformat(): _used(usage) for day, usage in found.by_day.items()},
        }
    )


def _used(usage: Usage) -> Json:
    return {"requests": usage.requests, "tokens": usage.tokens, "cost": usage.cost / NANOS}


def write_quota(told: Told[Quota]) -> Reply:
    found = told.found
    return enveloped(
        {
            "monthly_quota": found.tokens,
            "monthly_used": found.used,
            "monthly_remaining": max(0, found.tokens - found.used),
            "monthly_usage_percent": round(100 * found.used / found.tokens, 2) if found.tokens else 100.0,
            "monthly_cost": float(round(found.cost / told.catalog.usd / NANOS, 9)),
            "active_api_keys": found.keys,
            "max_api_keys": found.max_keys,
            "reset_date": found.reset.isoformat(),
        }
    )


ROUTES: tuple[AnyRoute, ...] = (
    Route("GET", f"{KEYS}/quota", QUOTA, no_body, write_quota, Auth.SESSION),
    Route("GET", f"{KEYS}/keys/{{key_id}}/usage", KEY_USAGE, read_usage, write_usage, Auth.SESSION),
)
