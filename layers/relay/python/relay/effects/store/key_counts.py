"""What an account row counts of each of its API keys, so that no charge needs another row for it.

`used_<key id>` is nanos spent or reserved, from the key's first charge until it is revoked. `left_<key id>` is nanos it
may still spend, where it has a budget; whatever comes back to `left` is taken off `used`, so their sum changes only
when the owner changes it. `rate_<key id>` counts the creations of a minute, where the key has a limit of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from relay.effects.store.codec import Expression
from relay.effects.store.key_rows import KeyCount, listed_key
from relay.nouns.keys import KeyStatus

USED, LEFT, RATE = COUNTERS = "used_", "left_", "rate_"
_MINUTE = 10**6  # `rate_…` is the minute times this, and the creations in it


class SeenKey(NamedTuple):
    """What a row as last read has of a key: whether it is `counted` and has a budget, and the minute of its last
    creation, of which there were none before it had a limit of them."""

    counted: bool = False
    limited: bool = False
    minute: int = 0


@dataclass(frozen=True, slots=True)
class KeyChange:
    """Conditions on the account row, and what a creation with a key sets in it and adds to it."""

    conditions: list[str]
    put: dict[str, object]
    add: dict[str, object]
    after: SeenKey
    first: bool = False  # charge of this key, or one after it was revoked


def seen_keys(row: Mapping[str, Any]) -> dict[str, SeenKey]:
    ids = {name[len(USED) :] for name in row if name.startswith(COUNTERS)}
    return {
        key: SeenKey(f"{USED}{key}" in row, f"{LEFT}{key}" in row, row.get(f"{RATE}{key}", 0) // _MINUTE) for key in ids
    }


def key_counts(row: Mapping[str, Any]) -> dict[str, KeyCount]:
    """The keys of an account row that are not revoked and were ever charged or given a budget."""
    ids = {name[len(USED) :] for name in row if name.startswith((USED, LEFT))}
    return {key: KeyCount(row.get(f"{USED}{key}", 0), row.get(f"{LEFT}{key}")) for key in ids}


def count_key(
    e: Expression, key_id: str, seen: SeenKey, *, price: int | None, minute: int, per_minute: int
) -> KeyChange:
    """Charge `price` to a key, unless it is None, and count the creation where `per_minute` bounds them."""
    conditions, put, add = list[str](), dict[str, object](), dict[str, object]()
    if price is not None:
        conditions += _as_seen(e, key_id, seen)
        add[f"{USED}{key_id}"] = price
    if price is not None and seen.limited:
        conditions[-1] = f"{e.name(LEFT + key_id)} >= {e.value(price)}"
        add[f"{LEFT}{key_id}"] = -price
    if per_minute:
        rate, begins = f"{RATE}{key_id}", minute * _MINUTE
        name = e.name(rate)
        if minute > seen.minute:
            conditions.append(f"{name} < {e.value(begins)}" if seen.minute else f"attribute_not_exists({name})")
            put[rate] = begins + 1
        else:
            conditions.append(f"{name} BETWEEN {e.value(begins)} AND {e.value(begins + per_minute - 1)}")
            add[rate] = 1
    after = SeenKey(seen.counted or price is not None, seen.limited, minute if per_minute else seen.minute)
    return KeyChange(conditions, put, add, after, first=price is not None and not seen.counted)


def give_back(e: Expression, key_id: str, seen: SeenKey, amount: int, conditions: list[str]) -> Mapping[str, object]:
    """What `amount` nanos that come back add to the row; nothing of a key that was revoked meanwhile. That it is as
    `seen` is added to `conditions`."""
    conditions += _as_seen(e, key_id, seen)
    if not seen.counted:
        return {}
    return {f"{USED}{key_id}": -amount} | ({f"{LEFT}{key_id}": amount} if seen.limited else {})


def key_not_revoked(table: str, account_id: str, key_id: str) -> dict[str, Any]:
    """The step of a transaction that fails where the account has no such key any more."""
    e = Expression()
    there = f"attribute_exists(sk) AND NOT {e.equals('status', KeyStatus.REVOKED)}"
    key = listed_key(account_id, key_id)
    return {"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": there, **e.arguments}}


def used_up(row: Mapping[str, Any], key_id: str, price: int) -> bool:
    left: int | None = row.get(f"{LEFT}{key_id}")
    return left is not None and left < price


def too_often(row: Mapping[str, Any], key_id: str, minute: int, per_minute: int) -> bool:
    at, count = divmod(row.get(f"{RATE}{key_id}", 0), _MINUTE)
    return bool(per_minute) and at >= minute and count >= per_minute


def _as_seen(e: Expression, key_id: str, seen: SeenKey) -> list[str]:
    """The last one is about the budget."""
    return [
        f"attribute_{'' if there else 'not_'}exists({e.name(name + key_id)})"
        for name, there in ((USED, seen.counted), (LEFT, seen.limited))
    ]
