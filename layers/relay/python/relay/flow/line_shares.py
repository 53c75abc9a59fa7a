"""How many lines a key may have open at once: this process takes a share of them, which expires unless renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from relay.effects.store.line_leases import LineLeases
from relay.flow.access import Caller
from relay.nouns.errors import TooManyInFlight

LEASE = 60_000  # ms a share counts if its process does not renew it
RENEWED = 30_000  # ms before its end, from which on it is renewed


@dataclass(slots=True)
class _Share:
    lines: int = 0  # that the process may have open
    open: int = 0
    until: int = 0  # Unix ms
    used_at: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class LineShares:
    """`keep` is for how many ms a share is kept that is not used: 0 gives each line back when it is closed."""

    leases: LineLeases
    process: str
    clock: Callable[[], int]
    keep: int = 0
    _shares: dict[str, _Share] = field(default_factory=dict)

    @asynccontextmanager
    async def line(self, caller: Caller, most: int) -> AsyncIterator[None]:
        """One of the key's lines. Raises TooManyInFlight where `most` are open."""
        name = f"{caller.account_id}#{caller.key_id}"
        share = self._shares.setdefault(name, _Share())
        await self._open(name, share, most)
        try:
            yield
        finally:
            share.open -= 1
            share.used_at = self.clock()
            if not self.keep:
                await asyncio.shield(self._resize(name, share, share.open, most))

    async def _open(self, name: str, share: _Share, most: int) -> None:
        if share.open >= most:
            raise _too_many(most)
        share.open += 1
        try:
            if not self._holds(share):
                async with share.turn:
                    if not self._holds(share):
                        await self._grow(name, share, most)
        except BaseException:
            share.open -= 1
            raise

    def _holds(self, share: _Share) -> bool:
        return share.open <= share.lines and share.until > self.clock()

    async def _grow(self, name: str, share: _Share, most: int) -> None:
        """To what is open; where shares are kept, to twice that, so that few writes serve many calls."""
        for lines in dict.fromkeys((min(most, 2 * share.open) if self.keep else share.open, share.open)):
            if await self._resize(name, share, lines, most):
                return
        raise _too_many(most)

    async def _resize(self, name: str, share: _Share, lines: int, most: int) -> bool:
        now = self.clock()
        held = await asyncio.to_thread(self.leases.hold, name, self.process, lines, most, now=now, until=now + LEASE)
        if held:
            share.lines, share.until = lines, now + LEASE
        return held

    async def renew(self) -> None:
        """Renew what is in use and about to expire; give back what was not used for long enough."""
        now = self.clock()
        for name, share in list(self._shares.items()):
            if share.turn.locked():
                continue
            if share.open:
                if share.until - now < RENEWED:
                    await self._resize(name, share, share.lines, share.lines)
            elif now - share.used_at >= self.keep:
                async with share.turn:
                    if not share.open:
                        del self._shares[name]
                        await self._resize(name, share, 0, 0)

    async def close(self) -> None:
        """Give back all that is not in use."""
        for name, share in self._shares.items():
            await self._resize(name, share, share.open, share.open)


def _too_many(most: int) -> TooManyInFlight:
    return TooManyInFlight(
        f"this key has {most} requests open, the most at once; wait for one to end", f"同时请求数已达上限 {most}", 1
    )
