"""AI Hub's API keys: made, listed and revoked by the developer who logged in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from relay.families.aihub.words import FAMILY
from relay.families.aihub.write import enveloped, instant
from relay.families.bodies import Body, printable, read_body, read_json
from relay.families.dialect import AnyRoute, Auth, Route, Told, no_body
from relay.families.uses import ADD_KEY, KEYS, REVOKE_KEY
from relay.nouns.catalog import Catalog
from relay.nouns.errors import InvalidParameter
from relay.nouns.keys import KeyRequest, KeyStatus, KeyTerms, ListedKey, NewKey
from relay.nouns.money import nanos
from relay.nouns.sold import catalog_name, client_name
from relay.nouns.wire import Inbound, Json, Reply

HOME = "/api/v1/developer/keys/keys"
MOST_PER_MINUTE = 100_000  # beyond any tier's: more is taken for a mistake
MOST_DOLLARS = 1_000_000
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)  # later instants cannot be written

Word = Annotated[str, Field(max_length=100), AfterValidator(printable)]


class _Key(Body):
    """Beside the documented fields: the dialects it is for, reading only, and what it may spend in all."""

    name: Word
    allowed_models: Annotated[list[Word], Field(max_length=100)] | None = None
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=MOST_PER_MINUTE)] | None = None
    expires_at: str | None = None
    allowed_dialects: Annotated[list[Word], Field(max_length=20)] | None = None
    read_only: bool = False
    spend_limit_usd: Annotated[float, Field(gt=0, le=MOST_DOLLARS)] | None = None


def read_key(inbound: Inbound, catalog: Catalog) -> KeyRequest:
    body = read_body(_Key, read_json(inbound))
    terms = KeyTerms(
        dialects=_dialects(body.allowed_dialects or [], catalog),
        models=_models(body.allowed_models or [], catalog),
        read_only=body.read_only,
        per_minute=body.rate_limit_per_minute or 0,
        expires_at=_instant(body.expires_at) if body.expires_at is not None else 0,
    )
    budget = None if body.spend_limit_usd is None else nanos(str(body.spend_limit_usd)) * catalog.usd
    return KeyRequest(body.name.strip(), terms, None if budget is None else int(budget))


def _models(names: Sequence[str], catalog: Catalog) -> tuple[str, ...]:
    found = [catalog_name(catalog, FAMILY, name) for name in names]
    for number, name in enumerate(found):
        if name is None:
            raise InvalidParameter(f"allowed_models[{number}]", "is no model that is sold here", "不是可用的模型")
    return tuple(dict.fromkeys(name for name in found if name))


def _dialects(names: Sequence[str], catalog: Catalog) -> tuple[str, ...]:
    for number, name in enumerate(names):
        if name not in catalog.menus:
            there = ", ".join(sorted(catalog.menus))
            raise InvalidParameter(f"allowed_dialects[{number}]", f"is none of {there}", f"可选值：{there}")
    return tuple(dict.fromkeys(names))


def _instant(text: str) -> int:
    """Unix ms of an ISO 8601 instant, which must say its time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not datetime.fromtimestamp(0, UTC) < found < FOREVER:
        problem = "must be an instant with its time zone, like 2027-01-31T00:00:00Z"
        raise InvalidParameter("expires_at", problem, "格式应为 2027-01-31T00:00:00Z")
    return int(found.timestamp() * 1000)


def read_key_id(inbound: Inbound, catalog: Catalog) -> str:
    return inbound.params["key_id"]


def write_new_key(told: Told[NewKey]) -> Reply:
    """The one answer that holds the key itself; nobody may keep it on the way."""
    reply = enveloped({**_key(told.found.listed, told), "key": told.found.api_key}, 201)
    return replace(reply, headers={**reply.headers, "cache-control": "no-store"})


def write_keys(told: Told[Sequence[ListedKey]]) -> Reply:
    return enveloped([_key(each, told) for each in told.found])


def write_revoked(told: Told[ListedKey]) -> Reply:
    return enveloped({**_key(told.found, told), "status": KeyStatus.REVOKED})


def _key(key: ListedKey, told: Told[Any]) -> dict[str, Json]:
    expired = key.status is KeyStatus.ACTIVE and key.terms.expired(told.now)
    return {
        "id": key.key_id,
        "name": key.name,
        "key_prefix": key.prefix,
        "status": "expired" if expired else key.status,
        "allowed_models": [client_name(told.catalog, FAMILY, model) for model in key.terms.models],
        "allowed_dialects": list(key.terms.dialects),
        "read_only": key.terms.read_only,
        "rate_limit_per_minute": key.terms.per_minute or None,
        "created_at": instant(key.created_at),
        "expires_at": instant(key.terms.expires_at) if key.terms.expires_at else None,
        "last_used_at": instant(key.last_used_at) if key.last_used_at else None,
    }


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", HOME, ADD_KEY, read_key, write_new_key, Auth.SESSION),
    Route("GET", HOME, KEYS, no_body, write_keys, Auth.SESSION),
    Route("DELETE", f"{HOME}/{{key_id}}", REVOKE_KEY, read_key_id, write_revoked, Auth.SESSION),
)
