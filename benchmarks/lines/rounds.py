"""Measures every gateway turn about, and the upstream itself beside them, in rounds.

In each round a gateway answers as many chats as it can, plain and streamed; then so few a second that none waits for
another, for its latency; then streams whose upstream takes its time, for the time to the first event. After the last
round its memory is read, with no line open and with many.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.lines import load
from benchmarks.lines.gateways import Gateway, UnavailableError, litellm, portkey, simulated_upstream
from benchmarks.processes import cpu_seconds, megabytes

ROUNDS = 3
LINES = 32  # at once
BUSY_SECONDS, WARM_SECONDS, CEILING_SECONDS = 2.5, 2.0, 1.0
RATE, RATE_SECONDS = 25.0, 5.0
FIRST_RATE, FIRST_SECONDS = 10.0, 3.0
FIRST_MS, GAP_MS = 300, 10
HELD, HELD_FIRST_MS, HELD_GAP_MS = 200, 1_000, 200  # lines that are open while memory is read, for 4.8 s each
HELD_FOR = 4.0  # seconds until it is read
_PLAIN, _STREAMED = '"usage"', "[DONE]"  # in every whole answer
Start = Callable[[Gateway], AbstractContextManager[Gateway]]


@dataclass(frozen=True)
class Busy:
    """Answers a second, CPU of the gateway for each (ms), and the share of the processor that it used."""

    rate: float
    cpu: float
    share: float


@dataclass
class Taken:
    """What one gateway did, round by round; all times in ms, each list of times one round's."""

    plain: list[Busy] = field(default_factory=list)
    streamed: list[Busy] = field(default_factory=list)
    latencies: list[list[float]] = field(default_factory=list)
    firsts: list[list[float]] = field(default_factory=list)
    megabytes: float = 0.0
    megabytes_held: float = 0.0  # with HELD lines open

    def p50(self) -> float:
        return median(each for one in self.latencies for each in one)

    def p99(self) -> float:
        return quantiles((each for one in self.latencies for each in one), n=100, method="inclusive")[98]

    def first(self) -> float:
        return median(each for one in self.firsts for each in one)


@dataclass(frozen=True)
class Compared:
    """The upstream asked directly, each gateway by name, and why others are missing."""

    direct: Taken
    gateways: Mapping[str, Taken]
    missing: Mapping[str, str]


def measure(starts: Sequence[Start] = (litellm, portkey), rounds: int = ROUNDS) -> Compared:
    """Raises RuntimeError where a gateway answers wrongly; one that is not installed is only missing."""
    with ExitStack() as opened:
        upstream = opened.enter_context(simulated_upstream())
        missing = dict[str, str]()
        gateways = list(_started(starts, upstream, opened, missing))
        taken = {gateway.name: Taken() for gateway in (upstream, *gateways)}
        for streamed in (False, True):
            _busy_into(taken[upstream.name], upstream, streamed, CEILING_SECONDS)
            for gateway in gateways:
                _busy(gateway, streamed, WARM_SECONDS)
        for _ in range(rounds):
            _calm(upstream, taken[upstream.name])
            for gateway in gateways:
                for streamed in (False, True):
                    _busy_into(taken[gateway.name], gateway, streamed, BUSY_SECONDS)
                _calm(gateway, taken[gateway.name])
        for gateway in gateways:
            _memory(gateway, taken[gateway.name])
        return Compared(taken.pop(upstream.name), taken, missing)


def _started(
    starts: Sequence[Start], upstream: Gateway, opened: ExitStack, missing: dict[str, str]
) -> Iterator[Gateway]:
    for start in starts:
        try:
            yield opened.enter_context(start(upstream))
        except UnavailableError as reason:
            missing[reason.name] = reason.why


def _calm(gateway: Gateway, taken: Taken) -> None:
    """Latency, and the time to the first event, at rates that leave the gateway time to rest."""
    plan = load.Plan(gateway.port, gateway.requests(False), LINES, RATE_SECONDS, RATE, _PLAIN)
    taken.latencies.append([seconds * 1000 for seconds in load.measure(plan).latencies])
    slow = gateway.requests(True, f"pace={FIRST_MS}/{GAP_MS}")
    plan = load.Plan(gateway.port, slow, LINES, FIRST_SECONDS, FIRST_RATE, _STREAMED)
    taken.firsts.append([seconds * 1000 for seconds in load.measure(plan).firsts])


def _busy_into(taken: Taken, gateway: Gateway, streamed: bool, seconds: float) -> None:
    (taken.streamed if streamed else taken.plain).append(_busy(gateway, streamed, seconds))


def _memory(gateway: Gateway, taken: Taken) -> None:
    taken.megabytes = megabytes(gateway.pid)
    slow = gateway.requests(True, f"pace={HELD_FIRST_MS}/{HELD_GAP_MS}")
    plan = load.Plan(gateway.port, slow, HELD, 0.1, wait_for=_STREAMED)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(load.measure, plan)
        time.sleep(HELD_FOR)
        taken.megabytes_held = megabytes(gateway.pid)
        held.result()


def _busy(gateway: Gateway, streamed: bool, seconds: float) -> Busy:
    before = cpu_seconds(gateway.pid)
    wait_for = _STREAMED if streamed else _PLAIN
    found = load.measure(load.Plan(gateway.port, gateway.requests(streamed), LINES, seconds, wait_for=wait_for))
    used, answered = cpu_seconds(gateway.pid) - before, len(found.latencies)
    return Busy(answered / found.seconds, used * 1000 / answered, used / found.seconds)
