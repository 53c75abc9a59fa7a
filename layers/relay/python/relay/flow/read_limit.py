"""Limits reads per API key, by a token bucket in this container's memory: a counter in a table costs a write each."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from relay.nouns.errors import RateLimited

MINUTE = 60_000  # ms
MOST_KEYS = 10_000  # buckets kept in memory


@dataclass(slots=True)
class ReadLimit:
    """A full bucket holds one minute's reads and refills evenly."""

    _left: dict[str, tuple[int, float]] = field(default_factory=dict)  # by key: last use (Unix ms), reads left then

    def take(self, key: str, per_minute: int, now: int) -> None:
        """Count one read at `now` (Unix ms). Raises RateLimited where none is left."""
        looked_at, left = self._left.get(key, (now, float(per_minute)))
        left = min(per_minute, left + max(0, now - looked_at) * per_minute / MINUTE)
        self._left[key] = (now, left - 1 if left >= 1 else left)
        if left < 1:
            seconds = ceil((1 - left) * MINUTE / per_minute / 1000)
            raise RateLimited("too many requests with this key; ask less often", "查询过于频繁，请稍后再试", seconds)
        if len(self._left) > MOST_KEYS:  # a bucket unused for a minute is full, so it can be forgotten
            self._left = {key: kept for key, kept in self._left.items() if now - kept[0] < MINUTE}
