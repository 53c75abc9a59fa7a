"""Reads a statement by page number: the counters in the blocks' rows say where a page is, so only it is read.

`booking` describes the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from relay.effects.store.account_row import LINES, SPENT, account_key, counter, counters
from relay.effects.store.booking import BLOCK_LINES, BLOCK_PREFIX, DAY_PREFIX
from relay.effects.store.codec import LINE_PREFIX, Expression, Item, read_entry, unpack
from relay.effects.store.table import Tables
from relay.nouns.money import Entry

FIRST_DAYS = 64  # days read first: most pages that are asked for are recent
FEW = 4 * BLOCK_LINES  # up to so many lines are read without looking for the wanted blocks among them
NEAR = BLOCK_LINES // 4  # spans with at most so many lines between them are read as one
END = "~"  # sorts after every day and block key


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a block begins: its key, the number of lines before it, and how many of those have the wanted platform."""

    key: str
    lines: int
    count: int


@dataclass(frozen=True, slots=True)
class Span:
    """The lines between two marks."""

    first: Mark
    end: Mark


@dataclass(frozen=True, slots=True)
class Wanted:
    """Lines of one account by number, oldest first: from `first` up to, not including, `end`."""

    account_id: str
    platform: str | None
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Lines:
    tables: Tables

    def page(
        self, account_id: str, days: tuple[int | None, int | None], platform: str | None, begin: int, size: int
    ) -> tuple[int, list[Entry]]:
        """The number of lines in `days`, and `size` of them after skipping the newest `begin`, newest first.

        `days` are the first and last local day since the epoch; None leaves an end open.
        """
        row = self.tables.get(TableName=self.tables.accounts, Key=account_key(account_id), ConsistentRead=True)
        if row is None:
            return 0, []
        name = counter(platform)
        now = _mark(row, name, END)
        first, last = days
        low = 0 if first is None else (self._day_from(account_id, name, first) or now).count
        end = now if last is None else self._day_from(account_id, name, last + 1) or now
        newest = end.count - begin
        wanted = Wanted(account_id, platform, max(low, newest - size), newest)
        if wanted.first >= wanted.end:
            return max(0, end.count - low), []
        return end.count - low, [entry for span in self._spans(wanted, end) for entry in self._read(wanted, span)]

    def spent_before(self, account_id: str, day: int) -> int | None:
        """What the account had spent when its first line from `day` on was booked; None where there is none."""
        found = next(self._pages(account_id, f"{DAY_PREFIX}{day:06}", DAY_PREFIX + END, Limit=1), [])
        return counters(unpack(found[0])).get(SPENT, 0) if found else None

    def _spans(self, wanted: Wanted, end: Mark) -> Iterator[Span]:
        """Spans of blocks that hold wanted lines, newest first."""
        for span in _join(_select(wanted, end, self._days(wanted, end))):
            if span.end.lines - span.first.lines <= FEW:
                yield span
            else:
                yield from _join(_select(wanted, span.end, self._blocks(wanted, span)))

    def _day_from(self, account_id: str, name: str, day: int) -> Mark | None:
        """Where the first day from `day` on begins that has any lines."""
        keys = f"{DAY_PREFIX}{day:06}", DAY_PREFIX + END
        found = next(self._pages(account_id, *keys, Limit=1), [])
        return _mark(found[0], name) if found else None

    def _days(self, wanted: Wanted, end: Mark) -> Iterator[Mark]:
        """Where each day before `end` begins, newest first."""
        keys, name = (DAY_PREFIX, DAY_PREFIX + end.key[:6]), counter(wanted.platform)
        for page in self._pages(wanted.account_id, *keys, ScanIndexForward=False, Limit=FIRST_DAYS):
            yield from (mark for mark in (_mark(item, name) for item in page) if mark.key < end.key)

    def _blocks(self, wanted: Wanted, span: Span) -> Iterator[Mark]:
        """Where each block of a span of days begins, newest first."""
        name = counter(wanted.platform)
        keys = BLOCK_PREFIX + span.first.key, BLOCK_PREFIX + span.end.key
        found = [_mark(item, name) for page in self._pages(wanted.account_id, *keys) for item in page]
        days = takewhile(lambda mark: mark.key >= span.first.key, self._days(wanted, span.end))
        yield from sorted([*found, *days], key=lambda mark: mark.key, reverse=True)

    def _read(self, wanted: Wanted, span: Span) -> list[Entry]:
        """The wanted lines of a span, newest first."""
        keys = LINE_PREFIX + span.first.key, LINE_PREFIX + span.end.key
        pages = self._pages(wanted.account_id, *keys, platform=wanted.platform)
        found = [read_entry(item) for page in pages for item in page]
        begin, end = max(0, wanted.first - span.first.count), wanted.end - span.first.count
        return found[begin:end][::-1]

    def _pages(
        self,
        account_id: str,
        first: str,
        last: str,
        *,
        platform: str | None = None,
        **how: Any,  # noqa: ANN401 - the SDK's own arguments
    ) -> Iterator[list[Item]]:
        """Pages of the account's rows between two sort keys. A `Limit` applies to the first page only."""
        e = Expression()
        where = f"{e.equals('account_id', account_id)} AND {e.name('sk')} BETWEEN {e.value(first)} AND {e.value(last)}"
        asked = {"KeyConditionExpression": where, "ConsistentRead": True, **how}
        if platform:
            asked["FilterExpression"] = e.equals("platform", platform)
        while True:
            answer = self.tables.query(TableName=self.tables.accounts, **asked, **e.arguments)
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            asked.pop("Limit", None)


def _mark(item: Item, name: str, key: str = "") -> Mark:
    row = unpack(item)
    counts = counters(row)
    day = row["sk"].split("#")[1] if not key else ""
    return Mark(key or f"{day}#{counts[LINES]:012}", counts[LINES], counts.get(name, 0))


def _select(wanted: Wanted, end: Mark, marks: Iterator[Mark]) -> Iterator[Span]:
    """Of the spans between `marks`, newest first, those that hold wanted lines."""
    for mark in marks:
        if max(mark.count, wanted.first) < min(end.count, wanted.end):
            yield Span(mark, end)
        if mark.count <= wanted.first:
            return
        end = mark


def _join(spans: Iterator[Span]) -> Iterator[Span]:
    """Join spans that touch or nearly do: reading a few lines in between is cheaper than another request."""
    held: Span | None = None
    for span in spans:
        if held is not None and held.first.lines - span.end.lines <= NEAR:
            held = Span(span.first, held.end)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
