"""The accounts table: a row per account (balance, limits, counters), its ledger, and what an operator changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from relay.effects.store.account_row import LINES, SPENT, account_key
from relay.effects.store.codec import (
    ENTRY_PREFIX,
    Expression,
    Item,
    entry_item,
    new_entry,
    pack,
    read_entry,
    unpack,
)
from relay.effects.store.key_counts import key_counts
from relay.effects.store.key_rows import KeyCount
from relay.effects.store.months import MONTH, MONTH_TOKENS
from relay.effects.store.table import LostRace, Tables
from relay.nouns.money import Entry, EntryKind

ACT_PREFIX = "ACT#"  # sort key of the rows that keep what operators did


class AlreadyBooked(Exception):
    """An entry with this reference exists, with another amount or reason."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        super().__init__(f"{entry.reference} is booked already")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account's own row: what every creation is checked against and changes.

    `balance`, `day_cost` and `spent` (of all days) are nanos; `day` counts local days from the epoch;
    `month_tokens` were used or are reserved in `month` (`months.month_of`);
    `webhook_generation` numbers the account's signing secret, `webhook_rotated_at` (Unix ms) is when it last changed.
    """

    account_id: str
    name: str
    status: str
    tier: int
    balance: int
    in_flight: int
    day: int
    day_count: int
    day_cost: int
    webhook_generation: int
    webhook_rotated_at: int
    spent: int
    month: int = 0
    month_tokens: int = 0
    lines: int = 0  # of its statement
    keys: int = 0  # that are not revoked
    key_counts: Mapping[str, KeyCount] = field(default_factory=dict)  # of those that were charged or have a budget
    hooks: tuple[str, ...] = ()  # where it is told of tasks whose requests can name no address

    @property
    def frozen(self) -> bool:
        return self.status != "active"


def account_item(account_id: str, name: str, tier: int) -> Item:
    """The row of a new, active, empty account."""
    row = {
        **{"account_id": account_id, "sk": "ACCOUNT", "name": name, "status": "active", "tier": tier},
        **dict.fromkeys(("balance", "in_flight", "minute", "minute_count", "day", "day_count", "day_cost"), 0),
        **dict.fromkeys(("block", LINES, SPENT, MONTH, MONTH_TOKENS), 0),
        **{"webhook_generation": 1, "webhook_rotated_at": 0},
    }
    return {name: pack(value) for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class Accounts:
    tables: Tables

    def get(self, account_id: str) -> AccountRow | None:
        found = self.tables.get(TableName=self.tables.accounts, Key=account_key(account_id), ConsistentRead=True)
        if not found:
            return None
        row = unpack(found)
        row["hooks"] = tuple(json.loads(row.get("hooks", "[]")))
        row["key_counts"] = key_counts(row)
        return AccountRow(**{name: row[name] for name in AccountRow.__slots__ if name in row})

    def open(self, account_id: str, name: str, tier: int) -> None:
        """A new, active, empty account. Raises LostRace where the id is taken."""
        self.tables.put(
            TableName=self.tables.accounts,
            Item=account_item(account_id, name, tier),
            ConditionExpression="attribute_not_exists(sk)",
        )

    def change(self, account_id: str, **values: object) -> None:
        """Set fields of an existing account (status, tier, …). Raises LostRace where there is no such account."""
        expression = Expression()
        self.tables.update(
            TableName=self.tables.accounts,
            Key=account_key(account_id),
            UpdateExpression=expression.update(put=values),
            ConditionExpression="attribute_exists(sk)",
            **expression.arguments,
        )

    def top_up(self, account_id: str, reference: str, amount: int, at: int) -> bool:
        """Add `amount` nanos to the balance, with a ledger entry; False where the same top-up is booked already.

        Raises AlreadyBooked where the reference has another amount, LostRace where the account does not exist.
        """
        return self._book(Entry(account_id, reference, EntryKind.TOPUP, amount, at))

    def debit(self, account_id: str, reference: str, amount: int, at: int, reason: str) -> bool:
        """Take `amount` nanos off the balance, like `top_up`. Raises LostRace also where the balance is less."""
        return self._book(Entry(account_id, reference, EntryKind.DEBIT, -amount, at, reason=reason))

    def _book(self, entry: Entry) -> bool:
        expression = Expression()
        row = {
            "TableName": self.tables.accounts,
            "Key": account_key(entry.account_id),
            "UpdateExpression": expression.update(add={"balance": entry.amount}),
            # a top-up is taken whatever the balance; a debit only where it is covered
            "ConditionExpression": "attribute_exists(sk)"
            + (f" AND {expression.name('balance')} >= {expression.value(-entry.amount)}" if entry.amount < 0 else ""),
            **expression.arguments,
        }
        line = new_entry(self.tables.accounts, entry_item(entry))
        line["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            self.tables.transact(line, {"Update": row})
        except LostRace as lost:
            if not lost.refused(0):
                raise
            booked = read_entry(lost.row(0))
            if (booked.amount, booked.reason) != (entry.amount, entry.reason):
                raise AlreadyBooked(booked) from lost
            return False
        return True

    def entries(self, account_id: str) -> Iterator[Entry]:
        """All ledger entries of an account; those under the same sort key prefix come newest first."""
        return map(read_entry, self.tables.beginning(account_id, ENTRY_PREFIX, newest_first=True))

    def note_act(self, account_id: str, at: int, what: str, about: str) -> None:
        """Keep what an operator did to an account, beside it; two acts of one instant differ in what they are about.

        Of that the key holds a digest: an address may be longer than a key.
        """
        key = f"{ACT_PREFIX}{at:013}#{what}#{sha256(about.encode()).hexdigest()}"
        row = {"account_id": account_id, "sk": key, "what": what, "about": about}
        self.tables.put(
            TableName=self.tables.accounts, Item={name: pack(each) for name, each in {**row, "at": at}.items()}
        )

    def acts(self, account_id: str) -> list[tuple[int, str, str]]:
        """What operators did, the latest first: when (Unix ms), what, and about what."""
        rows = map(unpack, self.tables.beginning(account_id, ACT_PREFIX, newest_first=True))
        return [(row["at"], row["what"], row["about"]) for row in rows]

    def drift(self, account_id: str) -> int:
        """Balance minus the sum of the entries, in nanos. Anything but 0 is a defect."""
        account = self.get(account_id)
        balance = account.balance if account else 0
        return balance - sum(entry.amount for entry in self.entries(account_id))
