"""CPU of an upload request: its multipart body read, the picture inspected and stored."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from statistics import median

from benchmarks import events, handlers
from benchmarks.copy_servers import png

SIZES = (1, 4)  # MB
WARM, TIMES = 3, 15


@dataclass(frozen=True)
class Uploaded:
    """Median CPU milliseconds of one request with a picture of so many MB."""

    megabytes: int
    cpu: float

    @property
    def each(self) -> float:
        return self.cpu / self.megabytes


def measure() -> list[Uploaded]:
    """Needs the environment of `embedded_cloud`."""
    run = handlers.Handlers()
    return [Uploaded(size, _cpu(run, size)) for size in SIZES]


def _cpu(run: handlers.Handlers, megabytes: int) -> float:
    spent = []
    event = events.upload(os.environ["CLIENT_KEY"], png(megabytes << 20))
    run("upload", event)
    lambda_handler = sys.modules["upload"].lambda_handler
    for _ in range(WARM + TIMES):
        before = time.process_time()
        answer = lambda_handler(event, events.Context())
        spent.append(time.process_time() - before)
        handlers.document(answer)
    return median(spent[WARM:]) * 1000
