"""Owns the deployed functions as one process runs them: their handlers, timed one by one, and what they log."""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.events import Context, Event
from benchmarks.ground import FUNCTIONS


@dataclass(frozen=True)
class Ran:
    """One invocation: seconds by the clock, seconds of this process's CPU, and what it logged."""

    function: str
    wall: float
    cpu: float
    log_lines: int
    log_bytes: int


class Tape(io.TextIOBase):
    """Standard output, counted and otherwise dropped; the names of metrics in it are kept."""

    def __init__(self) -> None:
        self.lines = self.bytes = 0
        self.metrics: set[str] = set()

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        self.bytes += len(text.encode())
        if '"_aws"' in text:
            told = json.loads(text)["_aws"]["CloudWatchMetrics"]
            self.metrics |= {metric["Name"] for namespace in told for metric in namespace["Metrics"]}
        return len(text)


class Handlers:
    """Imports each handler on first use; everything they print goes to the tape."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.ran: list[Ran] = []
        sys.stdout = self.tape
        sys.path.insert(0, str(FUNCTIONS))

    def __call__(self, name: str, event: Event) -> Any:  # noqa: ANN401 - a handler answers any JSON
        """Invoke one; its answer."""
        handler = importlib.import_module(name).lambda_handler
        lines, size = self.tape.lines, self.tape.bytes
        wall, cpu = time.perf_counter(), time.process_time()
        answer = handler(event, Context())
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.ran.append(Ran(name, wall, cpu, self.tape.lines - lines, self.tape.bytes - size))
        return answer


def document(answer: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """The body of an endpoint's answer; RuntimeError unless it is a 200."""
    if answer["statusCode"] != 200:
        raise RuntimeError(f"an endpoint answered {answer['statusCode']}: {answer['body']}")
    return json.loads(answer["body"])
