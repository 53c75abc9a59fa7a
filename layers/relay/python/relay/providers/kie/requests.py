"""Owns fitting what a client asked for into what an API takes: never less than was asked and paid for."""

from __future__ import annotations

import math
import re

from relay.errors import Refused
from relay.task import Draft

_RATIO = re.compile(r"([0-9]{1,5})\s*[:xX*×]\s*([0-9]{1,5})")


def cannot(what: str) -> Refused:
    """Said before anything is sent: this API cannot carry the request whole, another upstream may."""
    return Refused(f"the upstream does not take {what}", elsewhere=True, task_code="INVALID_PARAMETER")


def fit_ratio(draft: Draft, allowed: tuple[str, ...]) -> str | None:
    """The nearest allowed shape of the wanted one, which is a ratio or a size in pixels; None where none is wanted."""
    for wanted in (draft.aspect_ratio, draft.size):
        if wanted in allowed:
            return wanted
        if (shape := _shape(wanted or "")) is not None:
            return min(allowed, key=lambda ratio: _distance(_shape(ratio) or 0.0, shape))
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


def snap_up(wanted: int, steps: tuple[int, ...], what: str) -> int:
    """The smallest step that covers what is wanted. Raises Refused above the largest one."""
    for step in steps:
        if wanted <= step:
            return step
    raise cannot(f"{wanted} {what}")
