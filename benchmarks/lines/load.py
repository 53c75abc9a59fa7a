"""Sends chats and times their answers: as many as are answered, or so many a second whoever waits.

`python -m benchmarks.lines.load CORE` takes a plan as JSON on its input and prints what it found as JSON. It imports
nothing but the standard library, reads just enough of HTTP, and is never what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.lines.cores import OTHERS, pin

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
PATIENCE = 30.0  # seconds that the last answers may take


@dataclass(frozen=True)
class Plan:
    """`requests` are whole HTTP requests; each line (a connection) keeps to one of them, in turn.

    Without a rate each of `lines` asks again as soon as it is answered. With one, requests leave on time, on as many
    of the lines as it takes, and a late answer counts from when its request was due.
    """

    port: int
    requests: Sequence[str]
    lines: int
    seconds: float
    rate: float = 0.0
    wait_for: str = ""  # an answer without these words is a failure


@dataclass
class Found:
    """Seconds to the first event of a stream and to the end of each answer; the first answer that was wrong."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    failed: int = 0
    problem: str = ""


def measure(plan: Plan) -> Found:
    """Carry a plan out in a process of its own. Raises RuntimeError where an answer was wrong."""
    command = [sys.executable, "-m", "benchmarks.lines.load", str(OTHERS)]
    done = subprocess.run(command, input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = Found(**json.loads(done.stdout))
    if found.failed or not found.latencies:
        raise RuntimeError(f"{found.failed} of {found.failed + len(found.latencies)} failed, first: {found.problem}")
    return found


class Line(asyncio.Protocol):
    """One kept connection; `answered` is called with it at the end of each answer."""

    def __init__(self, request: bytes, plan: Plan, found: Found, answered: Callable[[Line], None]) -> None:
        self._request, self._found, self._answered = request, found, answered
        self._wait_for = plan.wait_for.encode()
        self._data, self._due, self._first, self._end = b"", 0.0, 0.0, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def send(self, due: float) -> None:
        self._data, self._due, self._first, self._end = b"", due, 0.0, 0
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._end and b"\r\n\r\n" in self._data:
            head, _, _ = self._data.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            self._end = len(head) + 4 + int(length[1]) if length else -1
        if not self._first and b"data: {" in self._data:
            self._first = time.perf_counter()
        if self._data.endswith(b"0\r\n\r\n") if self._end < 0 else self._end and len(self._data) >= self._end:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due:
            self._finish()

    def _finish(self) -> None:
        due, self._due, found = self._due, 0.0, self._found
        if self._data.startswith(b"HTTP/1.1 200") and self._wait_for in self._data:
            found.latencies.append(time.perf_counter() - due)
            if self._first:
                found.firsts.append(self._first - due)
        else:
            found.failed += 1
            found.problem = found.problem or self._data.decode("utf-8", "replace") or "the connection was closed"
        self._answered(self)


async def run(plan: Plan) -> Found:
    found = Found()
    rounds = _paced if plan.rate else _as_fast_as_answered
    await rounds(plan, found)
    return found


async def _open(plan: Plan, found: Found, answered: Callable[[Line], None]) -> list[Line]:
    loop = asyncio.get_running_loop()
    lines = []
    for number in range(plan.lines):
        line = Line(plan.requests[number % len(plan.requests)].encode(), plan, found, answered)
        await loop.create_connection(lambda line=line: line, "127.0.0.1", plan.port)  # type: ignore[misc]
        lines.append(line)
    return lines


async def _as_fast_as_answered(plan: Plan, found: Found) -> None:
    until, left, over = [0.0], [plan.lines], asyncio.Event()

    def answered(line: Line) -> None:
        now = time.perf_counter()
        if now < until[0] and not found.failed:
            line.send(now)
            return
        left[0] -= 1
        if not left[0]:
            over.set()

    lines = await _open(plan, found, answered)
    began = time.perf_counter()
    until[0] = began + plan.seconds
    for line in lines:
        line.send(time.perf_counter())
    await asyncio.wait_for(over.wait(), plan.seconds + PATIENCE)
    found.seconds = time.perf_counter() - began


async def _paced(plan: Plan, found: Found) -> None:
    """Raises IndexError where more requests wait for an answer than there are lines."""
    idle: list[Line] = []
    idle += await _open(plan, found, idle.append)
    began = time.perf_counter()
    for number in range(round(plan.seconds * plan.rate)):
        due = began + number / plan.rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        idle.pop(0).send(due)
    async with asyncio.timeout(PATIENCE):
        while len(idle) < plan.lines:
            await asyncio.sleep(0.01)
    found.seconds = time.perf_counter() - began


if __name__ == "__main__":
    pin(int(sys.argv[1]))
    print(json.dumps(asdict(asyncio.run(run(Plan(**json.load(sys.stdin)))))))
