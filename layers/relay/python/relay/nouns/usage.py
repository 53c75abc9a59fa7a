"""What a key did and what that cost: counted where a task is settled, told by day and model."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import NamedTuple, TypeVar

T = TypeVar("T", bound=Hashable)


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


@dataclass(frozen=True, slots=True)
class UsageAsked:
    """What a key did in the last `days` days, of which today is one."""

    key_id: str
    days: int


class DayUsage(NamedTuple):
    day: date
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """`rows` has each model on each day that it was asked for, oldest first. Costs are billionths of a US dollar, each
    row's rounded to whole ones, so that every sum of them is exact."""

    days: int
    rows: tuple[DayUsage, ...]

    @property
    def total(self) -> Usage:
        return reduce(Usage.plus, (row.usage for row in self.rows), Usage())

    @property
    def by_model(self) -> Mapping[str, Usage]:
        return _summed((row.model, row.usage) for row in self.rows)

    @property
    def by_day(self) -> Mapping[date, Usage]:
        return _summed((row.day, row.usage) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of an account's month: `tokens` of its tier, of which `used` are used or reserved, and what all it
    asked for costs so far, in nanos. `keys` counts those that are not revoked; the month ends before `reset`."""

    tokens: int
    used: int
    cost: int
    keys: int
    max_keys: int
    reset: date


def _summed(parts: Iterable[tuple[T, Usage]]) -> Mapping[T, Usage]:
    sums = dict[T, Usage]()
    for name, usage in parts:
        sums[name] = usage.plus(sums.get(name, Usage()))
    return sums
