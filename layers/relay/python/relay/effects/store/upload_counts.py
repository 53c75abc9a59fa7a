"""Counts what an account uploads per day, in one row (sort key FILES) beside the account row, reset each day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import LostRace, Tables
from relay.nouns.tiers import Allowance

MEGABYTE = 1 << 20
_TRIES = 4  # the row's day is guessed, corrected, and both again if a day begins meanwhile


@dataclass(frozen=True, slots=True)
class UploadCounts:
    tables: Tables

    def add(self, account_id: str, day: int, files: int, size: int, most: Allowance | None) -> bool:
        """Add `files` and `size` bytes to the day's count; False, and nothing added, where the sum exceeds `most`.

        `day` is the local day since the epoch. Clocks differ: a row that already counts a later day keeps that day.
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
        """The number of files and of bytes counted for the day."""
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
