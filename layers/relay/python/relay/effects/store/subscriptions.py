"""An account's subscription, a row of the tasks table so that the clock finds it, and its invoices beside its ledger.

The row is no task: it has no `state`, and its sort key, `#subscription`, comes before those of all tasks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any
from zlib import crc32

from relay.effects.store.account_row import account_key
from relay.effects.store.codec import Expression, Item, entry_item, new_entry, pack, unpack
from relay.effects.store.due import SUBSCRIPTION
from relay.effects.store.table import LostRace, Tables
from relay.effects.store.transitions import row_key
from relay.nouns.errors import AccountFrozen, InsufficientBalance
from relay.nouns.plans import Invoice, InvoiceStatus, LineItem, Status, Subscription
from relay.nouns.subscribing import Change

INVOICE_PREFIX = "INVOICE#"

_SUBSCRIPTION, _INVOICE = (tuple(each.name for each in fields(kind)) for kind in (Subscription, Invoice))


@dataclass(frozen=True, slots=True)
class Subscriptions:
    tables: Tables
    shards: int

    def get(self, account_id: str) -> Subscription | None:
        key = row_key(account_id, SUBSCRIPTION)
        found = self.tables.get(TableName=self.tables.tasks, Key=key, ConsistentRead=True)
        if not found:
            return None
        row = unpack(found)
        known = {name: row[name] for name in _SUBSCRIPTION if name in row}
        return Subscription(**known | {"status": Status(row["status"])})

    def invoice(self, account_id: str, number: int) -> Invoice | None:
        key = {"account_id": pack(account_id), "sk": pack(_invoice_key(number))}
        found = self.tables.get(TableName=self.tables.accounts, Key=key, ConsistentRead=True)
        return _read_invoice(found) if found else None

    def invoices(self, account_id: str, newest: int | None = None, rows: int | None = None) -> Iterator[Invoice]:
        """The account's invoices up to the number `newest`, newest first; at most `rows`."""
        e = Expression()
        last = _invoice_key(newest) if newest is not None else f"{INVOICE_PREFIX}~"
        between = f"{e.name('sk')} BETWEEN {e.value(INVOICE_PREFIX)} AND {e.value(last)}"
        asked: dict[str, Any] = {
            "TableName": self.tables.accounts,
            "KeyConditionExpression": f"{e.equals('account_id', account_id)} AND {between}",
            "ScanIndexForward": False,
            "ConsistentRead": True,
            **e.arguments,
            **({} if rows is None else {"Limit": rows}),
        }
        while True:
            page = self.tables.query(**asked)
            yield from (_read_invoice(item) for item in page["Items"])
            if rows is not None or "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def commit(self, change: Change) -> None:
        """Write a change whole, or nothing of it.

        Raises LostRace where the subscription, an invoice or an entry is not as the change takes it to be, else
        AccountFrozen or InsufficientBalance where the account cannot be charged; Contended.
        """
        steps = [self._put(change), *self._invoices(change)]
        steps += [new_entry(self.tables.accounts, entry_item(entry)) for entry in change.entries]
        account = self._account(change)
        try:
            self.tables.transact(*steps, *account)
        except LostRace as lost:
            if any(lost.refused(index) for index in range(len(steps))) or not account:
                raise
            row = unpack(lost.row(len(steps))) if lost.row(len(steps)) else {}
            raise (InsufficientBalance if row.get("status") == "active" else AccountFrozen) from lost

    def _put(self, change: Change) -> dict[str, Any]:
        after, e = change.after, Expression()
        values = {name: getattr(after, name) for name in _SUBSCRIPTION} | {"task_id": SUBSCRIPTION}
        if after.due_at is not None:
            values |= {"due_at": after.due_at, "due_shard": crc32(after.account_id.encode()) % self.shards}
        condition = f"attribute_not_exists({e.name('task_id')})"
        if change.before is not None:
            e = Expression()
            condition = e.equals("version", change.before.version)
        return _put(self.tables.tasks, values, condition, e)

    def _invoices(self, change: Change) -> Iterator[dict[str, Any]]:
        """An invoice is added, or changed while it is open; never after."""
        for invoice in (change.invoice, change.closed):
            if invoice is not None:
                values = {name: getattr(invoice, name) for name in _INVOICE if name != "number"}
                e = Expression()
                condition = f"attribute_not_exists({e.name('sk')}) OR {e.equals('status', InvoiceStatus.OPEN)}"
                yield _put(self.tables.accounts, {**values, "sk": _invoice_key(invoice.number)}, condition, e)

    def _account(self, change: Change) -> list[dict[str, Any]]:
        amount = sum(entry.amount for entry in change.entries)
        if not change.entries and change.tier is None:
            return []
        e = Expression()
        condition = f"attribute_exists({e.name('sk')})"
        if change.entries:
            condition += f" AND {e.equals('status', 'active')} AND {e.name('balance')} >= {e.value(-amount)}"
        update = {
            "TableName": self.tables.accounts,
            "Key": account_key(change.after.account_id),
            "UpdateExpression": e.update(
                put={} if change.tier is None else {"tier": change.tier},
                add={"balance": amount} if change.entries else {},
            ),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **e.arguments,
        }
        return [{"Update": update}]


def _put(table: str, values: Mapping[str, object], condition: str, e: Expression) -> dict[str, Any]:
    item = {name: pack(value) for name, value in values.items()}
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": condition, **e.arguments}}


def _invoice_key(number: int) -> str:
    return f"{INVOICE_PREFIX}{number:08}"


def _read_invoice(item: Item) -> Invoice:
    row = unpack(item)
    named = {name: row[name] for name in _INVOICE if name in row}
    named |= {"number": int(row["sk"].removeprefix(INVOICE_PREFIX)), "status": InvoiceStatus(row["status"])}
    return Invoice(**named | {"items": tuple(LineItem(*each) for each in json.loads(row["items"]))})
