"""What each key did, by day and model, in rows of its account that are added to where a task is settled.

They are sorted by key and day, so that a period of one key is one range of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import Tables
from relay.nouns.task import Task
from relay.nouns.usage import Usage

PREFIX, END = "USAGE#", "USAGE$"  # sort keys: $ follows #


class UsageRow(NamedTuple):
    """`day` is the local one, from the epoch; `model` the catalog's name."""

    key_id: str
    day: int
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Usages:
    tables: Tables

    def of(self, account_id: str, key_id: str, first: int, last: int) -> Iterator[UsageRow]:
        """A key's usage from one local day to another, oldest first; what was settled a second ago may lack."""
        yield from self._between(account_id, _begin(key_id, first), _begin(key_id, last + 1), consistent=False)

    def all(self, account_id: str) -> Iterator[UsageRow]:
        yield from self._between(account_id, PREFIX, END, consistent=True)

    def _between(self, account_id: str, first: str, end: str, *, consistent: bool) -> Iterator[UsageRow]:
        e = Expression()
        between = f"{e.name('sk')} BETWEEN {e.value(first)} AND {e.value(end)}"
        asked: dict[str, Any] = {
            "TableName": self.tables.accounts,
            "KeyConditionExpression": f"{e.equals('account_id', account_id)} AND {between}",
            "ConsistentRead": consistent,
            **e.arguments,
        }
        while True:
            answer = self.tables.query(**asked)
            yield from (_read(unpack(item)) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def usage_steps(table: str, task: Task, day: int, usage: Usage) -> list[dict[str, Any]]:
    """The step of a settlement that adds to what the task's key did on that local day; none where that
    is nothing, or its key is unknown."""
    add = {name: more for name, more in usage._asdict().items() if more}
    if not add or not task.key_id:
        return []
    e = Expression()
    key = {"account_id": pack(task.account_id), "sk": pack(f"{_begin(task.key_id, day)}{task.model}")}
    return [{"Update": {"TableName": table, "Key": key, "UpdateExpression": e.update(add=add), **e.arguments}}]


def _begin(key_id: str, day: int) -> str:
    return f"{PREFIX}{quote(key_id, safe='')}#{day:06}#"


def _read(row: dict[str, Any]) -> UsageRow:
    _, key_id, day, model = row["sk"].split("#", 3)
    usage = Usage(**{name: row[name] for name in Usage._fields if name in row})
    return UsageRow(unquote(key_id), int(day), model, usage)
