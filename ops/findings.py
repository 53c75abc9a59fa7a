"""A check's finding: how serious it is, what it is about, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "✓"
    LACKING = "!"  # the deployment works without it; the operator decides
    BLOCKING = "✗"  # the deployment does not work


class Finding(NamedTuple):
    level: Level
    about: str
    text: str


def ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def lacking(about: str, text: str) -> Finding:
    return Finding(Level.LACKING, about, text)


def blocking(about: str, text: str) -> Finding:
    return Finding(Level.BLOCKING, about, text)


def names(all_of_them: Sequence[str], shown: int = 6) -> str:
    """A list a person reads: the first few, and how many more there are."""
    more = len(all_of_them) - shown
    return ", ".join(all_of_them[:shown]) + (f" and {more} more" if more > 0 else "")
