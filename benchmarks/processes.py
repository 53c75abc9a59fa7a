"""What a process and its children use, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def with_children(parent: int) -> list[int]:
    """A process and all its descendants."""
    lists = (path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children"))
    return [parent, *(each for text in lists for child in text.split() for each in with_children(int(child)))]


def megabytes(parent: int) -> float:
    """Their memory, pages that they share counted once (PSS)."""
    lines = (
        line for pid in with_children(parent) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    )
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def cpu_seconds(parent: int) -> float:
    """The CPU they have used, all threads, user and system."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in with_children(parent))
    return sum(int(each[11]) + int(each[12]) for each in stats) / _TICKS
