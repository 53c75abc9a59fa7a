"""How API keys are kept: the directory's row that a key is found by, and the account's row that lists it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from relay.effects.store.codec import Expression, Item, pack
from relay.nouns.keys import KeyKind, KeyStatus, KeyTerms, ListedKey

LISTED = "KEY#"  # sort key of the rows that list an account's keys


class KeyCount(NamedTuple):
    """`used` is nanos spent or reserved, `left` nanos that may still be spent; None: whatever the account has."""

    used: int = 0
    left: int | None = None


_TERMS = {each.name: each.default for each in fields(KeyTerms)}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is known of a key that somebody sent."""

    account_id: str
    key_id: str
    status: KeyStatus
    kind: KeyKind
    terms: KeyTerms


def lookup_key(digest: str) -> Item:
    return {"lookup": pack(f"key#{digest}")}


def used_key(account_id: str, key_id: str) -> Item:
    """Of the row that says when a key was used last."""
    return {"lookup": pack(f"used#{account_id}#{key_id}")}


def listed_key(account_id: str, key_id: str) -> Item:
    return {"account_id": pack(account_id), "sk": pack(f"{LISTED}{key_id}")}


def known_values(account_id: str, key: ListedKey, digest: str) -> dict[str, object]:
    """What a key is found by."""
    row: dict[str, object] = {"lookup": f"key#{digest}", "account_id": account_id, "key_id": key.key_id}
    return row | {"status": key.status, "kind": key.kind, "terms": write_terms(key.terms)}


def read_known(row: Mapping[str, Any]) -> KeyRow:
    kind = KeyKind(row.get("kind", KeyKind.API))
    return KeyRow(row["account_id"], row["key_id"], KeyStatus(row["status"]), kind, read_terms(row))


def listed_values(account_id: str, key: ListedKey) -> dict[str, object]:
    """How an account lists a key."""
    row: dict[str, object] = {"account_id": account_id, "sk": f"{LISTED}{key.key_id}", "name": key.name}
    row |= {"prefix": key.prefix, "created_at": key.created_at, "status": key.status, "kind": key.kind}
    return row | {"terms": write_terms(key.terms)}


def write_terms(terms: KeyTerms) -> str:
    said = {name: value for name, value in asdict(terms).items() if value != _TERMS[name]}
    return json.dumps(said, separators=(",", ":"))


def read_terms(row: Mapping[str, Any]) -> KeyTerms:
    said: dict[str, Any] = json.loads(row.get("terms", "{}"))
    for name in said.keys() & {"dialects", "models"}:
        said[name] = tuple(said[name])
    return KeyTerms(**said)


def read_listed(row: Mapping[str, Any], uses: Mapping[str, int], counts: Mapping[str, KeyCount]) -> ListedKey:
    key_id = row["sk"].removeprefix(LISTED)
    count = counts.get(key_id, KeyCount())
    return ListedKey(
        key_id,
        row.get("name", ""),
        row["prefix"],
        KeyStatus(row["status"]),
        row.get("created_at", 0),
        row.get("revoked_at", 0),
        uses.get(key_id, 0),
        KeyKind(row.get("kind", KeyKind.API)),
        read_terms(row),
        count.used,
        count.left,
        row["account_id"],
    )


def as_seen(e: Expression, row: Mapping[str, Any]) -> str:
    """That a row which lists a key is as it was read."""
    return " AND ".join(
        e.equals(name, row[name]) if name in row else f"attribute_not_exists({e.name(name)})"
        for name in ("digest", "status", "name", "terms")
    )
