"""Maps a wanted picture shape to the nearest one an upstream makes."""

from __future__ import annotations

import math
import re

_RATIO = re.compile(r"([0-9]{1,5})\s*[:xX*×]\s*([0-9]{1,5})")


def nearest(sizes: tuple[str, ...], *wanted: str | None) -> str | None:
    """The one of `sizes` nearest to the first readable wanted shape ("3:4", "1024x768"); None where none is wanted.

    Empty `sizes` mean that any shape is made: then it is the first wanted one itself.
    """
    if not sizes:
        return next((each for each in wanted if each), None)
    for each in wanted:
        if each in sizes:
            return each
        if (shape := _shape(each or "")) is not None:
            return min(sizes, key=lambda size: _distance(_shape(size) or 0.0, shape))
    return None


def _distance(one: float, other: float) -> tuple[float, float]:
    # 3:4 is exactly between 1:1 and 9:16: of two equally near shapes take the less square one
    return round(abs(one - other), 6), -abs(one)


def _shape(text: str) -> float | None:
    """The logarithm of width / height: 2:3 and 3:2 are equally far from a square, which is 0."""
    match = _RATIO.fullmatch(text.strip())
    if match is None or not int(match[1]) or not int(match[2]):
        return None
    return math.log(int(match[1]) / int(match[2]))
