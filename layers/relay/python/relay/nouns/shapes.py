"""How a wanted picture shape becomes one that an upstream makes."""

from __future__ import annotations

import math
import re

_RATIO = re.compile(r"([0-9]{1,5})\s*[:xX*×]\s*([0-9]{1,5})")


def nearest(sizes: tuple[str, ...], *wanted: str | None) -> str | None:
    """The nearest of `sizes` to the first wanted shape, which is a ratio or a size in pixels; None where none is
    wanted. Where `sizes` is empty any shape is made, so it is the wanted one itself."""
    if not sizes:
        return next((each for each in wanted if each), None)
    for each in wanted:
        if each in sizes:
            return each
        if (shape := _shape(each or "")) is not None:
            return min(sizes, key=lambda size: _distance(_shape(size) or 0.0, shape))
    return None


def _distance(one: float, other: float) -> tuple[float, float]:
    # 3:4 lies exactly between 1:1 and 9:16: rather keep it upright than make it square
    return round(abs(one - other), 6), -abs(one)


def _shape(text: str) -> float | None:
    """How wide, on a scale where 2:3 and 3:2 are equally far from a square."""
    match = _RATIO.fullmatch(text.strip())
    if match is None or not int(match[1]) or not int(match[2]):
        return None
    return math.log(int(match[1]) / int(match[2]))
