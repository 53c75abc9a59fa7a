"""How often a key may read: a bucket per key in this container's memory, because counting in a table costs a write."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from relay.nouns.errors import RateLimited

MINUTE = 60_000  # ms
MOST_KEYS = 10_000  # remembered at once


@dataclass(slots=True)
class ReadLimit:
    """A minute's reads are in the bucket when it is full, and it refills evenly."""

    _left: dict[str, tuple[int, float]] = field(default_factory=dict)  # by key: when it was looked at, reads left then

    def take(self, key: str, per_minute: int, now: int) -> None:
        """Count one read at `now` (Unix ms). Raises RateLimited where none is left."""
        looked_at, left = self._left.get(key, (now, float(per_minute)))
        left = min(per_minute, left + max(0, now - looked_at) * per_minute / MINUTE)
        self._left[key] = (now, left - 1 if left >= 1 else left)
        if left < 1:
            seconds = ceil((1 - left) * MINUTE / per_minute / 1000)
            raise RateLimited("too many reads with this key; ask less often", "查询过于频繁，请稍后再试", seconds)
        if len(self._left) > MOST_KEYS:  # who has not read for a minute has a full bucket anyway
            self._left = {key: kept for key, kept in self._left.items() if now - kept[0] < MINUTE}
