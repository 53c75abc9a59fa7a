"""What an account has uploaded today: one row beside its account row, which starts anew with each day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import LostRace, Tables
from relay.nouns.catalog import Allowance

MEGABYTE = 1 << 20
_TRIES = 4  # a guess, its correction, and one more of each for a day that begins meanwhile


@dataclass(frozen=True, slots=True)
class UploadCounts:
    tables: Tables

    def add(self, account_id: str, day: int, files: int, size: int, most: Allowance | None) -> bool:
        """Add to the day's files and bytes, in one write; False, and nothing added, where that is more than `most`.

        `day` counts from the epoch. A row that is ahead of our clock stays ahead: its day counts.
        """
        if most and (files > most.files or size > most.megabytes * MEGABYTE):
            return False
        seen = day
        for _ in range(_TRIES):
            try:
                self._add(account_id, seen, files, size, most)
            except LostRace as lost:
                row = unpack(lost.row(0)) if lost.row(0) else {"day": day - 1}
            else:
                return True
            if row["day"] < day:
                try:
                    self._begin(account_id, day, files, size)
                except LostRace:
                    continue
                return True
            if row["day"] == seen:
                return False
            seen = row["day"]
        return False

    def read(self, account_id: str, day: int) -> tuple[int, int]:
        """The day's files and bytes."""
        found = self.tables.client.get_item(
            TableName=self.tables.accounts, Key=_key(account_id), ConsistentRead=True
        ).get("Item")
        row = unpack(found) if found else {"day": day - 1}
        return (row["files"], row["size"]) if row["day"] >= day else (0, 0)

    def _add(self, account_id: str, day: int, files: int, size: int, most: Allowance | None) -> None:
        e = Expression()
        conditions = [e.equals("day", day)]
        if most:
            conditions += [
                f"{e.name('files')} <= {e.value(most.files - files)}",
                f"{e.name('size')} <= {e.value(most.megabytes * MEGABYTE - size)}",
            ]
        self._update(account_id, e, " AND ".join(conditions), e.update(add={"files": files, "size": size}))

    def _begin(self, account_id: str, day: int, files: int, size: int) -> None:
        e = Expression()
        earlier = f"attribute_not_exists({e.name('day')}) OR {e.below('day', day)}"
        self._update(account_id, e, earlier, e.update(put={"day": day, "files": files, "size": size}))

    def _update(self, account_id: str, e: Expression, condition: str, update: str) -> None:
        self.tables.update(
            TableName=self.tables.accounts,
            Key=_key(account_id),
            UpdateExpression=update,
            ConditionExpression=condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **e.arguments,
        )


def _key(account_id: str) -> dict[str, Any]:
    return {"account_id": pack(account_id), "sk": pack("FILES")}
