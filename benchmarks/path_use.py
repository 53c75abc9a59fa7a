"""What the runs of one path used, and the medians of several runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from benchmarks.handlers import Invocation
from benchmarks.meter import Use

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class PathUse:
    """Medians of several runs: AWS calls, DynamoDB units, invocations, bytes of each kind of row."""

    calls: dict[str, int]
    reads: float
    writes: float
    index_writes: float
    counted: float  # all units, as the embedded cloud reports them
    invocations: tuple[Invocation, ...]
    rows: dict[str, int]


def median_use(uses: list[Use], rans: list[list[Invocation]]) -> PathUse:
    """A message may be delivered twice in one run: only runs with the commonest calls count."""
    calls = _commonest([tuple(sorted(use.count.items())) for use in uses])
    uses = [use for use in uses if tuple(sorted(use.count.items())) == calls]
    shape = _commonest([tuple(ran.function for ran in run) for run in rans])
    usual = [run for run in rans if tuple(ran.function for ran in run) == shape]
    steps = tuple(_median_invocation(list(same)) for same in zip(*usual, strict=True))
    return PathUse(
        dict(calls),
        median(use.reads for use in uses),
        median(use.writes for use in uses),
        median(use.index_writes for use in uses),
        median(use.counted for use in uses),
        steps,
        dict(max(uses, key=lambda use: use.rows.total()).rows),
    )


def _commonest(shapes: list[T]) -> T:
    return Counter(shapes).most_common(1)[0][0]


def _median_invocation(same: list[Invocation]) -> Invocation:
    return Invocation(
        same[0].function,
        median(ran.wall for ran in same),
        median(ran.cpu for ran in same),
        round(median(ran.log_lines for ran in same)),
        round(median(ran.log_bytes for ran in same)),
    )
