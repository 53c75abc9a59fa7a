"""How many lines a key may have open at once: this process takes a share of them, which expires unless renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from relay.effects.store.line_leases import LineLeases
from relay.flow.access import Caller
from relay.nouns.errors import TooManyInFlight

LEASE = 60_000  # ms a share counts if its process does not renew it
RENEWED = 30_000  # ms before its end, from which on it is renewed

logger = Logger(child=True)


@dataclass(slots=True)
class _Share:
    """`lines` is never more than the table says that the process has: what may not be so is not counted on."""

    lines: int = 0  # that the process may have open
    open: int = 0
    peak: int = 0  # the most that were open since `looked_at`
    looked_at: int = 0  # Unix ms
    until: int = 0  # Unix ms
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # of who changes the row


@dataclass(slots=True)
class LineShares:
    """`keep` is for how many ms lines are kept that are not used: 0 gives each back when it is closed."""

    leases: LineLeases
    process: str
    clock: Callable[[], int]
    keep: int = 0
    _shares: dict[str, _Share] = field(default_factory=dict)

    @asynccontextmanager
    async def line(self, caller: Caller, most: int) -> AsyncIterator[None]:
        """One of the key's lines. Raises TooManyInFlight where `most` are open, Contended."""
        name = f"{caller.account_id}#{caller.key_id}"
        share = self._shares.get(name) or self._shares.setdefault(name, _Share(looked_at=self.clock()))
        await self._open(name, share, most)
        try:
            yield
        finally:
            share.open -= 1
            if not self.keep:
                await asyncio.shield(self._shrink(name, share))

    async def _open(self, name: str, share: _Share, most: int) -> None:
        if share.open >= most:
            raise _too_many(most)
        share.open += 1
        share.peak = max(share.peak, share.open)
        try:
            if not self._holds(share):
                await asyncio.shield(self._grow(name, share, most))  # a share that nobody waits for is given back
        except BaseException:
            share.open -= 1
            raise

    def _holds(self, share: _Share) -> bool:
        return share.open <= share.lines and share.until > self.clock()

    async def _grow(self, name: str, share: _Share, most: int) -> None:
        """To what is open; where shares are kept, to twice that, so that few writes serve many calls."""
        async with share.turn:
            for lines in dict.fromkeys((min(most, 2 * share.open) if self.keep else share.open, share.open)):
                if self._holds(share) or await self._hold(name, share, lines, most):
                    return
        raise _too_many(most)

    async def _shrink(self, name: str, share: _Share) -> None:
        """Give back what is not open. Where that fails the share expires; the call that was served is not harmed."""
        async with share.turn:
            if share.open < share.lines:
                await self._try_hold(name, share, share.open)

    async def _hold(self, name: str, share: _Share, lines: int, most: int | None) -> bool:
        """Make `lines` the share, in its turn. What is given back is not used meanwhile."""
        now = self.clock()
        share.lines = min(share.lines, lines)
        held = await asyncio.to_thread(self.leases.hold, name, self.process, lines, most, now=now, until=now + LEASE)
        if held:
            share.lines, share.until = lines, now + LEASE
        return held

    async def _try_hold(self, name: str, share: _Share, lines: int) -> bool:
        """The same of lines that are open already, however many others have."""
        try:
            return await self._hold(name, share, lines, None)
        except Exception:
            logger.exception("share not renewed", share=name)
            return False

    async def renew(self) -> None:
        """Renew what is about to expire; give back what was not needed for long enough."""
        now = self.clock()
        for name, share in list(self._shares.items()):
            if share.turn.locked():
                continue
            async with share.turn:
                await self._renew(name, share, now)

    async def _renew(self, name: str, share: _Share, now: int) -> None:
        wanted = share.lines
        if now - share.looked_at >= self.keep:
            wanted = min(share.lines, 2 * share.peak) if self.keep else share.open
            share.looked_at, share.peak = now, share.open
        due = share.lines and share.until - now < RENEWED
        if wanted == share.lines and not due:
            if not share.open and not share.lines:
                self._shares.pop(name)
        elif await self._try_hold(name, share, wanted) and not wanted and not share.open:
            self._shares.pop(name)

    async def close(self) -> None:
        """Give back all that is not in use."""
        for name, share in list(self._shares.items()):
            await self._shrink(name, share)


def _too_many(most: int) -> TooManyInFlight:
    return TooManyInFlight(
        f"this key has {most} requests open, the most at once; wait for one to end", f"同时请求数已达上限 {most}", 1
    )
