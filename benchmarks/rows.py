"""What was measured, as rows of one table: what, how much, and the goal where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from benchmarks import costs
from benchmarks.doors import Compared
from benchmarks.imports import Started
from benchmarks.lag import Lag
from benchmarks.paths import Walk, Walked

CPU_GOAL, IMPORT_GOAL, DOLLAR_GOAL, ROW_GOAL = 1.25, 1.3, 25.0, 1024


class Row(NamedTuple):
    """One line; `met` is None where there is no goal. A line with no value is a heading."""

    what: str
    value: str = ""
    goal: str = ""
    met: bool | None = None


def of_doors(doors: Mapping[str, Compared]) -> Iterator[Row]:
    yield Row("CPU of a warm request, beside a bare boto3 handler making the same AWS calls")
    for door, found in doors.items():
        calls = " + ".join(call.partition("(")[0] for call in found.calls)
        value = f"{found.ours:.2f} ms / {found.bare:.2f} ms = {found.ratio:.2f}×"
        yield Row(f"{door} ({calls})", value, f"≤ {CPU_GOAL}×", found.ratio <= CPU_GOAL)


def of_imports(started: Mapping[str, Started], uncompiled: float) -> Iterator[Row]:
    yield Row("CPU of a cold start, beside only importing and making the same SDK clients")
    for function, found in started.items():
        value = f"{found.ours:.0f} ms / {found.bare:.0f} ms = {found.ratio:.2f}×"
        value += f"; {found.modules} / {found.bare_modules} modules"
        yield Row(function, value, f"≤ {IMPORT_GOAL}×", found.ratio <= IMPORT_GOAL)
    yield Row("submit, once, without .pyc files", f"{uncompiled:.0f} ms")


def of_paths(walked: Walked, template: costs.Template) -> Iterator[Row]:
    yield Row("AWS calls, DynamoDB units and list-price US dollars for a million tasks")
    for name, walk in walked.paths.items():
        usd = costs.million(walk, template)
        yield Row(name, f"{_used(walk)}; {_bill(usd)}", f"≤ ${DOLLAR_GOAL:.0f}", sum(usd.values()) <= DOLLAR_GOAL)
    yield Row("each status query more", f"{_used(walked.status)}; {_bill(costs.million(walked.status, template))}")
    shorter, longer = walked.paths["polled 3 times"], walked.paths["polled 5 times"]
    more = sum(costs.million(longer, template).values()) - sum(costs.million(shorter, template).values())
    yield Row("each poll more", f"${more / 2:.2f}")
    told = walked.paths["polled 3 times, client told"]
    yield Row("keeping the rows of a million tasks", f"${costs.stored(told):.2f} a month")
    idle = costs.idle(walked, template)
    parts = ", ".join(f"{name} {usd:.2f}" for name, usd in idle.items())
    yield Row("standing idle", f"${sum(idle.values()):.2f} a month ({parts})")
    yield Row("the poller at its busiest, all shards, all month", f"${costs.busiest(walked, template):.2f} a month")


def of_rows(walked: Walked) -> Iterator[Row]:
    yield Row("Largest size of a task's rows")
    told = walked.paths["callback, client told"].rows
    yield Row("hot row", f"{told['task']} bytes", f"< {ROW_GOAL} bytes", told["task"] < ROW_GOAL)
    yield Row("request row, with a prompt of 200 characters", f"{told['request']} bytes")
    others = ", ".join(f"{name} {size}" for name, size in told.items() if name not in ("task", "request"))
    yield Row("other rows", f"{others} bytes")


def of_lags(lags: Iterable[Lag]) -> Iterator[Row]:
    yield Row("Poll lag, due time to observed outcome; one shard, upstream answers in 50 ms, all on this machine")
    for lag in lags:
        when = f"due within {lag.spread} s" if lag.spread else "due at once"
        value = f"p50 {lag.p50:.2f} s, p95 {lag.p95:.2f} s, max {lag.most:.2f} s; {lag.cpu:.1f} ms CPU each"
        yield Row(f"{lag.tasks:,} tasks {when}", value)


def _used(walk: Walk) -> str:
    calls = sum(walk.calls.values())
    return f"{calls} call{'s' * (calls != 1)}, {walk.writes + walk.index_writes:g} WRU, {walk.reads:g} RRU"


def _bill(usd: Mapping[str, float]) -> str:
    parts = ", ".join(f"{service} {amount:.2f}" for service, amount in usd.items() if amount >= 0.005)
    return f"${sum(usd.values()):.2f} ({parts})"
