"""Which processor runs what: the gateway that is measured has one for itself, all else shares the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

MEASURED, OTHERS = max(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))


def pin(core: int) -> None:
    """Run this thread, and every process that it starts, on one processor only."""
    os.sched_setaffinity(0, {core})


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """The same until the block ends; what was started in it stays there."""
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
