"""What accounts are asked to pay by card, in the tasks table so that the clock finds it, and the cards they saved.

The rows are no tasks: they have no `state`, and their sort keys come before those of all tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any
from zlib import crc32

from relay.effects.store.codec import Expression, Item, pack, unpack
from relay.effects.store.due import CHECKOUT
from relay.effects.store.table import LostRace, Tables
from relay.effects.store.transitions import row_key
from relay.nouns.checkouts import Checkout, CheckoutStatus, SavedCard

_CHECKOUT = tuple(each.name for each in fields(Checkout) if each.name != "checkout_id")
_CARD = "CARD"  # sort key of an account's saved card, in the accounts table


@dataclass(frozen=True, slots=True)
class Checkouts:
    tables: Tables
    shards: int

    def get(self, account_id: str, checkout_id: str) -> Checkout | None:
        key = row_key(account_id, CHECKOUT + checkout_id)
        found = self.tables.get(TableName=self.tables.tasks, Key=key, ConsistentRead=True)
        return _read(found) if found else None

    def newest(self, account_id: str, most: int) -> list[Checkout]:
        """The account's latest, at most so many, the newest first."""
        e = Expression()
        begins = f"begins_with({e.name('task_id')}, {e.value(CHECKOUT)})"
        page = self.tables.query(
            TableName=self.tables.tasks,
            KeyConditionExpression=f"{e.equals('account_id', account_id)} AND {begins}",
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=most,
            **e.arguments,
        )
        return [_read(item) for item in page["Items"]]

    def add(self, checkout: Checkout) -> None:
        self.tables.put(
            TableName=self.tables.tasks, Item=self._item(checkout), ConditionExpression="attribute_not_exists(task_id)"
        )

    def save(self, after: Checkout) -> bool:
        """Keep what has become of it, if nobody changed it since its version before; whether that was so."""
        e = Expression()
        try:
            self.tables.put(
                TableName=self.tables.tasks,
                Item=self._item(after),
                ConditionExpression=e.equals("version", after.version - 1),
                **e.arguments,
            )
        except LostRace:
            return False
        return True

    def card(self, account_id: str) -> SavedCard | None:
        key = {"account_id": pack(account_id), "sk": pack(_CARD)}
        found = self.tables.get(TableName=self.tables.accounts, Key=key, ConsistentRead=True)
        return SavedCard(found["customer"]["S"], found["card"]["S"]) if found else None

    def keep_card(self, account_id: str, card: SavedCard) -> None:
        """The card to charge from now on."""
        values = {"account_id": account_id, "sk": _CARD, **card._asdict()}
        self.tables.put(TableName=self.tables.accounts, Item={name: pack(value) for name, value in values.items()})

    def _item(self, checkout: Checkout) -> Item:
        values: dict[str, Any] = {name: getattr(checkout, name) for name in _CHECKOUT}
        values["task_id"] = CHECKOUT + checkout.checkout_id
        if checkout.due_at is None:
            del values["due_at"]
        else:
            values["due_shard"] = crc32(checkout.checkout_id.encode()) % self.shards
        return {name: pack(value) for name, value in values.items()}


def _read(item: Item) -> Checkout:
    row = unpack(item)
    known = {name: row[name] for name in _CHECKOUT if name in row} | {"due_at": row.get("due_at")}
    known |= {"status": CheckoutStatus(row["status"]), "checkout_id": row["task_id"].removeprefix(CHECKOUT)}
    return Checkout(**known)
