"""Runs the deployed functions' handlers in one process, and times each invocation and counts what it logs."""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.cloud import FUNCTIONS
from benchmarks.events import Context, Event


@dataclass(frozen=True)
class Invocation:
    """One invocation: seconds by the clock, seconds of this process's CPU, and what it logged."""

    function: str
    wall: float
    cpu: float
    log_lines: int
    log_bytes: int


class OutputCounter(io.TextIOBase):
    """Standard output: counts lines and bytes, records published metrics, drops the text.

    A custom metric is a name under one set of dimension values, as CloudWatch bills it.
    """

    def __init__(self) -> None:
        self.lines = self.bytes = 0
        self.metrics: set[tuple[str, ...]] = set()  # the name, then its dimensions' values

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        self.bytes += len(text.encode())
        if '"_aws"' in text:
            self.metrics.update(_published(json.loads(text)))
        return len(text)


def _published(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each metric of an embedded-metric document, once for each of its sets of dimensions."""
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for metric, names in product(directive["Metrics"], directive["Dimensions"]):
            yield metric["Name"], *(str(document[name]) for name in names)


class Handlers:
    """Imports each handler on first use; everything they print is counted."""

    def __init__(self) -> None:
        self.output = OutputCounter()
        self.invocations: list[Invocation] = []
        sys.stdout = self.output
        sys.path.insert(0, str(FUNCTIONS))

    def __call__(self, name: str, event: Event) -> Any:  # noqa: ANN401 - a handler answers any JSON
        """Invoke one; its answer."""
        handler = importlib.import_module(name).lambda_handler
        lines, size = self.output.lines, self.output.bytes
        wall, cpu = time.perf_counter(), time.process_time()
        answer = handler(event, Context())
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.invocations.append(Invocation(name, wall, cpu, self.output.lines - lines, self.output.bytes - size))
        return answer


def document(answer: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """The body of an endpoint's answer; RuntimeError unless it is a 200."""
    if answer["statusCode"] != 200:
        raise RuntimeError(f"an endpoint answered {answer['statusCode']}: {answer['body']}")
    return json.loads(answer["body"])
