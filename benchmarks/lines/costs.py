"""What a million chats cost by function and by container, and at how many open lines the two cost the same.

A function's execution environment holds one line at a time and is billed for as long as the line is open. A container
holds as many as its processor and its memory allow, and is billed whether it holds any or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import prices

OPEN_SECONDS = (1, 10, 60)
CONTAINER_VCPU, CONTAINER_GB = 1, 2  # the least memory that Fargate gives with a whole vCPU
FULL = 0.6  # of the processor and of the memory is planned for; the rest is for peaks
MOST_LINES = 1_000  # planned for in one process, whatever its memory would hold: no more were tried


@dataclass(frozen=True)
class Kept:
    """What one chat reads, writes and logs, on average: AWS calls, DynamoDB units, bytes."""

    calls: float
    writes: float
    reads: float
    log_bytes: float


@dataclass(frozen=True)
class Chat:
    """What one streamed chat takes: of DynamoDB where each call reserves for itself (`alone`) and where calls share a
    reservation; CPU of a container (ms); memory of the process and what each open line adds (MB); the function's (MB).
    """

    alone: Kept
    shared: Kept
    cpu: float
    base_megabytes: float
    line_megabytes: float
    function_memory: int


def kept(each: Kept) -> float:
    """US dollars for what a million chats read, write and log."""
    return sum(prices.Tally(writes=each.writes, reads=each.reads, log_bytes=each.log_bytes).bill().values()) * 1e6


def by_function(chat: Chat, seconds: float) -> float:
    """US dollars for a million chats, each with an execution environment of its own for so long."""
    tally = prices.Tally(
        invocations=1,
        gb_seconds=seconds * chat.function_memory / 1024,
        log_bytes=prices.PLATFORM_LOG_BYTES + 3 * prices.LOG_EVENT_BYTES,
    )
    return sum(tally.bill().values()) * 1e6 + kept(chat.alone)


def front() -> float:
    """US dollars for a million requests through CloudFront."""
    return prices.CLOUDFRONT.of(1e6)


def lines(chat: Chat, seconds: float) -> float:
    """How many lines, each open for so long, a container holds at once."""
    by_cpu = FULL * CONTAINER_VCPU * seconds * 1000 / chat.cpu
    by_memory = (FULL * CONTAINER_GB * 1024 - chat.base_megabytes) / chat.line_megabytes
    return min(by_cpu, by_memory, MOST_LINES)


def by_container(chat: Chat, seconds: float) -> float:
    """US dollars for a million chats in containers that hold as many lines as they can."""
    return _container_seconds(seconds * 1e6 / lines(chat, seconds)) + kept(chat.shared)


def crossing(chat: Chat, seconds: float, containers: int) -> float:
    """How many lines, each open for so long, have to be open at once on average until so many containers, and what
    balances their load, cost no more than functions."""
    standing = containers * _container_seconds(1) + prices.BALANCER.of(1) + prices.BALANCER_UNIT.of(1)
    saved = (by_function(chat, seconds) - kept(chat.shared)) / 1e6  # for each chat
    return standing * seconds / saved


def _container_seconds(seconds: float) -> float:
    return prices.FARGATE_VCPU.of(seconds * CONTAINER_VCPU) + prices.FARGATE_GB.of(seconds * CONTAINER_GB)
