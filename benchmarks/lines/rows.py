"""What was measured of open lines, as rows of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from benchmarks.lines import costs
from benchmarks.lines.costs import Chat, Kept
from benchmarks.lines.gateways import LITELLM_NAME, OURS_NAME
from benchmarks.lines.rounds import FIRST_MS, HELD, LINES, RATE, Busy, Compared, Taken
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
    line = (taken.megabytes_held - taken.megabytes) / HELD * 1024
    more = f"{line:.0f} KB for each open line" if line > 0 else "no more for open lines: its heap had space"
    yield Row(f"{name}: memory", f"{taken.megabytes:.0f} MB, and {more}")


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


def chat_of(ours: Taken, alone: Kept, shared: Kept, function_memory: int) -> Chat:
    """What a streamed chat takes, as measured."""
    return Chat(
        alone,
        shared,
        cpu=median(each.cpu for each in ours.streamed),
        base_megabytes=ours.megabytes,
        line_megabytes=(ours.megabytes_held - ours.megabytes) / HELD,
        function_memory=function_memory,
    )


def cost_rows(chat: Chat) -> Iterator[Row]:
    spans = costs.OPEN_SECONDS
    yield Row(f"US dollars for a million streamed chats whose lines are open {_list(spans)} s")
    function = _list(f"${costs.by_function(chat, each):,.2f}" for each in spans)
    yield Row(f"a function of {chat.function_memory} MB for each line", f"{function}, of it {_kept(chat.alone)}")
    yield Row("the front before it, where it is on", f"${costs.front():.2f} more")
    container = _list(f"${costs.by_container(chat, each):,.2f}" for each in spans)
    yield Row(
        f"full containers of {costs.CONTAINER_VCPU} vCPU and {costs.CONTAINER_GB} GB",
        f"{container}, of it {_kept(chat.shared)}",
    )
    full = _list(f"{costs.lines(chat, each):,.0f}" for each in spans)
    yield Row(
        "lines that a container holds", f"{full}: {costs.FULL:.0%} of its CPU or memory, at most {costs.MOST_LINES:,}"
    )
    for number, words in ((1, "one container"), (2, "two containers")):
        crossings = _list(f"{costs.crossing(chat, each, number):.1f}" for each in spans)
        yield Row(f"lines open at once, on average, from which on {words} and a load balancer are cheaper", crossings)


def _list(each: Iterable[object]) -> str:
    return " / ".join(map(str, each))


def _kept(each: Kept) -> str:
    return f"${costs.kept(each):.2f} for {each.calls:g} AWS calls, {each.writes:g} WRU, {each.reads:g} RRU, logs"
