"""Accepting a task: charge, limits, task, request, ledger entry and idempotency row, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from relay.catalog import Tier
from relay.errors import (
    AccountFrozen,
    Contended,
    InsufficientBalance,
    InvalidParameter,
    RateLimited,
    RelayError,
    TooManyInFlight,
)
from relay.ledger import reserve
from relay.store.codec import Expression, entry_item, pack, unpack, write_draft
from relay.store.table import LostRace, Tables
from relay.store.tasks import Tasks
from relay.task import Draft, Task

DAY_SECONDS = 86_400
TRIES = 9  # of a creation, while others write to the same account; with their pauses 2.6 s at most
IDEMPOTENCY_SECONDS = DAY_SECONDS  # how long an Idempotency-Key is remembered


class _Shape(Enum):
    """How the account's windows stand: the update differs, because a counter restarts when its window rolls."""

    STEADY = "same minute, same day"
    NEW_MINUTE = "first of this minute"
    NEW_DAY = "first of this day"


@dataclass(frozen=True, slots=True)
class Windows:
    """The minute and the day (counted from the epoch, days in local time) in which a creation counts."""

    minute: int
    day: int

    @classmethod
    def at(cls, now: int, utc_offset: int) -> Windows:
        seconds = now // 1000
        return cls(seconds // 60, (seconds + utc_offset * 3600) // DAY_SECONDS)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's `Idempotency-Key` and a digest of the request it came with."""

    key: str
    fingerprint: str


@dataclass(slots=True)
class Submissions:
    tables: Tables
    tasks: Tasks
    utc_offset: int
    _seen: dict[str, Windows] = field(default_factory=dict)  # by account: spares the first guess a refusal

    def earlier(self, account_id: str, idempotency: Idempotency, now: int) -> str | None:
        """The id of the task this request made before under its key; None where the key is free, or free again.

        Raises InvalidParameter where the key stands for another request. `now` is Unix ms.
        """
        key = {"lookup": pack(_lookup(account_id, idempotency))}
        found = self.tables.get(TableName=self.tables.directory, Key=key, ConsistentRead=True)
        # TTL removes a row hours or days after its time
        return _replayed(found, idempotency) if found and unpack(found)["ttl"] > now // 1000 else None

    def create(self, task: Task, draft: Draft, tier: Tier, idempotency: Idempotency | None) -> str:
        """Accept `task`; the id of the task that now stands for this request (an earlier one on a replay).

        Raises AccountFrozen, InsufficientBalance, RateLimited, TooManyInFlight; then nothing was written.
        """
        try:
            return self._accept(task, draft, tier, idempotency)
        except Contended:
            if self.tasks.get(task.account_id, task.task_id) is None:
                raise
            return task.task_id  # one of the tries went through, and its answer was lost

    def _accept(self, task: Task, draft: Draft, tier: Tier, idempotency: Idempotency | None) -> str:
        patience = self.tables.patience(TRIES)
        now = Windows.at(task.created_at, self.utc_offset)
        seen = self._seen.get(task.account_id)
        for _ in range(4):  # a guess, its correction, and one more of each for a window that rolls meanwhile
            shape, windows = _shape(seen, now)
            gate = self._gate(task, tier, shape, windows)
            try:
                self.tables.transact(gate, *self._rows(task, draft), *self._claim(task, idempotency), patience=patience)
            except LostRace as lost:
                if lost.refused(1):
                    return task.task_id  # an earlier try of ours went through, and its answer was lost
                if idempotency and lost.refused(4):
                    return _replayed(lost.row(4), idempotency)
                if not lost.refused(0):
                    raise
                row = unpack(lost.row(0))
                refusal = _refusal(row, task, tier, windows, self.utc_offset)
                if refusal:
                    raise refusal from lost
                seen = Windows(row["minute"], row["day"])
            else:
                self._seen[task.account_id] = windows
                return task.task_id
        raise Contended

    def _gate(self, task: Task, tier: Tier, shape: _Shape, windows: Windows) -> dict[str, Any]:
        e = Expression()
        conditions = [
            e.equals("status", "active"),
            f"{e.name('balance')} >= {e.value(task.price)}",
            e.below("in_flight", tier.in_flight),
        ]
        put: dict[str, object] = {}
        add: dict[str, object] = {"balance": -task.price, "in_flight": 1}
        if shape is _Shape.STEADY:
            conditions += [e.equals("minute", windows.minute), e.below("minute_count", tier.per_minute)]
            add["minute_count"] = 1
        else:
            conditions += [e.below("minute", windows.minute)]
            put |= {"minute": windows.minute, "minute_count": 1}
        if shape is _Shape.NEW_DAY:
            conditions += [e.below("day", windows.day)]
            put |= {"day": windows.day, "day_count": 1, "day_cost": task.price}
        else:
            conditions += [e.equals("day", windows.day), e.below("day_count", tier.per_day)]
            add |= {"day_count": 1, "day_cost": task.price}
        return {
            "Update": {
                "TableName": self.tables.accounts,
                "Key": {"account_id": pack(task.account_id), "sk": pack("GATE")},
                "UpdateExpression": e.update(put=put, add=add),
                "ConditionExpression": " AND ".join(conditions),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                **e.arguments,
            }
        }

    def _rows(self, task: Task, draft: Draft) -> tuple[dict[str, Any], ...]:
        request = {
            "account_id": pack(task.account_id),
            "task_id": pack(f"{task.task_id}#request"),
            "draft": pack(write_draft(draft)),
        }
        return (
            _put_if_absent(self.tables.tasks, self.tasks.row(task), "task_id"),
            _put_if_absent(self.tables.tasks, request, "task_id"),
            _put_if_absent(self.tables.accounts, entry_item(reserve(task)), "sk"),
        )

    def _claim(self, task: Task, idempotency: Idempotency | None) -> tuple[dict[str, Any], ...]:
        if idempotency is None:
            return ()
        now = task.created_at // 1000
        row = {
            "lookup": _lookup(task.account_id, idempotency),
            "task_id": task.task_id,
            "fingerprint": idempotency.fingerprint,
            "ttl": now + IDEMPOTENCY_SECONDS,
        }
        claim = _put_if_absent(self.tables.directory, {name: pack(value) for name, value in row.items()}, "lookup")
        expired = Expression()
        claim["Put"]["ConditionExpression"] += f" OR {expired.name('ttl')} <= {expired.value(now)}"
        return ({"Put": claim["Put"] | expired.arguments},)


def _lookup(account_id: str, idempotency: Idempotency) -> str:
    return f"idem#{account_id}#{idempotency.key}"


def _put_if_absent(table: str, item: dict[str, Any], key: str) -> dict[str, Any]:
    return {
        "Put": {
            "TableName": table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({key})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _shape(seen: Windows | None, now: Windows) -> tuple[_Shape, Windows]:
    """The update to try, given the row's windows as last seen. Clocks differ between containers, and a row that
    is ahead of ours stays ahead: its windows count."""
    if seen is None:
        return _Shape.NEW_MINUTE, now
    if seen.day < now.day:
        return _Shape.NEW_DAY, now
    if seen.minute < now.minute:
        return _Shape.NEW_MINUTE, Windows(now.minute, seen.day)
    return _Shape.STEADY, seen


def _refusal(row: dict[str, Any], task: Task, tier: Tier, tried: Windows, utc_offset: int) -> RelayError | None:
    """Why the gate said no, read from the row itself; None where only the guessed windows were wrong."""
    if not row or row["status"] != "active":
        return AccountFrozen()
    if row["balance"] < task.price:
        return InsufficientBalance()
    if row["in_flight"] >= tier.in_flight:
        return TooManyInFlight("too many unfinished tasks; wait for one to end", "未完成任务过多，请稍后再试", 5)
    seconds = task.created_at // 1000
    if row["day"] >= tried.day and row["day_count"] >= tier.per_day:
        left = DAY_SECONDS - (seconds + utc_offset * 3600) % DAY_SECONDS
        return RateLimited(f"{tier.per_day} creations a day are used up", "今日请求次数已达上限", left)
    if row["minute"] >= tried.minute and row["minute_count"] >= tier.per_minute:
        return RateLimited(
            f"{tier.per_minute} creations a minute are used up", "请求过于频繁，请稍后再试", 60 - seconds % 60
        )
    return None


def _replayed(row: dict[str, Any], idempotency: Idempotency) -> str:
    earlier = unpack(row)
    if earlier["fingerprint"] != idempotency.fingerprint:
        raise InvalidParameter("Idempotency-Key", "was used with a different request", "已用于不同的请求")
    task_id: str = earlier["task_id"]
    return task_id
