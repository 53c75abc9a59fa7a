"""Reads several of an account's tasks at once: a page of them, newest first, or those with given ids.

A task's rows lie together in its account's partition, so a page also reads the request and the facts beside each task;
where the caller wants them they cost nothing more. A page reads at most MAX_ROWS rows by at most MAX_QUERIES queries
(of 1 MB each at most), whatever it finds: where it stopped, `Page.after` says where to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from relay.effects.store.codec import Expression, Item, read_draft, read_facts, read_task
from relay.effects.store.references import prefix
from relay.effects.store.table import Tables
from relay.effects.store.tasks import names_a_task
from relay.effects.store.transitions import row_key
from relay.nouns.draft import Draft
from relay.nouns.task import Task
from relay.nouns.wire import Json

MAX_ROWS, MAX_QUERIES = 1000, 4
FEWEST_ROWS = 8  # of one query: more than a task has, so that every query gets on
FIRST, LAST = str(UUID(int=0)), str(UUID(int=(1 << 128) - 1))

REQUEST, RESULT = "#request", "#result"


class Found(NamedTuple):
    """A task with what was asked for, and what its outcome says; without both where they were not wanted."""

    task: Task
    draft: Draft | None
    facts: Mapping[str, Json]


class Page(NamedTuple):
    """`after` is where the next page begins; None where there is certainly nothing more."""

    found: Sequence[Found]
    after: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """The tasks whose ids (UUIDv7, so they sort by time) lie from `first` to just below `below`."""

    first: str = FIRST
    below: str = LAST

    def keys(self, prefix: str = "") -> tuple[str, str]:
        """The first and the last sort key of their rows; `~` follows all that stands behind an id."""
        return f"{prefix}{self.first}", f"{prefix}{UUID(int=max(UUID(self.below).int - 1, 0))}~"


@dataclass(frozen=True, slots=True)
class Listings:
    tables: Tables

    def page(
        self,
        account_id: str,
        span: Span,
        limit: int,
        where: Callable[[Task], bool],
        *,
        whole: bool = False,
        oldest_first: bool = False,
    ) -> Page:
        """At most `limit` tasks of the span that are as `where` wants them, newest first unless told otherwise."""
        found, read, left = list[Found](), 0, span
        for _ in range(MAX_QUERIES):
            # as many rows as the missing tasks have by what was read so far; two each to begin with
            guess = -(-(limit - len(found)) * read // len(found)) if found else 4 * read or 2 * limit
            rows = max(FEWEST_ROWS, min(guess, MAX_ROWS - read))
            answer = self._query(account_id, left.keys(), rows, whole=whole, forward=oldest_first)
            read += answer["ScannedCount"]
            tasks, rest = _read(answer, left, oldest_first=oldest_first)
            for each in tasks:
                if where(each.task):
                    found.append(each)
                    if len(found) == limit:
                        return Page(found, each.task.task_id)
            if rest is None:
                return Page(found, None)
            left = rest
            if read + FEWEST_ROWS > MAX_ROWS:
                break
        return Page(found, _next_to(left.first, -1) if oldest_first else left.below)

    def many(self, account_id: str, task_ids: Iterable[str], *, whole: bool = False) -> list[Found]:
        """The account's tasks among these ids, in their order; what is not a task of the account is left out."""
        wanted = list(dict.fromkeys(filter(names_a_task, task_ids)))
        beside = ("", REQUEST, RESULT) if whole else ("",)
        keys = [row_key(account_id, task_id + suffix) for task_id in wanted for suffix in beside]
        rows = {item["task_id"]["S"]: item for item in self.tables.batch_get(self.tables.tasks, keys)}
        return [_found(rows, task_id) for task_id in wanted if task_id in rows]

    def by_reference(
        self, account_id: str, dialect: str, reference: str, span: Span, limit: int, *, whole: bool = False
    ) -> Page:
        """At most `limit` tasks of the span that were given this reference, newest first: two rows read for each."""
        answer = self._query(account_id, span.keys(prefix(dialect, reference)), limit, whole=True)
        ids = [item["task_id"]["S"].rpartition("#")[2] for item in answer["Items"]]
        return Page(self.many(account_id, ids, whole=whole), ids[-1] if "LastEvaluatedKey" in answer else None)

    def _query(
        self, account_id: str, keys: tuple[str, str], rows: int, *, whole: bool, forward: bool = False
    ) -> dict[str, Any]:
        e = Expression()
        between = f"{e.name('task_id')} BETWEEN {e.value(keys[0])} AND {e.value(keys[1])}"
        where = f"{e.equals('account_id', account_id)} AND {between}"
        only = {} if whole else {"FilterExpression": f"attribute_exists({e.name('state')})"}
        asked = {"TableName": self.tables.tasks, "KeyConditionExpression": where, "Limit": rows, **only}
        return self.tables.query(**asked, ScanIndexForward=forward, ConsistentRead=True, **e.arguments)


def _read(answer: Mapping[str, Any], span: Span, *, oldest_first: bool) -> tuple[Iterator[Found], Span | None]:
    """The tasks of a query's rows, and what of the span is left to look through; None where nothing is."""
    items, stopped = answer["Items"], answer["LastEvaluatedKey"]["task_id"]["S"] if "LastEvaluatedKey" in answer else ""
    if oldest_first:
        return _tasks_up(items, whole=not stopped), _up_from(stopped, span) if stopped else None
    return _tasks(items), Span(span.first, _resume(stopped, span.below)) if stopped else None


def _tasks(items: Iterable[Item]) -> Iterator[Found]:
    """The tasks of rows in descending order: what stands beside a task comes before it."""
    rows = dict[str, Item]()
    for item in items:
        key = item["task_id"]["S"]
        rows[key] = item
        if "#" not in key:
            yield _found(rows, key)
            rows.clear()


def _tasks_up(items: Iterable[Item], *, whole: bool) -> Iterator[Found]:
    """The tasks of rows in ascending order, without the last one unless all of its rows are there for sure."""
    rows, last = dict[str, Item](), ""
    for item in items:
        key = item["task_id"]["S"]
        if "#" not in key:
            if last:
                yield _found(rows, last)
            rows, last = {}, key
        rows[key] = item
    if last and whole:
        yield _found(rows, last)


def _up_from(stopped: str, span: Span) -> Span:
    """What is left of a span after an ascending query: from the task on whose rows it stopped."""
    again = stopped.partition("#")[0]
    return Span(again if again > span.first else _next_to(again, 1), span.below)


def _next_to(task_id: str, by: int) -> str:
    return str(UUID(int=UUID(task_id).int + by))


def _found(rows: Mapping[str, Item], task_id: str) -> Found:
    request, result = rows.get(task_id + REQUEST), rows.get(task_id + RESULT)
    return Found(
        read_task(rows[task_id]),
        read_draft(request["draft"]["S"]) if request else None,
        read_facts(result["facts"]["B"]) if result else {},
    )


def _resume(last_key: str, below: str) -> str:
    """Where to go on after the row `last_key`: with its task once more, if the query stopped among that task's rows."""
    task_id, _, beside = last_key.partition("#")
    again = _next_to(task_id, 1)
    # rows that alone fill a query would be read for ever
    return again if beside and again < below else task_id
