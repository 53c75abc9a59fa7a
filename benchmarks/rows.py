"""What was measured, as rows of one table: what, how much, and the goal where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from benchmarks import costs
from benchmarks.copying import LARGE, SMALL, Copies
from benchmarks.doors import Compared
from benchmarks.imports import Started
from benchmarks.lag import Lag
from benchmarks.paths import Walk, Walked
from benchmarks.prices import INTERNET
from benchmarks.uploading import Uploaded

FLAT_GOAL, COPY_GOAL, UPLOAD_GOAL = 16, 0.8, 25.0  # MB, a ratio, ms per MB
CPU_GOAL, IMPORT_GOAL, DOLLAR_GOAL, ROW_GOAL = 1.25, 1.3, 25.0, 1024


MB = 1 << 20


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
    yield Row("AWS calls, DynamoDB units and list-price US dollars for a million tasks, results not archived")
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


def of_copies(copies: Copies) -> Iterator[Row]:
    yield Row("Copying a result into the bucket")
    small, large = copies.small / MB, copies.large / MB
    value = (
        f"{small:.1f} MB for a file of {SMALL >> 20} MB, {large:.1f} MB for {LARGE >> 20} MB: {large - small:+.1f} MB"
    )
    yield Row(
        "peak memory of the process, highest of several", value, f"≤ {FLAT_GOAL} MB more", large - small <= FLAT_GOAL
    )
    value = f"{copies.ours:.0f} MB/s / {copies.plain:.0f} MB/s = {copies.ratio:.2f}×"
    value += f"; CPU {copies.ours_cpu:.1f} / {copies.plain_cpu:.1f} ms per MB"
    yield Row("beside a plain streaming copy", value, f"≥ {COPY_GOAL}×", copies.ratio >= COPY_GOAL)


def of_uploads(uploads: Iterable[Uploaded]) -> Iterator[Row]:
    yield Row("CPU of an upload through the door: body read, judged, stored")
    for each in uploads:
        value = f"{each.cpu:.1f} ms, {each.each:.1f} ms per MB"
        yield Row(f"{each.megabytes} MB", value, f"≤ {UPLOAD_GOAL:.0f} ms per MB", each.each <= UPLOAD_GOAL)


def of_archiving(found: Iterable[costs.Archived], template: costs.Template) -> Iterator[Row]:
    days = template.result_days
    yield Row(f"What archiving adds to a million tasks: copied, kept {days} days, fetched once through the media door")
    for each in found:
        usd = costs.archiving(each, template)
        calls = sum(each.on.calls.values()) - sum(each.off.calls.values())
        writes = each.on.writes + each.on.index_writes - each.off.writes - each.off.index_writes
        used = f"{calls} calls, {writes:g} WRU, {each.on.reads + each.fetch.reads - each.off.reads:g} RRU"
        without = sum(usd.values()) - usd["S3 storage"]
        met, goal = without <= DOLLAR_GOAL, f"≤ ${DOLLAR_GOAL:.0f} without storage"
        yield Row(f"{each.size >> 20} MB a result", f"{used}; {_bill(usd)}", goal, met)
        yield Row(f"sending those {each.size >> 20} MB to clients, not in it", f"${INTERNET.of(each.size * 1e6):.2f}")
    yield Row("each second a result takes to arrive", f"${costs.waiting(template):.2f}")


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
