"""The directory table: rows found by a name instead of an account: intake slots, leases, uploads."""

from __future__ import annotations

import random
from dataclasses import dataclass

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import LostRace, Tables
from relay.nouns.catalog import Intake

SLOT_TRIES = 4  # random slots tried before waiting
SLOT_MARGIN = 500  # ms added to the window, since our clock and the upstream's differ
KEY_CHARACTERS = 500  # longest name chosen by others: a DynamoDB key holds 2048 bytes
HOUR = 3600  # seconds; rows get a TTL this long after their use


@dataclass(frozen=True, slots=True)
class Directory:
    tables: Tables

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
