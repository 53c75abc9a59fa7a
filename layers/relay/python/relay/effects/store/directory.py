"""The directory table: rows found by a name instead of an account: API keys, intake slots, leases, uploads."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import LostRace, Tables
from relay.nouns.catalog import Intake

KEY_PREFIX = "KEY#"  # sort key of the accounts table's rows that list an account's keys
SLOT_TRIES = 4  # random slots tried before waiting
SLOT_MARGIN = 500  # ms added to the window, since our clock and the upstream's differ
KEY_CHARACTERS = 500  # longest name chosen by others: a DynamoDB key holds 2048 bytes
HOUR = 3600  # seconds; rows get a TTL this long after their use


@dataclass(frozen=True, slots=True)
class KeyRow:
    account_id: str
    key_id: str
    status: str


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as its account lists it; instants are Unix ms, 0 where the key is older than this record of it."""

    key_id: str
    prefix: str
    status: str
    created_at: int
    revoked_at: int


@dataclass(frozen=True, slots=True)
class Directory:
    tables: Tables

    def key(self, digest: str) -> KeyRow | None:
        found = self.tables.get(TableName=self.tables.directory, Key={"lookup": pack(f"key#{digest}")})
        if not found:
            return None
        row = unpack(found)
        return KeyRow(row["account_id"], row["key_id"], row["status"])

    def add_key(self, digest: str, account_id: str, key_id: str, prefix: str, at: int) -> None:
        """Store an API key by its digest and list it under its account; `prefix`, its start, may be shown again."""
        lookup = {"lookup": f"key#{digest}", "account_id": account_id, "key_id": key_id, "status": "active"}
        listed: dict[str, object] = {"account_id": account_id, "sk": f"{KEY_PREFIX}{key_id}", "digest": digest}
        listed |= {"prefix": prefix, "status": "active", "created_at": at}
        self.tables.transact(
            {"Put": {"TableName": self.tables.directory, "Item": {k: pack(v) for k, v in lookup.items()}}},
            {"Put": {"TableName": self.tables.accounts, "Item": {k: pack(v) for k, v in listed.items()}}},
        )

    def keys(self, account_id: str) -> list[ListedKey]:
        """An account's keys, oldest first."""
        expression = Expression()
        where = expression.equals("account_id", account_id)
        begins = f"begins_with({expression.name('sk')}, {expression.value(KEY_PREFIX)})"
        pages = self.tables.client.get_paginator("query").paginate(
            TableName=self.tables.accounts,
            KeyConditionExpression=f"{where} AND {begins}",
            ConsistentRead=True,
            **expression.arguments,
        )
        found = [_read_listed(unpack(item)) for page in pages for item in page["Items"]]
        return sorted(found, key=lambda each: (each.created_at, each.key_id))

    def revoke_key(self, account_id: str, key_id: str, at: int) -> bool:
        """Revoke a key; False where the account has no such key. Containers cache keys for up to a minute."""
        key = {"account_id": pack(account_id), "sk": pack(f"{KEY_PREFIX}{key_id}")}
        found = self.tables.get(TableName=self.tables.accounts, Key=key, ConsistentRead=True)
        if not found:
            return False
        lookup = {"lookup": pack(f"key#{unpack(found)['digest']}")}
        self.tables.transact(
            self._revocation(self.tables.directory, lookup, {"status": "revoked"}),
            self._revocation(self.tables.accounts, key, {"status": "revoked", "revoked_at": at}),
        )
        return True

    def _revocation(self, table: str, key: Mapping[str, object], values: Mapping[str, object]) -> dict[str, Any]:
        expression = Expression()
        update = expression.update(put=values)
        return {"Update": {"TableName": table, "Key": key, "UpdateExpression": update, **expression.arguments}}

    def note_upload(self, key: str, status: str, ttl: int) -> None:
        """Say where an upload stands: pending, ready or refused. `ttl` is Unix seconds."""
        row = {"lookup": f"upload#{key}", "status": status, "ttl": ttl}
        self.tables.put(TableName=self.tables.directory, Item={name: pack(value) for name, value in row.items()})

    def upload_ready(self, key: str) -> bool:
        found = self.tables.get(
            TableName=self.tables.directory, Key={"lookup": pack(f"upload#{key}")}, ConsistentRead=True
        )
        return found is not None and unpack(found)["status"] == "ready"

    def take_slot(self, upstream: str, intake: Intake, now: int) -> float:
        """Take one of an upstream's intake slots: 0.0 when taken, else seconds to wait before trying again.

        A slot is free again one window after it was taken, so in no period of that length, wherever it starts, are
        there more submissions than slots. A counter per clock window would allow twice as many across its edge.
        """
        wait = float(intake.seconds)
        for slot in random.sample(range(intake.limit), min(SLOT_TRIES, intake.limit)):
            free_at = self._turn(f"slot#{upstream}#{slot}", now, now + intake.seconds * 1000 + SLOT_MARGIN)
            if free_at is None:
                return 0.0
            wait = min(wait, (free_at - now) / 1000)
        # tasks that wait for the same slots must not all come back at once
        return wait + random.uniform(0, 1)  # noqa: S311 - jitter, not a secret

    def take_place(self, name: str, holder: str, now: int, until: int) -> bool:
        """Take a delivery place until `until` (Unix ms); False where another than `holder` has it."""
        return self._turn(f"deliver#{name}", now, until, holder) is None

    def leave_place(self, name: str, holder: str, now: int) -> None:
        """Free a place, unless it expired and another container has it."""
        self._turn(f"deliver#{name}", 0, now, holder)

    def hung_until(self, receiver: str) -> int:
        """Until when a receiver counts as hanging (Unix ms); 0 where that was never noted."""
        found = self.tables.get(TableName=self.tables.directory, Key={"lookup": pack(f"hung#{receiver}")})
        return int(unpack(found)["until"]) if found else 0

    def note_hung(self, receiver: str, until: int) -> None:
        expression = Expression()
        self.tables.update(
            TableName=self.tables.directory,
            Key={"lookup": pack(f"hung#{receiver}")},
            UpdateExpression=expression.update(put={"until": until, "ttl": until // 1000 + HOUR}),
            **expression.arguments,
        )

    def take_poller_turn(self, shard: int, now: int, until: int) -> bool:
        """Whether we may start this shard's poller; then nobody else may before `until` (Unix ms)."""
        return self._turn(f"poller#{shard}", now, until) is None

    def _turn(self, lookup: str, now: int, until: int, holder: str = "") -> int | None:
        """Take a lease until `until`. None where it was free or `holder`'s own; else when it becomes free (Unix ms)."""
        expression = Expression()
        put: dict[str, object] = {"until": until, "ttl": until // 1000 + HOUR}
        name = expression.name("until")
        free = f"attribute_not_exists({name}) OR {name} <= {expression.value(now)}"
        if holder:
            free += f" OR {expression.equals('holder', holder)}"
            put["holder"] = holder
        try:
            self.tables.update(
                TableName=self.tables.directory,
                Key={"lookup": pack(lookup)},
                UpdateExpression=expression.update(put=put),
                ConditionExpression=free,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **expression.arguments,
            )
        except LostRace as lost:
            return int(unpack(lost.row(0))["until"])
        return None


def _read_listed(row: Mapping[str, Any]) -> ListedKey:
    return ListedKey(
        row["sk"].removeprefix(KEY_PREFIX),
        row["prefix"],
        row.get("status", "unknown"),
        row.get("created_at", 0),
        row.get("revoked_at", 0),
    )
