"""Whether two samples come of the same: a rank test, which asks nothing of how they are spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

SURE = 0.01  # below this chance a difference is taken for one


@dataclass(frozen=True)
class Ranked:
    """`greater` is the chance that one of the second sample is greater than one of the first, ties counted half; 0.5
    tells nothing apart. `p` is the chance of at least such a difference between samples of the same (Mann and Whitney's
    U by its normal approximation, with ties, two-sided), for samples of twenty and more."""

    greater: float
    p: float


def compare(first: Sequence[float], second: Sequence[float]) -> Ranked:
    together = sorted([*first, *second])
    counts, ranks, below = Counter(together), dict[float, float](), 0
    for value, times in counts.items():  # in ascending order
        ranks[value] = below + (times + 1) / 2
        below += times
    n, m, total = len(first), len(second), len(together)
    u = sum(ranks[value] for value in second) - m * (m + 1) / 2
    ties = sum(times**3 - times for times in counts.values()) / (total * (total - 1))
    spread = sqrt(n * m / 12 * (total + 1 - ties))
    z = (abs(u - n * m / 2) - 0.5) / spread if spread else 0.0
    return Ranked(u / (n * m), min(1.0, 2 * (1 - NormalDist().cdf(z))))


def seen_from(first: Sequence[float], second: Sequence[float], step: float) -> float:
    """How much later all of the second sample would have to be for `compare` to be sure, in whole steps."""
    shift = step
    while compare(first, [value + shift for value in second]).p >= SURE:
        shift += step
    return shift
