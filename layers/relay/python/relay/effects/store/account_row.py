"""The account row: its key, the update that changes it, and what a container remembers of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.effects.store.codec import Expression, Item, pack
from relay.effects.store.key_counts import SeenKey, seen_keys
from relay.effects.store.months import MONTH

DAY_SECONDS = 86_400
LINES = "lines"  # all of an account's statement lines; a platform's are `lines_<platform>`
SPENT = "spent"  # nanos charged by statement lines, less those released


@dataclass(frozen=True, slots=True)
class Windows:
    """The minute and the day (counted from the epoch, days in local time) in which a creation counts."""

    minute: int
    day: int

    @classmethod
    def at(cls, now: int, utc_offset: int) -> Windows:
        seconds = now // 1000
        return cls(seconds // 60, (seconds + utc_offset * 3600) // DAY_SECONDS)


def counter(platform: str | None) -> str:
    return f"{LINES}_{platform}" if platform else LINES


def counters(row: Mapping[str, Any]) -> dict[str, int]:
    """The counters in an account row, or in the row of a block."""
    return {name: value for name, value in row.items() if name.startswith(LINES) or name == SPENT}


@dataclass(frozen=True, slots=True)
class Seen:
    """An account row as last read: its windows, open block, counters and API keys. It may have changed since."""

    windows: Windows
    block: int
    counts: Mapping[str, int]
    month: int = 0
    keys: Mapping[str, SeenKey] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Seen:
        windows = Windows(row["minute"], row["day"])
        return cls(windows, row["block"], counters(row), row.get(MONTH, 0), seen_keys(row))

    def key(self, key_id: str) -> SeenKey:
        return self.keys.get(key_id, SeenKey())


def account_key(account_id: str) -> Item:
    return {"account_id": pack(account_id), "sk": pack("ACCOUNT")}


def account_update(
    table: str,
    account_id: str,
    e: Expression,
    conditions: list[str],
    *,
    put: Mapping[str, object],
    add: Mapping[str, object],
) -> dict[str, Any]:
    """The step that changes an account row where all of `conditions` hold."""
    update = {
        "TableName": table,
        "Key": account_key(account_id),
        "UpdateExpression": e.update(put=put, add=add),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if conditions:
        update["ConditionExpression"] = " AND ".join(conditions)
    return {"Update": update | e.arguments}
