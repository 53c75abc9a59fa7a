"""moto's transactions, without a copy of the whole tables for each of their steps.

moto keeps a deep copy of every table a transaction touches, once for each of its items, to be able to roll back: the
hundredth task of a test costs twenty times the first. Here it is shown tables that hold only the rows in question.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from threading import RLock
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

Tables = MutableMapping[str, Table]
ACCOUNT = "123456789012"  # of everything moto makes
# While a transaction runs, other threads would find tables that lack their rows.
IN_TURN = ("transact_write_items", "get_item", "put_item", "update_item", "delete_item", "query", "scan")


def quicken(region: str) -> None:
    """For the tables of the mock in force; the next mock begins anew."""
    backend, turn = dynamodb_backends[ACCOUNT][region], RLock()
    vars(backend)["transact_write_items"] = lambda transact_items: _transact(backend, transact_items)
    for name in IN_TURN:
        vars(backend)[name] = _in_turn(turn, getattr(backend, name))


def _in_turn(turn: AbstractContextManager[Any], act: Callable[..., Any]) -> Callable[..., Any]:
    def acted(*args: Any, **how: Any) -> Any:
        with turn:
            return act(*args, **how)

    return acted


def _transact(backend: DynamoDBBackend, steps: list[dict[str, Any]]) -> None:
    whole = {each["TableName"]: backend.tables[each["TableName"]] for step in steps for each in step.values()}
    keys = [_key(whole[each["TableName"]], each) for step in steps for each in step.values()]
    for name, table in whole.items():
        backend.tables[name] = copy.copy(table)
        backend.tables[name].items = defaultdict(dict)
    _move(keys, whole, backend.tables)
    try:
        DynamoDBBackend.transact_write_items(backend, steps)
    finally:  # a transaction that was cancelled leaves copies of the rows as they were
        _move(keys, backend.tables, whole)
        backend.tables.update(whole)


def _key(table: Table, asked: dict[str, Any]) -> tuple[str, DynamoType, DynamoType | None]:
    values = asked.get("Key") or asked["Item"]
    place = DynamoType(values[table.range_key_attr]) if table.range_key_attr else None
    return table.name, DynamoType(values[table.hash_key_attr]), place


def _move(keys: list[tuple[str, DynamoType, DynamoType | None]], source: Tables, target: Tables) -> None:
    """Make these rows of the target what they are in the source."""
    for name, row, place in keys:
        found = source[name].get_item(row, place)
        rows: Any = target[name].items if place is None else target[name].items[row]
        rows.pop(row if place is None else place, None)
        if found is not None:
            rows[row if place is None else place] = found
