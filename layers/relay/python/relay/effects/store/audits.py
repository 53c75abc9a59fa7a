"""The audit's reads of the accounts table, and the directory row (`audit#progress`) that keeps its position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from relay.effects.store.codec import ENTRY_END, ENTRY_PREFIX, Expression, pack, unpack
from relay.effects.store.table import Tables

PROGRESS = {"lookup": pack("audit#progress")}
NEIGHBOURS = 25  # rows per page while looking for the next account
PAGE = 2000  # ledger entries read at once


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the audit stands. Amounts are nanos, instants Unix ms.

    While `read_at` is not 0, `account_id` is being counted and `balance` is what was read at that time; else it is the
    last account that was finished. `total` sums the entries that are certainly in `balance`; those written around
    `read_at` may add between `least` and `most` to it. `last` is the sort key of the last entry counted.
    """

    account_id: str = ""
    read_at: int = 0
    balance: int = 0
    total: int = 0
    least: int = 0
    most: int = 0
    last: str = ""
    accounts: int = 0  # counted in this round
    off: int = 0  # of those, how many have a balance that is not the sum of their entries
    off_before: int = 0  # the same for the round before
    round_at: int = 0  # end of the last complete round, or the start of the first


class Line(NamedTuple):
    sort_key: str
    amount: int
    at: int


@dataclass(frozen=True, slots=True)
class Audits:
    tables: Tables
    page: int = PAGE

    def progress(self) -> Progress:
        found = self.tables.client.get_item(TableName=self.tables.directory, Key=PROGRESS, ConsistentRead=True)
        row = unpack(found.get("Item", {}))
        row.pop("lookup", None)
        return Progress(**row)

    def note(self, progress: Progress) -> None:
        row = {name: pack(value) for name, value in asdict(progress).items()}
        self.tables.client.put_item(TableName=self.tables.directory, Item={**PROGRESS, **row})

    def next_account(self, after: str) -> str | None:
        """The account that follows in the table's own order, which does not change; None after the last.

        The scan starts behind all rows of `after`, which may be many and need not be read again.
        """
        start = {"ExclusiveStartKey": {"account_id": pack(after), "sk": pack("~")}} if after else {}
        pages = self.tables.client.get_paginator("scan").paginate(
            TableName=self.tables.accounts,
            ProjectionExpression="account_id",
            PaginationConfig={"PageSize": NEIGHBOURS},
            **start,  # type: ignore[arg-type]
        )
        owners = (row["account_id"]["S"] for page in pages for row in page["Items"])
        return next((owner for owner in owners if owner != after), None)

    def lines(self, account_id: str, after: str) -> list[Line]:
        """The next page of an account's ledger entries behind the sort key `after`; empty at the end."""
        return list(self._lines(account_id, after))

    def _lines(self, account_id: str, after: str) -> Iterator[Line]:
        e = Expression()
        first = after + "\0" if after else ENTRY_PREFIX
        between = f"{e.name('sk')} BETWEEN {e.value(first)} AND {e.value(ENTRY_END)}"
        wanted = ", ".join(e.name(name) for name in ("sk", "amount", "at"))
        where = e.equals("account_id", account_id)
        query: dict[str, Any] = {
            "TableName": self.tables.accounts,
            "KeyConditionExpression": f"{where} AND {between}",
            "ProjectionExpression": wanted,
            "ConsistentRead": True,
            "Limit": self.page,
            **e.arguments,
        }
        for item in self.tables.client.query(**query)["Items"]:
            row = unpack(item)
            yield Line(row["sk"], row["amount"], row["at"])
