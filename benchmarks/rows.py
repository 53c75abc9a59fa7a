"""What was measured, as rows of one table: what, how much, and the goal where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from benchmarks import costs
from benchmarks.copying import LARGE, SMALL, Copies
from benchmarks.endpoints import Compared
from benchmarks.imports import Started
from benchmarks.lag import Lag
from benchmarks.paths import Walk, Walked
from benchmarks.prices import INTERNET
from benchmarks.served import Served
from benchmarks.uploading import Uploaded

FLAT_GOAL, COPY_GOAL, UPLOAD_GOAL = 16, 0.8, 25.0  # MB, a ratio, ms per MB
CPU_GOAL, IMPORT_GOAL, DOLLAR_GOAL, ROW_GOAL = 1.25, 1.3, 25.0, 1024
JUDGED = 0.3  # seconds an upstream takes where dollars have a goal
DOLLAR_GOALS = {"callback": 16.0, "callback, client told": 19.0, "polled 3 times, client told": 19.0}
CONTAINERS, SECRETS = 30, 3  # a deployment of some thousand tasks an hour


MB = 1 << 20


class Row(NamedTuple):
    """One line; `met` is None where there is no goal. A line with no value is a heading."""

    what: str
    value: str = ""
    goal: str = ""
    met: bool | None = None


def judged(what: str, value: str, spread: tuple[float, float], limit: float) -> Row:
    """A ratio's row: its verdict holds for the whole spread of the measurement, or says that it does not."""
    if spread[0] <= limit < spread[1]:
        return Row(what, value, f"≤ {limit}×, the spread crosses it")
    return Row(what, value, f"≤ {limit}×", spread[1] <= limit)


def of_endpoints(endpoints: Mapping[str, Compared]) -> Iterator[Row]:
    yield Row("CPU of a warm request, beside a bare boto3 handler making the same AWS calls (spread over ten parts)")
    for endpoint, found in endpoints.items():
        calls = " + ".join(call.partition("(")[0] for call in found.calls)
        value = f"{found.ours:.2f} ms / {found.bare:.2f} ms = {found.ratio:.2f}× ({found.low:.2f}–{found.high:.2f})"
        yield judged(f"{endpoint} ({calls})", value, (found.low, found.high), CPU_GOAL)


def of_imports(started: Mapping[str, Started], uncompiled: float) -> Iterator[Row]:
    yield Row("CPU of a cold start, beside only importing and making the same SDK clients (spread over seven runs)")
    for function, found in started.items():
        value = f"{found.ours:.0f} ms / {found.bare:.0f} ms = {found.ratio:.2f}× ({found.low:.2f}–{found.high:.2f})"
        value += f"; {found.modules} / {found.bare_modules} modules"
        yield judged(function, value, (found.low, found.high), IMPORT_GOAL)
    yield Row("submit, once, without .pyc files", f"{uncompiled:.0f} ms")


def of_speeds(speeds: Mapping[float, Mapping[str, Walk]], template: costs.Template) -> Iterator[Row]:
    """Dollars by path, for upstreams and clients that answer in so many seconds."""
    told = " / ".join(f"{seconds * 1000:.0f}" for seconds in speeds)
    yield Row(f"US dollars for a million tasks where upstreams and clients answer in {told} ms, results not archived")
    for name in speeds[JUDGED]:
        bills = {seconds: sum(costs.million(walks[name], template).values()) for seconds, walks in speeds.items()}
        goal = DOLLAR_GOALS.get(name)
        limit = f"≤ ${goal:.0f} at {JUDGED * 1000:.0f} ms" if goal else ""
        value = " / ".join(f"${bill:.2f}" for bill in bills.values())
        yield Row(name, value, limit, bills[JUDGED] <= goal if goal else None)


def of_paths(walked: Walked, template: costs.Template) -> Iterator[Row]:
    yield Row("AWS calls, DynamoDB units and list-price US dollars for a million tasks; upstreams answer in 50 ms")
    for name, walk in walked.paths.items():
        yield Row(name, f"{_used(walk)}; {_bill(costs.million(walk, template))}")
    yield Row("each status query more", f"{_used(walked.status)}; {_bill(costs.million(walked.status, template))}")
    shorter, longer = walked.paths["polled 3 times"], walked.paths["polled 5 times"]
    more = sum(costs.million(longer, template).values()) - sum(costs.million(shorter, template).values())
    yield Row("each poll more", f"${more / 2:.2f}")
    yield _witness(walked)


def _witness(walked: Walked) -> Row:
    """The embedded cloud counts units by rules of its own: a second opinion on ours."""
    both = {name: (walk.writes + walk.index_writes + walk.reads, walk.counted) for name, walk in walked.paths.items()}
    differ = [f"{name}: ours {ours:g}, its {its:g}" for name, (ours, its) in both.items() if ours != its]
    value = f"the same on {len(both) - len(differ)} of {len(both)} paths{''.join(f'; {each}' for each in differ)}"
    return Row("units as the embedded cloud reports them", value, "the same", not differ)


def of_standing(walked: Walked, started: Mapping[str, Started], template: costs.Template) -> Iterator[Row]:
    yield Row("What no task's path shows")
    low, high = costs.clock(walked, template)
    yield Row("the clock under steady traffic, all shards", f"${low:.2f} to {high:.2f} a month (pauses of 5 s or 1 s)")
    yield Row("custom metrics", f"${costs.metrics(walked):.2f} a month for {len(walked.metrics)} that were published")
    kms = costs.secrets(CONTAINERS, SECRETS)
    yield Row("reading secrets (KMS)", f"${kms:.2f} a month for {CONTAINERS} warm containers, {SECRETS} secrets each")
    for function in ("submit", "dispatch"):
        usd = costs.cold_starts(started[function].ours)
        value = f"${usd:.2f} a million; ${usd / 100:.2f} a million tasks where one in a hundred is cold"
        yield Row(f"cold starts of {function}", value)
    told = walked.paths["polled 3 times, client told"]
    yield Row("keeping the rows of a million tasks", f"${costs.stored(told):.2f} a month")
    idle = costs.idle(walked, template)
    parts = ", ".join(f"{name} {usd:.2f}" for name, usd in idle.items())
    yield Row("standing idle", f"${sum(idle.values()):.2f} a month ({parts})")


def of_served(found: Served) -> Iterator[Row]:
    yield Row("A served stack on this machine: pictures for eight clients, archived, each client told")
    yield Row(f"{found.tasks:,} tasks", f"{found.tasks / found.seconds:.1f} a second; drift {found.drift}")
    yield Row("submit → told", f"p50 {found.told_p50:.1f} s, p95 {found.told_p95:.1f} s")
    yield Row("answer to a creation", f"p50 {found.answered_p50 * 1000:.0f} ms, p95 {found.answered_p95 * 1000:.0f} ms")
    yield Row("memory of all processes", f"{found.megabytes:,.0f} MB")


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
    yield Row("CPU of an upload through the endpoint: body read, judged, stored")
    for each in uploads:
        value = f"{each.cpu:.1f} ms, {each.each:.1f} ms per MB"
        yield Row(f"{each.megabytes} MB", value, f"≤ {UPLOAD_GOAL:.0f} ms per MB", each.each <= UPLOAD_GOAL)


def of_archiving(found: Iterable[costs.Archived], template: costs.Template) -> Iterator[Row]:
    days = template.result_days
    yield Row(f"What archiving adds to a million tasks: copied, kept {days} days, fetched once by its link")
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
