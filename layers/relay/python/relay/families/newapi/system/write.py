"""Writing what an account's owner is told: of the account, of its models, and of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from relay.families.dialect import Told
from relay.families.newapi.system.read import KEY_PREFIX
from relay.families.newapi.system.words import (
    DISABLED,
    ENABLED,
    EXHAUSTED,
    EXPIRED,
    NEVER,
    done,
    left_in_quota,
    told,
    used_in_quota,
)
from relay.families.newapi.words import FAMILY
from relay.nouns.account import Profile
from relay.nouns.catalog import Catalog, Listed
from relay.nouns.keys import KeyPage, KeyStatus, ListedKey, NewKey
from relay.nouns.sold import client_name
from relay.nouns.wire import Json, Reply

USER = 1  # the role of whoever is no administrator
MASK = "*" * 10


def write_self(found: Told[Profile]) -> Reply:
    profile, balance = found.found, found.found.balance
    return told(
        {
            "id": int(profile.account_id, 16),
            "username": profile.email or profile.name,
            "display_name": profile.name,
            "role": USER,
            "status": DISABLED if profile.frozen else ENABLED,
            "email": profile.email,
            "group": balance.tier.name,
            "quota": left_in_quota(balance.balance, balance.usd),
            "used_quota": used_in_quota(balance.spent, balance.usd),
            "request_count": profile.lines,
        }
    )


def write_models(found: Told[Sequence[Listed]]) -> Reply:
    return told([each.name for each in found.found if each.allowed])


def write_page(found: Told[KeyPage]) -> Reply:
    page = found.found
    items = [_token(each, found.now, found.catalog) for each in page.keys]
    return told({"page": page.asked.page, "page_size": page.asked.page_size, "total": page.total, "items": items})


def write_search(found: Told[KeyPage]) -> Reply:
    return told([_token(each, found.now, found.catalog) for each in found.found.keys])


def write_token(found: Told[ListedKey]) -> Reply:
    return told(_token(found.found, found.now, found.catalog))


def write_added(found: Told[NewKey]) -> Reply:
    """The key is made, and shown, when it is asked for."""
    return done()


def write_removed(found: Told[ListedKey]) -> Reply:
    return done()


def write_key(found: Told[str]) -> Reply:
    """Without its prefix, which clients put before it; nobody may keep it on the way."""
    reply = told({"key": found.found.removeprefix(KEY_PREFIX)})
    return replace(reply, headers={**reply.headers, "cache-control": "no-store"})


def write_usage(found: Told[ListedKey]) -> Reply:
    """The same of the token that asks: `code` stands where the others have `success`."""
    key, usd = found.found, found.catalog.usd
    used, left = used_in_quota(key.used, usd), _left(key, usd)
    data = {
        "object": "token_usage",
        "name": key.name,
        "total_granted": used + left,
        "total_used": used,
        "total_available": left,
        "unlimited_quota": key.left is None,
        "model_limits": dict.fromkeys(_models(key, found.catalog), True),
        "model_limits_enabled": bool(key.terms.models),
        "expires_at": key.terms.expires_at // 1000,
    }
    return Reply.json({"code": True, "message": "ok", "data": data})


def _token(key: ListedKey, now: int, catalog: Catalog) -> dict[str, Json]:
    return {
        "id": int(key.key_id, 16),
        "user_id": int(key.account_id, 16),
        "key": key.prefix.removeprefix(KEY_PREFIX) + MASK,
        "status": _status(key, now, catalog.usd),
        "name": key.name,
        "created_time": key.created_at // 1000,
        "accessed_time": (key.last_used_at or key.created_at) // 1000,
        "expired_time": key.terms.expires_at // 1000 or NEVER,
        "remain_quota": _left(key, catalog.usd),
        "used_quota": used_in_quota(key.used, catalog.usd),
        "unlimited_quota": key.left is None,
        "model_limits_enabled": bool(key.terms.models),
        "model_limits": ",".join(_models(key, catalog)),
        "allow_ips": "",
        "group": "",
    }


def _status(key: ListedKey, now: int, usd: Decimal) -> int:
    if key.status is not KeyStatus.ACTIVE:
        return DISABLED
    if key.terms.expired(now):
        return EXPIRED
    return EXHAUSTED if key.left is not None and not _left(key, usd) else ENABLED


def _left(key: ListedKey, usd: Decimal) -> int:
    return left_in_quota(key.left or 0, usd)


def _models(key: ListedKey, catalog: Catalog) -> list[str]:
    return [client_name(catalog, FAMILY, name) for name in key.terms.models]
