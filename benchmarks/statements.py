"""python -m benchmarks.statements: pages of the statement of an account with a million lines, and what they read.

The rows are those that booking writes, one line after the other; they lie in this process, in a table that reads as
DynamoDB does: sorted keys, pages of 1 MB, filters after the read. So the reads are exact, and the milliseconds are our
own code's and the SDK's share is not in them.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.capacity import item_size, read_units
from relay.effects.store.account_row import Seen, Windows
from relay.effects.store.booking import Booking
from relay.effects.store.codec import Expression, Item, entry_item, pack
from relay.effects.store.lines import Lines
from relay.effects.store.table import Tables
from relay.nouns.ids import uuid7
from relay.nouns.money import Entry, EntryKind

ACCOUNT, START, DAY = "bench", 1_735_660_800_000, 86_400_000  # midnight at +08:00 on 2025-01-01
PAGE_BYTES = 1 << 20
COMMON, RARE = "kling", "suno"  # of whose lines there is one in five thousand
SIZES = (10_000, 100_000, 1_000_000)
PAGE = 20


class Ledger(NamedTuple):
    """A ledger as booking left it: each row by its sort key, lines as entries to spare memory; and the account row."""

    rows: dict[str, Entry | Item]
    account: Item

    def row(self, key: str) -> Item:
        held = self.rows[key]
        return entry_item(held, key) if isinstance(held, Entry) else held


def make_entries(lines: int, days: int) -> Iterator[Entry]:
    """A ledger's lines, oldest first, spread over some days; every tenth is a refund of the one before."""
    gap = days * DAY // lines
    for number in range(lines):
        at = START + number * gap
        refund = number % 10 == 9
        made = START + (number - refund) * gap
        platform = RARE if (number - refund) % 5_000 == 0 else COMMON
        kind, amount = (EntryKind.RELEASE, 10**8) if refund else (EntryKind.RESERVE, -(10**8))
        yield Entry(ACCOUNT, uuid7(made, number - refund), kind, amount, at, platform, "image")


def make_ledger(entries: Iterable[Entry], utc_offset: int = 8) -> Ledger:
    """The rows that booking these lines one after the other writes."""
    nowhere: Any = None
    booking = Booking(Tables(nowhere, "tasks", "accounts", "directory"), utc_offset)
    rows, seen = dict[str, Entry | Item](), Seen(Windows(0, 0), 0, {"lines": 0, "spent": 0})
    for entry in entries:
        posting = booking.post(Expression(), seen, entry, booking.day(entry.at))
        rows[posting.line["Put"]["Item"]["sk"]["S"]] = entry
        rows |= {step["Put"]["Item"]["sk"]["S"]: step["Put"]["Item"] for step in posting.new_blocks}
        seen = posting.after
    values = {"minute": 0, "day": seen.windows.day, "block": seen.block, **seen.counts}
    return Ledger(rows, {name: pack(value) for name, value in values.items()})


@dataclass
class MemoryTable:
    """The two reads of a DynamoDB client that a statement makes, over rows in memory; counts them."""

    filled: Ledger
    calls: int = 0
    read: int = 0
    units: float = 0.0
    _keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._keys = sorted(self.filled.rows)

    def forget(self) -> None:
        self.calls, self.read, self.units = 0, 0, 0.0

    def get_item(self, **_: object) -> dict[str, Any]:
        self._count([self.filled.account])
        return {"Item": self.filled.account}

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own arguments
        values = asked["ExpressionAttributeValues"]
        first, last = re.findall(r":v\d+", asked["KeyConditionExpression"])[1:]
        begin, end = bisect_left(self._keys, values[first]["S"]), bisect_right(self._keys, values[last]["S"])
        forward = asked.get("ScanIndexForward", True)
        if "ExclusiveStartKey" in asked:
            after = asked["ExclusiveStartKey"]["sk"]["S"]
            begin, end = (bisect_right(self._keys, after), end) if forward else (begin, bisect_left(self._keys, after))
        order = range(begin, end) if forward else range(end - 1, begin - 1, -1)
        found, size = list[Item](), 0
        for index in order[: asked.get("Limit", len(order))]:
            if size > PAGE_BYTES:
                break
            found.append(self.filled.row(self._keys[index]))
            size += item_size(found[-1])
        self._count(found)
        more = {"LastEvaluatedKey": found[-1]} if len(found) < len(order) else {}
        return {"Items": [row for row in found if _passes(row, asked)], **more}

    def _count(self, rows: list[Item]) -> None:
        self.calls += 1
        self.read += len(rows)
        self.units += read_units(sum(map(item_size, rows)), consistent=True)


def _passes(row: Item, asked: dict[str, Any]) -> bool:
    if "FilterExpression" not in asked:
        return True
    (wanted,) = re.findall(r":v\d+", asked["FilterExpression"])
    return bool(row.get("platform") == asked["ExpressionAttributeValues"][wanted])


def measure(table: Table, lines: int, days: int) -> None:
    client: Any = MemoryTable(make_ledger(make_entries(lines, days)))
    reader = Lines(Tables(client, "tasks", "accounts", "directory"))
    for platform in (None, COMMON, RARE):
        total, _ = reader.page(ACCOUNT, (None, None), platform, 0, PAGE)
        last = (total - 1) // PAGE
        for name, page in (("first", 0), ("middle", last // 2), ("last", last)):
            client.forget()
            began = time.perf_counter()
            _, found = reader.page(ACCOUNT, (None, None), platform, page * PAGE, PAGE)
            spent = (time.perf_counter() - began) * 1000
            assert found, "a page that exists is not empty"
            what = f"{lines:,} lines in {days} days, {platform or 'all'}"
            counted = (f"{client.calls}", f"{client.read:,}", f"{client.units:g}")
            table.add_row(what, f"{name} of {last + 1:,}", f"{len(found)}", *counted, f"{spent:.1f}")


def main() -> None:
    table = Table("ledger", "page", "lines", "DynamoDB calls", "rows read", "RRU", "ms of our own")
    for lines in SIZES:
        measure(table, lines, 365)
    measure(table, SIZES[-1], 1)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
