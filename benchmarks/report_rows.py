"""What was measured, as rows of one table: what, how much, and the goal where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from benchmarks import costs
from benchmarks.copying import LARGE, SMALL, Copies
from benchmarks.endpoints import Compared
from benchmarks.imports import Started
from benchmarks.path_use import PathUse
from benchmarks.paths import AllPaths
from benchmarks.poll_lag import Lag
from benchmarks.prices import INTERNET
from benchmarks.served import Served
from benchmarks.uploading import Uploaded

FLAT_GOAL, COPY_GOAL, UPLOAD_GOAL = 16, 0.8, 25.0  # MB, a ratio, ms per MB
CPU_GOAL, IMPORT_GOAL, DOLLAR_GOAL, ROW_GOAL = 1.25, 1.3, 25.0, 1024
GOAL_SECONDS = 0.3  # seconds an upstream takes in the cost goals
DOLLAR_GOALS = {"callback": 16.0, "callback, client told": 19.0, "polled 3 times, client told": 19.0}
CONTAINERS, SECRETS = 30, 3  # a deployment of some thousand tasks an hour


MB = 1 << 20


class Row(NamedTuple):
    """One line; `met` is None where there is no goal. A line with no value is a heading."""

    what: str
    value: str = ""
    goal: str = ""
    met: bool | None = None


def ratio_row(what: str, value: str, spread: tuple[float, float], limit: float) -> Row:
    """A ratio's row: met only if the whole spread meets the goal; says so where the spread crosses it."""
    if spread[0] <= limit < spread[1]:
        return Row(what, value, f"≤ {limit}×, the spread crosses it")
    return Row(what, value, f"≤ {limit}×", spread[1] <= limit)


def endpoint_rows(endpoints: Mapping[str, Compared]) -> Iterator[Row]:
    yield Row("CPU of a warm request, beside a bare boto3 handler making the same AWS calls (spread over ten parts)")
    for endpoint, found in endpoints.items():
        calls = " + ".join(call.partition("(")[0] for call in found.calls)
        value = f"{found.ours:.2f} ms / {found.bare:.2f} ms = {found.ratio:.2f}× ({found.low:.2f}–{found.high:.2f})"
        yield ratio_row(f"{endpoint} ({calls})", value, (found.low, found.high), CPU_GOAL)


def cold_start_rows(started: Mapping[str, Started], uncompiled: float) -> Iterator[Row]:
    yield Row("CPU of a cold start, beside only importing and making the same SDK clients (spread over seven runs)")
    for function, found in started.items():
        value = f"{found.ours:.0f} ms / {found.bare:.0f} ms = {found.ratio:.2f}× ({found.low:.2f}–{found.high:.2f})"
        value += f"; {found.modules} / {found.bare_modules} modules"
        yield ratio_row(function, value, (found.low, found.high), IMPORT_GOAL)
    yield Row("submit, once, without .pyc files", f"{uncompiled:.0f} ms")


def dollar_rows(speeds: Mapping[float, Mapping[str, PathUse]], template: costs.Template) -> Iterator[Row]:
    """Dollars by path, for upstreams and clients that answer in so many seconds."""
    speeds_ms = " / ".join(f"{seconds * 1000:.0f}" for seconds in speeds)
    yield Row(
        f"US dollars for a million tasks where upstreams and clients answer in {speeds_ms} ms, results not archived"
    )
    for name in speeds[GOAL_SECONDS]:
        bills = {
            seconds: sum(costs.million(uses_by_path[name], template).values())
            for seconds, uses_by_path in speeds.items()
        }
        goal = DOLLAR_GOALS.get(name)
        limit = f"≤ ${goal:.0f} at {GOAL_SECONDS * 1000:.0f} ms" if goal else ""
        value = " / ".join(f"${bill:.2f}" for bill in bills.values())
        yield Row(name, value, limit, bills[GOAL_SECONDS] <= goal if goal else None)


def path_rows(measured: AllPaths, template: costs.Template) -> Iterator[Row]:
    yield Row("AWS calls, DynamoDB units and list-price US dollars for a million tasks; upstreams answer in 50 ms")
    for name, use in measured.paths.items():
        yield Row(name, f"{_usage(use)}; {_bill(costs.million(use, template))}")
    yield Row("each status query more", f"{_usage(measured.status)}; {_bill(costs.million(measured.status, template))}")
    shorter, longer = measured.paths["polled 3 times"], measured.paths["polled 5 times"]
    more = sum(costs.million(longer, template).values()) - sum(costs.million(shorter, template).values())
    yield Row("each poll more", f"${more / 2:.2f}")
    yield _emulator_row(measured)


