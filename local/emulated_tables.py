"""Owns the emulator's DynamoDB: one lock, expressions parsed once, and a journal of the rows that writes leave behind.

Beside `local.emulator` this is the only module that touches private names of the emulator.
"""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from local.journal import Journal, Row

LOCK = threading.RLock()

_READS = ("_get_item", "_query", "_scan", "_batch_get_item", "_transact_get_items", "_execute_statement")
_WRITES: Mapping[str, Callable[[dict[str, Any]], Iterable[dict[str, Any]]]] = {
    "_put_item": lambda request: [request],
    "_update_item": lambda request: [request],
    "_delete_item": lambda request: [request],
    "_transact_write_items": lambda request: [step for each in request["TransactItems"] for step in each.values()],
    "_batch_write_item": lambda request: [
        {"TableName": table, **step}
        for table, each in request["RequestItems"].items()
        for steps in each
        for step in steps.values()
    ],
}
# Pure functions of an expression's text or tokens. `Query` calls them again for every row of a partition, which was
# 85% of all time with a thousand tasks in an account.
_PARSERS = ("_check_redundant_parens", "_check_reserved_keyword_usage", "_condition_syntax_error")

_KEPT = ("tags", "ttl_settings", "pitr_settings")
_NO_SORT_KEY = "__no_sort__"


def correct(journal: Callable[[], Journal | None]) -> None:
    """Make the emulator's DynamoDB safe and fast enough; `journal` says where writes are to be noted now, if at all."""
    dynamodb = _dynamodb()
    if hasattr(dynamodb, "_corrected"):
        return
    dynamodb._corrected = True
    _parse_once(dynamodb)
    _evaluate_quickly(dynamodb)
    for name in _READS:
        setattr(dynamodb, name, _locked(getattr(dynamodb, name)))
    for name, steps in _WRITES.items():
        setattr(dynamodb, name, _locked(_journaled(dynamodb, getattr(dynamodb, name), steps, journal)))


def restore(rows: Iterator[Row]) -> None:
    """Bring the tables up to the end of a journal."""
    dynamodb = _dynamodb()
    for table, row, there in rows:
        if there:
            dynamodb._put_item({"TableName": table, "Item": row})
        else:
            dynamodb._delete_item({"TableName": table, "Key": row})


def state() -> dict[str, Any]:
    """What the emulator keeps of DynamoDB, for its own format; call it, and encode the result, under LOCK.

    The emulator's own reader copies every row first, which takes ten times as long as encoding them.
    """
    dynamodb = _dynamodb()
    tables = type(dynamodb._tables)()
    for scope, table in dynamodb._tables.all_items():
        tables.set_scoped(*scope, {name: value for name, value in table.items() if name != dynamodb._INDEX_MEMBERS})
    return {"tables": tables} | {name: getattr(dynamodb, f"_{name}") for name in _KEPT}


def _dynamodb() -> Any:  # noqa: ANN401 (the emulator has no types)
    return importlib.import_module("ministack.services.dynamodb")


def _locked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Step Functions and the saver call these from threads of their own, beside the server's."""

    def call(*args: object, **options: object) -> object:
        with LOCK:
            return function(*args, **options)

    return call


def _journaled(
    dynamodb: Any,  # noqa: ANN401
    write: Callable[[dict[str, Any]], Any],
    steps: Callable[[dict[str, Any]], Iterable[dict[str, Any]]],
    journal: Callable[[], Journal | None],
) -> Callable[[dict[str, Any]], Any]:
    """Note what a write left behind before it is answered: whoever reads the answer finds it after a kill."""

    def call(request: dict[str, Any]) -> Any:  # noqa: ANN401
        answer = write(request)
        kept = journal()
        if kept and answer[0] == 200:
            kept.note(_left(dynamodb, step["TableName"], step.get("Item") or step["Key"]) for step in steps(request))
        return answer

    return call


def _left(dynamodb: Any, name: str, names: dict[str, Any]) -> Row:  # noqa: ANN401
    """The row as the table now has it, or its key where there is none. `names` holds at least the key's attributes."""
    table = dynamodb._tables.get(dynamodb._normalize_table_name(name))
    key = {each: names[each] for each in (table["pk_name"], table["sk_name"]) if each}
    first, *second = (dynamodb._extract_key_val(value) for value in key.values())
    found = table["items"].get(first, {}).get(*second or [_NO_SORT_KEY])
    return (name, found, True) if found is not None else (name, key, False)


def _parse_once(dynamodb: Any) -> None:  # noqa: ANN401
    tokens_of = lru_cache(maxsize=1024)(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(tokens_of(expression))
    for name in _PARSERS:
        setattr(dynamodb, name, _once(getattr(dynamodb, name)))


_CLAUSE = re.compile(r"(#\w+) (=|<|<=|>|>=) (:\w+)|(#\w+) BETWEEN (:\w+) AND (:\w+)")


@lru_cache(maxsize=1024)
def _comparisons(condition: str) -> tuple[tuple[str, str, str], ...] | None:
    """A key condition as (name, operator, value) of aliased words; None where it has any other form."""
    found: list[tuple[str, str, str]] = []
    end = 0
    for clause in _CLAUSE.finditer(condition):
        if condition[end : clause.start()] != (" AND " if found else ""):
            return None
        name, operator, value, between, low, high = clause.groups()
        found += [(name, operator, value)] if name else [(between, ">=", low), (between, "<=", high)]
        end = clause.end()
    return tuple(found) if end == len(condition) else None


def _evaluate_quickly(dynamodb: Any) -> None:  # noqa: ANN401
    """Compare key conditions of the form our code writes directly, instead of walking their grammar for each row."""
    walk, compare = dynamodb._evaluate_condition, dynamodb._compare_ddb

    def evaluate(
        condition: str,
        item: dict[str, Any],
        values: dict[str, Any],
        names: dict[str, str],
        slot: str = "ConditionExpression",
    ) -> bool:
        simple = _comparisons(condition) if slot == "KeyConditionExpression" else None
        if simple is None:
            return bool(walk(condition, item, values, names, slot))
        return all(compare(item.get(names[name]), operator, values[value]) for name, operator, value in simple)

    dynamodb._evaluate_condition = evaluate


def _once(check: Callable[..., str | None]) -> Callable[..., str | None]:
    known = lru_cache(maxsize=1024)(check)

    def call(expression: str | list[tuple[str, str]], *slot: str, **slots: str) -> str | None:
        return known(expression if isinstance(expression, str) else tuple(expression), *slot, **slots)

    return call
