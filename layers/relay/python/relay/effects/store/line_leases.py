"""Which processes hold how many of a key's open lines, in one row of the directory per key (`line#ACCOUNT#KEY`).

Each process has a share, which counts until it expires: a killed one blocks nobody for longer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import LostRace, Tables

HOUR = 3600  # seconds a row is kept after its last use

Held = dict[str, tuple[int, int]]  # by process: how many lines, and until when (Unix ms)


@dataclass(frozen=True, slots=True)
class LineLeases:
    tables: Tables

    def hold(self, name: str, process: str, lines: int, most: int | None, *, now: int, until: int) -> bool:
        """Make `lines` the share of a process until `until` (Unix ms), 0 to give it back; False, and nothing changed,
        where the shares of all would be more than `most`. None asks for lines that are open already: they count
        whatever the others have. Raises Contended."""
        patience = self.tables.patience()
        while True:
            version, held = self._read(name)
            held = {holder: share for holder, share in held.items() if share[1] > now and holder != process}
            if most is not None and sum(share[0] for share in held.values()) + lines > most:
                return False
            if lines:
                held[process] = (lines, until)
            try:
                self._write(name, version, held, until)
            except LostRace as lost:
                patience.wait(lost)
            else:
                return True

    def _read(self, name: str) -> tuple[int, Held]:
        found = self.tables.get(TableName=self.tables.directory, Key=_key(name), ConsistentRead=True)
        row = unpack(found or {})
        held = json.loads(row.get("held", "{}"))
        return row.get("version", 0), {holder: (share[0], share[1]) for holder, share in held.items()}

    def _write(self, name: str, version: int, held: Held, until: int) -> None:
        e = Expression()
        condition = e.equals("version", version) if version else f"attribute_not_exists({e.name('version')})"
        put: dict[str, object] = {"version": version + 1, "held": json.dumps(held), "ttl": until // 1000 + HOUR}
        self.tables.update(
            TableName=self.tables.directory,
            Key=_key(name),
            UpdateExpression=e.update(put=put),
            ConditionExpression=condition,
            **e.arguments,
        )


def _key(name: str) -> dict[str, Any]:
    return {"lookup": pack(f"line#{name}")}