def _emulator_row(measured: AllPaths) -> Row:
    """The embedded cloud counts units by its own rules: an independent check of ours."""
    both = {name: (use.writes + use.index_writes + use.reads, use.counted) for name, use in measured.paths.items()}
    differ = [f"{name}: ours {ours:g}, its {its:g}" for name, (ours, its) in both.items() if ours != its]
    value = f"the same on {len(both) - len(differ)} of {len(both)} paths{''.join(f'; {each}' for each in differ)}"
    return Row("units as the embedded cloud reports them", value, "the same", not differ)


def fixed_cost_rows(measured: AllPaths, started: Mapping[str, Started], template: costs.Template) -> Iterator[Row]:
    yield Row("Fixed costs and costs per container")
    low, high = costs.clock(measured, template)
    yield Row("the clock under steady traffic, all shards", f"${low:.2f} to {high:.2f} a month (pauses of 5 s or 1 s)")
    yield Row(
        "custom metrics",
        f"${costs.metrics(measured):.2f} a month for {len(measured.metrics)} published, by service and by upstream",
    )
    kms = costs.secrets(CONTAINERS, SECRETS)
    yield Row("reading secrets (KMS)", f"${kms:.2f} a month for {CONTAINERS} warm containers, {SECRETS} secrets each")
    for function in ("submit", "dispatch"):
        usd = costs.cold_starts(started[function].ours)
        value = f"${usd:.2f} a million; ${usd / 100:.2f} a million tasks where one in a hundred is cold"
        yield Row(f"cold starts of {function}", value)
    polled = measured.paths["polled 3 times, client told"]
    yield Row("keeping the rows of a million tasks", f"${costs.row_storage(polled):.2f} a month")
    idle = costs.idle(measured, template)
    parts = ", ".join(f"{name} {usd:.2f}" for name, usd in idle.items())
    yield Row("standing idle", f"${sum(idle.values()):.2f} a month ({parts})")


def served_rows(found: Served) -> Iterator[Row]:
    yield Row("A served stack on this machine: pictures for eight clients, archived, each client told")
    yield Row(f"{found.tasks:,} tasks", f"{found.tasks / found.seconds:.1f} a second; drift {found.drift}")
    yield Row("submit → told", f"p50 {found.told_p50:.1f} s, p95 {found.told_p95:.1f} s")
    yield Row("answer to a creation", f"p50 {found.answered_p50 * 1000:.0f} ms, p95 {found.answered_p95 * 1000:.0f} ms")
    yield Row("memory of all processes", f"{found.megabytes:,.0f} MB")


def copy_rows(copies: Copies) -> Iterator[Row]:
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


def upload_rows(uploads: Iterable[Uploaded]) -> Iterator[Row]:
    yield Row("CPU of an upload through the API: body read, inspected, stored")
    for each in uploads:
        value = f"{each.cpu:.1f} ms, {each.each:.1f} ms per MB"
        yield Row(f"{each.megabytes} MB", value, f"≤ {UPLOAD_GOAL:.0f} ms per MB", each.each <= UPLOAD_GOAL)


def archiving_rows(found: Iterable[costs.Archived], template: costs.Template) -> Iterator[Row]:
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
    yield Row("each second a result takes to arrive", f"${costs.slow_result(template):.2f}")


def row_size_rows(measured: AllPaths) -> Iterator[Row]:
    yield Row("Largest size of a task's rows")
    sizes = measured.paths["callback, client told"].rows
    yield Row("hot row", f"{sizes['task']} bytes", f"< {ROW_GOAL} bytes", sizes["task"] < ROW_GOAL)
    yield Row("request row, with a prompt of 200 characters", f"{sizes['request']} bytes")
    others = ", ".join(f"{name} {size}" for name, size in sizes.items() if name not in ("task", "request"))
    yield Row("other rows", f"{others} bytes")


def lag_rows(lags: Iterable[Lag]) -> Iterator[Row]:
    yield Row("Poll lag, due time to observed outcome; one shard, upstream answers in 50 ms, all on this machine")
    for lag in lags:
        when = f"due within {lag.spread} s" if lag.spread else "due at once"
        value = f"p50 {lag.p50:.2f} s, p95 {lag.p95:.2f} s, max {lag.most:.2f} s; {lag.cpu:.1f} ms CPU each"
        yield Row(f"{lag.tasks:,} tasks {when}", value)


def _usage(use: PathUse) -> str:
    calls = sum(use.calls.values())
    return f"{calls} call{'s' * (calls != 1)}, {use.writes + use.index_writes:g} WRU, {use.reads:g} RRU"


def _bill(usd: Mapping[str, float]) -> str:
    parts = ", ".join(f"{service} {amount:.2f}" for service, amount in usd.items() if amount >= 0.005)
    return f"${sum(usd.values()):.2f} ({parts})"
