"""Books statement lines: each changes the account row's counters and is stored in the block those counters name.

The account row counts an account's statement lines, in total and by platform. Lines are grouped into blocks: the first
line of a day opens one, and so does the line after a full one. Opening a block stores the counters at that moment in a
row of its own (DAY#… or BLOCK#…), so that a page of the statement is found by line number without counting lines. All
of it happens in the transaction that writes the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from relay.effects.store.account_row import LINES, SPENT, Seen, Windows, account_key, account_update, counter
from relay.effects.store.codec import Expression, Item, entry_item, line_key, new_entry, pack, unpack
from relay.effects.store.key_counts import give_back
from relay.effects.store.months import MONTH, MONTH_TOKENS, month_of
from relay.effects.store.table import Tables
from relay.effects.store.usages import usage_steps
from relay.nouns.draft import KINDS
from relay.nouns.money import Entry, usage_of
from relay.nouns.task import Task

BLOCK_LINES = 256  # of 200 bytes: one read returns a block, and opening one is rare
DAY_PREFIX, BLOCK_PREFIX = "DAY#", "BLOCK#"


@dataclass(frozen=True, slots=True)
class Posting:
    """How to book one line: conditions on and changes of the account row, the line, and rows of newly opened blocks.

    `after` is the account row once the transaction went through.
    """

    day: int
    new_day: bool
    conditions: list[str]
    put: dict[str, object]
    add: dict[str, object]
    line: dict[str, Any]
    new_blocks: tuple[dict[str, Any], ...]
    after: Seen


@dataclass(slots=True)
class Booking:
    tables: Tables
    utc_offset: int
    seen: dict[str, Seen] = field(default_factory=dict)  # by account: the row as this container last saw it
    block_lines: int = BLOCK_LINES

    def look(self, account_id: str) -> Seen | None:
        """The account row as this container last saw it, read now if it never did; None where there is none."""
        if account_id not in self.seen:
            row = self.tables.get(TableName=self.tables.accounts, Key=account_key(account_id), ConsistentRead=True)
            if row is None:
                return None
            self.seen[account_id] = Seen.of(unpack(row))
        return self.seen[account_id]

    def learn(self, account_id: str, row: Item) -> Seen:
        self.seen[account_id] = seen = Seen.of(unpack(row))
        return seen

    def day(self, at: int) -> int:
        return Windows.at(at, self.utc_offset).day

    def post(self, e: Expression, seen: Seen, entry: Entry, day: int) -> Posting:
        """Book `entry` on local day `day`, or on the row's day if that is later, if the row still is as `seen`."""
        new_day, lines = seen.windows.day < day, seen.counts[LINES]
        opens = new_day or lines >= seen.block + self.block_lines
        day, block = max(day, seen.windows.day), lines if opens else seen.block
        conditions = [e.equals("block", seen.block), e.equals("day", seen.windows.day)]
        # opening a block needs exact counters; otherwise the open block must have space left
        conditions.append(e.equals(LINES, lines) if opens else e.below(LINES, block + self.block_lines))
        add = {LINES: 1, counter(entry.platform): 1, SPENT: -entry.amount}
        counts = dict(seen.counts)
        for name, more in add.items():
            counts[name] = counts.get(name, 0) + more
        put: dict[str, object] = {"block": block} if opens else {}
        return Posting(
            day=day,
            new_day=new_day,
            conditions=conditions,
            put=put | ({"day": day} if new_day else {}),
            add=dict(add),
            line=new_entry(self.tables.accounts, entry_item(entry, line_key(entry, day, block))),
            new_blocks=(self._open_block(entry.account_id, seen, day, new_day=new_day),) if opens else (),
            after=replace(seen, windows=Windows(seen.windows.minute, day), block=block, counts=counts),
        )

    def settlement(self, task: Task, entries: tuple[Entry, ...]) -> tuple[Seen | None, list[dict[str, Any]]]:
        """The transaction steps that end a task's claim on its account, the account row first; and that row after them.

        The row is None where no statement line is booked. A release is taken off the day's use only if the task was
        charged on that day, and tokens only where the month they were reserved in still counts.
        """
        e, amount, after = Expression(), sum(entry.amount for entry in entries), None
        conditions, put, steps = list[str](), dict[str, object](), list[dict[str, Any]]()
        add: dict[str, object] = {"balance": amount}
        if not KINDS[task.kind].metered:
            add["in_flight"] = -1
        for entry in entries:
            seen = self.look(entry.account_id) if entry.consumption else None
            if seen is None:
                steps.append(new_entry(self.tables.accounts, entry_item(entry)))
                continue
            posting = self.post(e, seen, entry, self.day(entry.at))
            conditions, after = posting.conditions, posting.after
            put, add = posting.put, add | posting.add
            if posting.new_day:
                put |= {"day_count": 0, "day_cost": 0}
            elif posting.day == self.day(task.charged_at):
                add["day_cost"] = -entry.amount
            if task.key_id:
                add |= give_back(e, task.key_id, seen.key(task.key_id), entry.amount, conditions)
            steps += [posting.line, *posting.new_blocks]
        add |= self._give_back_tokens(e, entries, task.charged_at, conditions)
        steps += usage_steps(self.tables.accounts, task, self.day(entries[0].at), usage_of(task))
        return after, [account_update(self.tables.accounts, task.account_id, e, conditions, put=put, add=add), *steps]

    def _give_back_tokens(
        self, e: Expression, entries: tuple[Entry, ...], charged_at: int, conditions: list[str]
    ) -> Mapping[str, object]:
        """What is taken off the month's tokens; that this month still counts is added to `conditions`."""
        tokens = sum(entry.tokens for entry in entries)
        seen = self.look(entries[0].account_id) if tokens else None
        if seen is None or seen.month != month_of(self.day(charged_at)):
            return {}
        conditions.append(e.equals(MONTH, seen.month))
        return {MONTH_TOKENS: tokens}

    def _open_block(self, account_id: str, seen: Seen, day: int, *, new_day: bool) -> dict[str, Any]:
        sk = f"{DAY_PREFIX}{day:06}" if new_day else f"{BLOCK_PREFIX}{day:06}#{seen.counts[LINES]:012}"
        row = {"account_id": account_id, "sk": sk, **seen.counts}
        return {"Put": {"TableName": self.tables.accounts, "Item": {name: pack(value) for name, value in row.items()}}}
