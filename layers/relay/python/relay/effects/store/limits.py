"""What an account row must allow before a task is accepted, what that changes in it, and why it refused."""

from __future__ import annotations

from typing import Any, NamedTuple

from relay.effects.store.account_row import DAY_SECONDS, Seen, Windows
from relay.effects.store.booking import Posting
from relay.effects.store.codec import Expression
from relay.effects.store.key_counts import too_often, used_up
from relay.effects.store.months import MONTH, MONTH_TOKENS, first_day, month_of
from relay.nouns.account_errors import KeyExhausted
from relay.nouns.draft import KINDS
from relay.nouns.errors import (
    AccountFrozen,
    InsufficientBalance,
    RateLimited,
    RelayError,
    TooManyInFlight,
)
from relay.nouns.line_errors import QuotaExceeded
from relay.nouns.task import Task
from relay.nouns.tiers import Tier

MINUTE = 60_000  # ms


class Limits(NamedTuple):
    """What bounds creations: the account's tier, and the key's own number of them a minute; 0 is no bound."""

    tier: Tier
    per_minute: int = 0


def count_creation(
    e: Expression, task: Task, tier: Tier, seen: Seen, *, posting: Posting | None, windows: Windows
) -> tuple[list[str], dict[str, object], dict[str, object]]:
    """Conditions on the account row that allow the creation, and what it sets in that row and adds to it.

    Without a `posting` the task is not charged yet: then it counts in the minute only.
    """
    conditions = [
        e.equals("status", "active"),
        f"{e.name('balance')} >= {e.value(task.price)}",
        e.below("in_flight", tier.in_flight),
        e.equals("minute", seen.windows.minute),
    ]
    put, add = dict[str, object](), dict[str, object]()
    if posting:
        conditions += posting.conditions
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


def count_line(
    e: Expression, task: Task, tier: Tier, seen: Seen, posting: Posting
) -> tuple[list[str], dict[str, object], dict[str, object]]:
    """The same for what is metered: the month's tokens bound it, and no count of creations. Raises QuotaExceeded where
    a whole month has fewer, for the first call of a month is not compared with what the row counts."""
    most = tier.lines.tokens_per_month
    if task.tokens > most:
        raise _quota_exceeded(task, most, posting.day)
    conditions = [
        e.equals("status", "active"),
        f"{e.name('balance')} >= {e.value(task.price)}",
        *posting.conditions,
        e.equals(MONTH, seen.month),
    ]
    put, add = dict(posting.put), posting.add | {"balance": -task.price}
    month = month_of(posting.day)
    if posting.new_day:
        put |= {"day_count": 0, "day_cost": task.price}
    else:
        add["day_cost"] = task.price
    if month > seen.month:
        put |= {MONTH: month, MONTH_TOKENS: task.tokens}
    else:
        conditions.append(e.below(MONTH_TOKENS, most - task.tokens + 1))
        add[MONTH_TOKENS] = task.tokens
    return conditions, put, add


def refusal(row: dict[str, Any], task: Task, limits: Limits, tried: Windows, utc_offset: int) -> RelayError | None:
    """Why the account row refused the creation, by its values; None where we only guessed its windows wrong."""
    if not row or row["status"] != "active":
        return AccountFrozen()
    if row["balance"] < task.price:
        return InsufficientBalance()
    if used_up(row, task.key_id, task.price):
        return KeyExhausted()
    if KINDS[task.kind].metered:
        why: RelayError | None = _over_quota(row, task, limits.tier, tried)
    else:
        why = _over_count(row, task, limits.tier, tried, utc_offset)
    if why is None and too_often(row, task.key_id, task.charged_at // MINUTE, limits.per_minute):
        return _minute_over(f"this key's {limits.per_minute} requests", task)
    return why


def _over_count(row: dict[str, Any], task: Task, tier: Tier, tried: Windows, utc_offset: int) -> RelayError | None:
    if row["in_flight"] >= tier.in_flight:
        return TooManyInFlight("too many unfinished tasks; wait for one to end", "未完成任务过多，请稍后再试", 5)
    seconds = task.charged_at // 1000
    if row["day"] >= tried.day and row["day_count"] >= tier.per_day:
        left = DAY_SECONDS - (seconds + utc_offset * 3600) % DAY_SECONDS
        return RateLimited(f"{tier.per_day} creations a day are used up", "今日请求次数已达上限", left)
    if row["minute"] >= tried.minute and row["minute_count"] >= tier.per_minute:
        return _minute_over(f"{tier.per_minute} creations", task)
    return None


def _minute_over(what: str, task: Task) -> RateLimited:
    return RateLimited(f"{what} a minute are used up", "请求过于频繁，请稍后再试", 60 - task.charged_at // 1000 % 60)


def _over_quota(row: dict[str, Any], task: Task, tier: Tier, tried: Windows) -> RelayError | None:
    most, month = tier.lines.tokens_per_month, month_of(tried.day)
    if row[MONTH] < month or row[MONTH_TOKENS] + task.tokens <= most:
        return None
    return _quota_exceeded(task, max(0, most - row[MONTH_TOKENS]), tried.day)


def _quota_exceeded(task: Task, left: int, day: int) -> QuotaExceeded:
    return QuotaExceeded(task.tokens, left, (first_day(month_of(day) + 1) - day) * DAY_SECONDS)
