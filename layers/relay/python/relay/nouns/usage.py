"""What a key did and what that cost: counted where a task is settled, told by day and model."""

from __future__ import annotations

from typing import NamedTuple


class Calls(NamedTuple):
    """The model calls of one reservation: `ok` of them were answered whole; all together took `ms` milliseconds."""

    requests: int = 0
    ok: int = 0
    ms: int = 0


class Usage(NamedTuple):
    """`ok` of the `requests` succeeded, and all together took `ms` milliseconds; `cost` is nanos."""

    requests: int = 0
    ok: int = 0
    tokens: int = 0
    cost: int = 0
    ms: int = 0

    def plus(self, other: Usage) -> Usage:
        return Usage(*(mine + more for mine, more in zip(self, other, strict=True)))
