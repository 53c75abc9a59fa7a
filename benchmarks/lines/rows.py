"""What was measured of open lines, as rows of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.lines import costs
from benchmarks.lines.costs import Chat
from benchmarks.lines.gateways import LITELLM_NAME, OURS_NAME
from benchmarks.lines.rounds import FIRST_MS, LINES, RATE, Busy, Compared, Taken
from benchmarks.report_rows import Row

TIMES_GOAL, FIRST_GOAL = 5, 1.1


def compared_rows(found: Compared) -> Iterator[Row]:
    yield Row(
        f"Chats through one process on one core: {LINES} at once as fast as answered (spread over rounds); "
        f"then {RATE:.0f} a second; then streams whose upstream takes {FIRST_MS} ms to begin"
    )
    yield Row("the simulated upstream itself, with the clients on its core", _ceiling(found.direct))
    for name, taken in found.gateways.items():
        yield from _gateway(name, taken, found)
    for name, reason in found.missing.items():
        yield Row(name, f"not measured: {reason}")


def _gateway(name: str, taken: Taken, found: Compared) -> Iterator[Row]:
    other = found.gateways.get(LITELLM_NAME) if name == OURS_NAME else None
    for words, busy, beside in (
        ("plain", taken.plain, other and other.plain),
        ("streamed", taken.streamed, other and other.streamed),
    ):
        goal = _times(busy, beside) if beside else ("", None)
        yield Row(f"{name}: {words}", _busy(busy), *goal)
    yield _latency(name, taken, found, other)
    ratio = taken.first() / found.direct.first()
    value = f"{taken.first():.0f} ms / {found.direct.first():.0f} ms = {ratio:.2f}×"
    goal = (f"≤ {FIRST_GOAL}×", ratio <= FIRST_GOAL) if name == OURS_NAME else ("", None)
    yield Row(f"{name}: time to the first event, beside the upstream's own", value, *goal)
    yield Row(f"{name}: memory afterwards", f"{taken.megabytes:.0f} MB")


def _latency(name: str, taken: Taken, found: Compared, other: Taken | None) -> Row:
    direct = found.direct
    p50, p99 = taken.p50() - direct.p50(), taken.p99() - direct.p99()
    value = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    if not other:
        return Row(f"{name}: latency added", value)
    limits = (other.p50() - direct.p50()) / TIMES_GOAL, (other.p99() - direct.p99()) / TIMES_GOAL
    goal = f"≤ a fifth of {LITELLM_NAME}: {limits[0]:.1f} and {limits[1]:.1f} ms"
    return Row(f"{name}: latency added", value, goal, p50 <= limits[0] and p99 <= limits[1])


def _times(busy: Sequence[Busy], beside: Sequence[Busy]) -> tuple[str, bool]:
    """Of the CPU that a chat takes: how many a core could answer, whatever else kept it waiting."""
    times = median(each.cpu for each in beside) / median(each.cpu for each in busy)
    return f"≥ {TIMES_GOAL}× {LITELLM_NAME} by CPU: {times:.1f}×", times >= TIMES_GOAL


def _busy(rounds: Sequence[Busy]) -> str:
    rates, cpus = sorted(each.rate for each in rounds), sorted(each.cpu for each in rounds)
    share = median(each.share for each in rounds)
    rate = f"{median(rates):,.0f} a second ({rates[0]:,.0f}–{rates[-1]:,.0f})"
    return f"{rate}; {median(cpus):.2f} ms CPU each ({cpus[0]:.2f}–{cpus[-1]:.2f}), {share:.0%} of the core"


def _ceiling(direct: Taken) -> str:
    plain, streamed = (median(each.rate for each in rounds) for rounds in (direct.plain, direct.streamed))
    return (
        f"{plain:,.0f} plain or {streamed:,.0f} streamed a second; p50 {direct.p50():.1f} ms, p99 {direct.p99():.1f} ms"
    )


def cost_rows(chat: Chat) -> Iterator[Row]:
    seconds = " / ".join(map(str, costs.OPEN_SECONDS))
    yield Row(f"US dollars for a million streamed chats whose lines are open {seconds} s")
    function = " / ".join(f"${costs.by_function(chat, each):,.2f}" for each in costs.OPEN_SECONDS)
    yield Row(f"a function for each line, {chat.function_memory} MB", function)
    yield Row("the front before it, where it is on", f"${costs.front():.2f} more")
    container = " / ".join(f"${costs.by_container(chat, each):,.2f}" for each in costs.OPEN_SECONDS)
    full = " / ".join(f"{costs.lines(chat, each):,.0f}" for each in costs.OPEN_SECONDS)
    size = f"{costs.CONTAINER_VCPU} vCPU, {costs.CONTAINER_GB} GB"
    yield Row(f"full containers of {size}", f"{container}; {full} lines each at {costs.FULL:.0%} of CPU or memory")
    crossings = " or ".join(f"{costs.crossing(chat, number):.1f} ({number})" for number in (1, 2))
    yield Row("lines open at once, on average, above which containers with a load balancer are cheaper", crossings)
    yield Row("memory for each open line", f"{chat.line_megabytes * 1024:.0f} KB beside {chat.base_megabytes:.0f} MB")
    kept = f"{chat.calls} AWS calls, {chat.writes:g} WRU, {chat.reads:g} RRU"
    yield Row("what a chat reads, writes and logs by function", f"{kept}; ${costs.stored(chat):.2f} a million")
