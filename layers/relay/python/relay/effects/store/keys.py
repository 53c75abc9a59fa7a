"""API keys: a row of the directory for each, found by the key's digest, and one that lists it beside its account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from relay.effects.store.account_row import DAY_SECONDS, account_key
from relay.effects.store.codec import Expression, Item, pack, unpack
from relay.effects.store.key_counts import COUNTERS, LEFT, key_counts
from relay.effects.store.key_rows import (
    LISTED,
    KeyCount,
    KeyRow,
    as_seen,
    known_values,
    listed_key,
    listed_values,
    lookup_key,
    read_known,
    read_listed,
    used_key,
    write_terms,
)
from relay.effects.store.table import LostRace, Tables
from relay.nouns.keys import KeyKind, KeyStatus, ListedKey

KEYS = "keys"  # of an account row: how many keys it has that are not revoked
LONGEST_ID = 64  # characters of what a client says is a key's id: a DynamoDB key holds 1024 bytes
USE_KEPT = 400 * DAY_SECONDS  # seconds a key's last use is remembered


@dataclass(frozen=True, slots=True)
class Keys:
    tables: Tables

    def find(self, digest: str) -> KeyRow | None:
        found = self.tables.get(TableName=self.tables.directory, Key=lookup_key(digest))
        return read_known(unpack(found)) if found else None

    def add(self, account_id: str, key: ListedKey, digest: str, most: int | None) -> None:
        """Store a key: with a digest it can be used, without one it is to be issued later.

        Raises LostRace where the account does not exist, or has `most` keys already.
        """
        row = listed_values(account_id, key)
        budget = {} if key.left is None else {f"{LEFT}{key.key_id}": key.left}
        steps = [self._count(account_id, 1, most, budget)]
        if digest:
            row["digest"] = digest
            steps.append(self._put(self.tables.directory, known_values(account_id, key, digest), "lookup"))
        self.tables.transact(*steps, self._put(self.tables.accounts, row, "sk"))

    def issue(self, account_id: str, key_id: str, digest: str, prefix: str) -> bool:
        """Give a key that was stored without a digest its own; False where it has one, is revoked or does not exist."""
        patience = self.tables.patience()
        while (row := self._row(account_id, key_id)) and row["status"] != KeyStatus.REVOKED and "digest" not in row:
            e = Expression()
            given = {"digest": digest, "prefix": prefix}
            listed = self._update(listed_key(account_id, key_id), e, as_seen(e, row), given)
            known = known_values(account_id, read_listed(row, {}, {}), digest)
            try:
                self.tables.transact(listed, self._put(self.tables.directory, known, "lookup"), patience=patience)
            except LostRace as lost:  # it was changed or issued meanwhile
                patience.again(lost)
            else:
                return True
        return False

    def of(self, account_id: str) -> list[ListedKey]:
        """An account's keys, oldest first; the last use of those that are not revoked."""
        rows = [unpack(item) for item in self.tables.beginning(account_id, LISTED)]
        live = [row["sk"].removeprefix(LISTED) for row in rows if row["status"] != KeyStatus.REVOKED]
        uses = self._uses(account_id, live)
        counts = self._counts(account_id)
        found = [read_listed(row, uses, counts) for row in rows]
        return sorted(found, key=lambda each: (each.created_at, each.key_id))

    def get(self, account_id: str, key_id: str) -> ListedKey | None:
        found = self._row(account_id, key_id)
        return read_listed(found, self._uses(account_id, [key_id]), self._counts(account_id)) if found else None

    def kind(self, account_id: str, key_id: str) -> KeyKind | None:
        """Of a key, also of one that is revoked; None where the account never had it."""
        row = self._row(account_id, key_id)
        return KeyKind(row.get("kind", KeyKind.API)) if row else None

    def change(self, account_id: str, key_id: str, change: Callable[[ListedKey], ListedKey]) -> ListedKey | None:
        """Make name, status, terms and budget of a key what `change` makes of them, asked again where others changed it
        meanwhile; None where the key is revoked or does not exist."""
        patience = self.tables.patience()
        while (row := self._row(account_id, key_id)) and row["status"] != KeyStatus.REVOKED:
            before = read_listed(row, self._uses(account_id, [key_id]), self._counts(account_id))
            after = change(before)
            values = {"name": after.name, "status": after.status, "terms": write_terms(after.terms)}
            budget = () if after.left == before.left else (self._budget(account_id, key_id, after.left),)
            try:
                self.tables.transact(*self._changes(account_id, row, values), *budget, patience=patience)
            except LostRace as lost:  # it was changed or issued meanwhile
                patience.again(lost)
            else:
                return after
        return None

    def revoke(self, account_id: str, key_id: str, at: int) -> bool:
        """Revoke a key at `at` (Unix ms); False where the account has no such key. Nothing is reserved for it from
        then on, also where it is still remembered: its counters go, and no charge begins new ones of a revoked key."""
        values = {"status": KeyStatus.REVOKED, "revoked_at": at}
        count = self._count(account_id, -1, drop=tuple(f"{prefix}{key_id}" for prefix in COUNTERS))
        patience = self.tables.patience()
        while (row := self._row(account_id, key_id)) and row["status"] != KeyStatus.REVOKED:
            try:
                self.tables.transact(*self._changes(account_id, row, values), count, patience=patience)
            except LostRace as lost:  # it was changed or issued meanwhile
                patience.again(lost)
            else:
                return True
        return row is not None

    def note_use(self, account_id: str, key_id: str, at: int) -> None:
        """`at` is Unix ms."""
        e = Expression()
        self.tables.update(
            TableName=self.tables.directory,
            Key=used_key(account_id, key_id),
            UpdateExpression=e.update(put={"at": at, "ttl": at // 1000 + USE_KEPT}),
            **e.arguments,
        )

    def _uses(self, account_id: str, key_ids: list[str]) -> Mapping[str, int]:
        wanted = [used_key(account_id, key_id) for key_id in key_ids]
        rows = map(unpack, self.tables.batch_get(self.tables.directory, wanted))
        return {row["lookup"].rpartition("#")[2]: row["at"] for row in rows}

    def _counts(self, account_id: str) -> Mapping[str, KeyCount]:
        row = self.tables.get(TableName=self.tables.accounts, Key=account_key(account_id), ConsistentRead=True)
        return key_counts(unpack(row or {}))

    def _row(self, account_id: str, key_id: str) -> dict[str, Any] | None:
        if len(key_id) > LONGEST_ID:
            return None
        key = listed_key(account_id, key_id)
        found = self.tables.get(TableName=self.tables.accounts, Key=key, ConsistentRead=True)
        return unpack(found) if found else None

    def _changes(self, account_id: str, row: Mapping[str, Any], values: Mapping[str, object]) -> list[dict[str, Any]]:
        """The steps that change the row and, where the key was issued, the one that is found by its digest."""
        e, digest = Expression(), row.get("digest")
        steps = [self._update(listed_key(account_id, row["sk"].removeprefix(LISTED)), e, as_seen(e, row), values)]
        if digest:
            known = {name: value for name, value in values.items() if name in ("status", "terms")}
            e = Expression()
            update = {
                "TableName": self.tables.directory,
                "Key": lookup_key(digest),
                "UpdateExpression": e.update(put=known),
            }
            steps.append({"Update": {**update, "ConditionExpression": "attribute_exists(lookup)", **e.arguments}})
        return steps

    def _count(
        self,
        account_id: str,
        more: int,
        most: int | None = None,
        put: Mapping[str, object] = MappingProxyType({}),
        drop: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        e = Expression()
        there = "attribute_exists(sk)"
        if most is not None:
            there += f" AND (attribute_not_exists({e.name(KEYS)}) OR {e.below(KEYS, most)})"
        change = {"UpdateExpression": e.update(put=put, add={KEYS: more}, drop=drop), "ConditionExpression": there}
        return {"Update": {"TableName": self.tables.accounts, "Key": account_key(account_id), **change, **e.arguments}}

    def _budget(self, account_id: str, key_id: str, left: int | None) -> dict[str, Any]:
        e, name = Expression(), f"{LEFT}{key_id}"
        text = e.update(drop=(name,)) if left is None else e.update(put={name: left})
        update = {"TableName": self.tables.accounts, "Key": account_key(account_id), "UpdateExpression": text}
        return {"Update": update | {"ConditionExpression": "attribute_exists(sk)"} | e.arguments}

    def _update(self, key: Item, e: Expression, condition: str, values: Mapping[str, object]) -> dict[str, Any]:
        change = {"UpdateExpression": e.update(put=values), "ConditionExpression": condition}
        return {"Update": {"TableName": self.tables.accounts, "Key": key, **change, **e.arguments}}

    def _put(self, table: str, row: Mapping[str, object], key: str) -> dict[str, Any]:
        item = {name: pack(value) for name, value in row.items()}
        return {"Put": {"TableName": table, "Item": item, "ConditionExpression": f"attribute_not_exists({key})"}}
