"""Accepts a task in one transaction: account row (charge, limits), task, request, ledger entry, idempotency row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from relay.effects.store.booking import DAY_SECONDS, Booking, Posting, Seen, Windows, account_update
from relay.effects.store.codec import Expression, pack, unpack, write_draft
from relay.effects.store.table import LostRace, Tables
from relay.effects.store.tasks import Tasks
from relay.nouns.catalog import Tier
from relay.nouns.draft import Draft
from relay.nouns.errors import (
    AccountFrozen,
    Contended,
    InsufficientBalance,
    InvalidParameter,
    RateLimited,
    RelayError,
    TooManyInFlight,
)
from relay.nouns.money import reserve
from relay.nouns.task import Task

TRIES = 9  # of a creation on a busy account; with their pauses 2.6 s at most
IDEMPOTENCY_SECONDS = DAY_SECONDS  # how long an Idempotency-Key is remembered


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's `Idempotency-Key` and a digest of the request it came with."""

    key: str
    fingerprint: str


@dataclass(slots=True)
class Submissions:
    tables: Tables
    tasks: Tasks
    booking: Booking

    def earlier(self, account_id: str, idempotency: Idempotency, now: int) -> str | None:
        """The id of the task made before under this Idempotency-Key; None where the key is unused or expired.

        Raises InvalidParameter where the key was used with another request. `now` is Unix ms.
        """
        key = {"lookup": pack(_lookup(account_id, idempotency))}
        found = self.tables.get(TableName=self.tables.directory, Key=key, ConsistentRead=True)
        # DynamoDB's TTL removes a row hours or days after it expired
        return _replay(found, idempotency) if found and unpack(found)["ttl"] > now // 1000 else None

    def create(self, task: Task, draft: Draft, tier: Tier, idempotency: Idempotency | None) -> str:
        """Accept `task`. Returns its id, or on a replay the id of the earlier task under the same Idempotency-Key.

        Raises AccountFrozen, InsufficientBalance, RateLimited, TooManyInFlight; then nothing was written.
        """
        try:
            return self._accept(task, draft, tier, idempotency)
        except Contended:
            if self.tasks.get(task.account_id, task.task_id) is None:
                raise
            return task.task_id  # one of the tries was applied and its answer was lost

    def _accept(self, task: Task, draft: Draft, tier: Tier, idempotency: Idempotency | None) -> str:
        patience = self.tables.patience(TRIES)
        seen = self.booking.look(task.account_id)
        if seen is None:
            raise AccountFrozen
        while True:
            after, windows, steps = self._steps(task, draft, tier, seen)
            try:
                self.tables.transact(*steps, *self._claim(task, idempotency), patience=patience)
            except LostRace as lost:
                if idempotency and lost.refused(len(steps)):
                    return _replay(lost.row(len(steps)), idempotency)
                if lost.refused(1):
                    return task.task_id  # an earlier try was applied and its answer was lost
                if not lost.refused(0):
                    raise
                refusal = _refusal(unpack(lost.row(0)), task, tier, windows, self.booking.utc_offset)
                if refusal:
                    raise refusal from lost
                seen = self.booking.learn(task.account_id, lost.row(0))
                patience.again(lost)
            else:
                self.booking.seen[task.account_id] = after
                return task.task_id

    def _steps(self, task: Task, draft: Draft, tier: Tier, seen: Seen) -> tuple[Seen, Windows, list[dict[str, Any]]]:
        """What accepting `task` writes, conditioned on the account row being as `seen`: that row first, then the task.

        Clocks differ between containers: where the row's minute or day is later than ours, its own is used.
        """
        e, now = Expression(), Windows.at(task.created_at, self.booking.utc_offset)
        posting = self.booking.post(e, seen, reserve(task), now.day)
        windows = Windows(max(now.minute, seen.windows.minute), posting.day)
        conditions, put, add = _count_creation(e, task, tier, seen, posting=posting, windows=windows)
        account = account_update(self.tables.accounts, task.account_id, e, conditions, put=put, add=add)
        return (
            replace(posting.after, windows=windows),
            windows,
            [account, *self._rows(task, draft), posting.line, *posting.new_blocks],
        )

    def _rows(self, task: Task, draft: Draft) -> tuple[dict[str, Any], ...]:
        request = {
            "account_id": pack(task.account_id),
            "task_id": pack(f"{task.task_id}#request"),
            "draft": pack(write_draft(draft)),
        }
        return (
            _put_if_absent(self.tables.tasks, self.tasks.row(task), "task_id"),
            _put_if_absent(self.tables.tasks, request, "task_id"),
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


def _count_creation(
    e: Expression, task: Task, tier: Tier, seen: Seen, *, posting: Posting, windows: Windows
) -> tuple[list[str], dict[str, object], dict[str, object]]:
    """Conditions on the account row that allow the creation, and what it sets in that row and adds to it."""
    conditions = [
        e.equals("status", "active"),
        f"{e.name('balance')} >= {e.value(task.price)}",
        e.below("in_flight", tier.in_flight),
        *posting.conditions,
        e.equals("minute", seen.windows.minute),
    ]
    put, add = dict(posting.put), posting.add | {"balance": -task.price, "in_flight": 1}
    if posting.new_day:
        put |= {"day_count": 1, "day_cost": task.price}
    else:
        conditions.append(e.below("day_count", tier.per_day))
        add |= {"day_count": 1, "day_cost": task.price}
    if windows.minute > seen.windows.minute:
        put |= {"minute": windows.minute, "minute_count": 1}
    else:
        conditions.append(e.below("minute_count", tier.per_minute))
        add["minute_count"] = 1
    return conditions, put, add


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


def _refusal(row: dict[str, Any], task: Task, tier: Tier, tried: Windows, utc_offset: int) -> RelayError | None:
    """Why the account row refused the creation, by its values; None where we only guessed its windows wrong."""
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


def _replay(row: dict[str, Any], idempotency: Idempotency) -> str:
    earlier = unpack(row)
    if earlier["fingerprint"] != idempotency.fingerprint:
        raise InvalidParameter("Idempotency-Key", "was used with a different request", "已用于不同的请求")
    task_id: str = earlier["task_id"]
    return task_id
