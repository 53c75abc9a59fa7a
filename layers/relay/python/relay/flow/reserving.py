"""Paying for model calls: an amount is reserved before a call and what was used is charged after it.

A reservation is a metered task. Where a process serves one call at a time it is made for that call; where it serves
many, one reservation covers the calls of some seconds (a block), so that a call costs no write of its own. Either way
the account's balance is exact: what is reserved is off it, what was not used goes back when the block is closed, and
where the process dies the clock gives back the whole block at its deadline. Before a block ends its successor is
opened, so that a call waits for one only where its account has been silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from aws_lambda_powertools import Logger

from relay.flow.access import Caller
from relay.flow.blocks import Block, Hold, open_block, settle_block
from relay.flow.services import Services
from relay.nouns.errors import InsufficientBalance, RelayError
from relay.nouns.inference import Inference, Tokens
from relay.nouns.line_errors import QuotaExceeded

CALLS = 20  # that a block is made for, at the price of the first
AHEAD = 0.75  # of a block's time, money or tokens: where so much is used up, its successor is opened
TRIES = 5  # to settle a block
PAUSE = 1.0  # seconds between them
CLOSING = 1.0  # seconds for open calls to end when the process ends: then it is killed

logger = Logger(child=True)

Key = tuple[str, str, str, str]  # account, API key, dialect and shape, model
T = TypeVar("T")


@dataclass(slots=True)
class Reservations:
    """Those of one process. `keep` is for how many ms a block takes calls: with 0 it is made for one."""

    services: Services
    keep: int = 0
    pause: float = PAUSE
    _blocks: dict[Key, Block] = field(default_factory=dict)  # that take calls
    _turns: WeakValueDictionary[Key, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _working: set[asyncio.Task[Any]] = field(default_factory=set)
    _held: int = 0  # calls that are open

    async def reserve(self, caller: Caller, asked: Inference) -> Hold:
        """Raises AccountFrozen, InsufficientBalance, QuotaExceeded, Contended; then nothing is held."""
        amount = self.services.catalog.models[asked.model].paid_rates.most(asked.estimate)
        tokens = asked.estimate.total
        if not self.keep:
            return self._hold(await self._open(caller, asked, amount, tokens), amount, tokens)
        key = caller.account_id, caller.key_id, f"{asked.dialect}.{asked.shape}", asked.model
        turn = self._turns.get(key) or self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            block = self._blocks.get(key)
            if block and block.following and not self._takes(block, amount, tokens):
                await asyncio.wait({block.following})
                block = self._blocks.get(key)
            if block is None or not self._takes(block, amount, tokens):
                self._close(key)
                block = self._blocks[key] = await self._open_for_many(caller, asked, amount, tokens)
                block.closed = False
            hold = self._hold(block, amount, tokens)
        if not block.following and self._ends_soon(block, amount):
            successor = open_block(self.services, caller, asked, amount * CALLS, tokens * CALLS)
            block.following = self._begin(self._follow(key, block, successor))
        return hold

    async def settle(self, hold: Hold, used: Tokens, cost: int, *, ok: bool = True) -> None:
        """Charge what a call used, at most what it held; `ok`: its answer was whole. It is done even where nobody waits
        for it any more."""
        if cost > hold.amount:
            self.services.count("LineUndercharged")
        block = hold.end(used, cost, self.services.clock(), ok=ok)
        self._held -= 1
        if block.closed and not block.calls:
            settling = self._begin(self._settle(block))
            if not self.keep:  # else the process lives on, and the call need not wait
                await asyncio.shield(settling)

    def tidy(self) -> None:
        """Close blocks that are as old as they may be."""
        for key, block in list(self._blocks.items()):
            if self._old(block):
                self._close(key)

    async def close(self) -> None:
        """Close all; returns when everything is charged that can be. Calls that are open have a moment to end."""
        self.keep = 0
        for key in list(self._blocks):
            self._close(key)
        loop = asyncio.get_running_loop()
        until = loop.time() + CLOSING
        while self._working or (self._held and loop.time() < until):
            await (asyncio.wait(self._working) if self._working else asyncio.sleep(0.01))

    def _takes(self, block: Block, amount: int, tokens: int) -> bool:
        return block.left >= amount and block.tokens >= tokens and not self._old(block)

    def _old(self, block: Block, part: float = 1.0) -> bool:
        return self.services.clock() - block.task.created_at >= self.keep * part

    def _ends_soon(self, block: Block, amount: int) -> bool:
        """Not asked of a block for one call: its account has no more."""
        least, tokens = (whole * (1 - AHEAD) for whole in (block.task.price, block.task.tokens))
        used_up = block.left < least or block.tokens < tokens
        return block.task.price > amount and (used_up or self._old(block, AHEAD))

    async def _follow(self, key: Key, block: Block, opening: Coroutine[Any, Any, Block]) -> None:
        try:
            successor = await opening
        except RelayError:
            return  # the next call that needs a block meets the same, and its client is told
        if self._blocks.get(key) is block:
            self._close(key)
            self._blocks[key] = successor
            successor.closed = False
        else:
            await self._settle(successor)

    def _close(self, key: Key) -> None:
        block = self._blocks.pop(key, None)
        if block:
            block.closed = True
            if not block.calls:
                self._begin(self._settle(block))

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    def _hold(self, block: Block, amount: int, tokens: int) -> Hold:
        self._held += 1
        return block.hold(amount, tokens, self.services.clock())

    async def _open_for_many(self, caller: Caller, asked: Inference, amount: int, tokens: int) -> Block:
        """A block for many calls, or for one where the account has no more: what is free in others is given back."""
        try:
            return await self._open(caller, asked, amount * CALLS, tokens * CALLS)
        except (InsufficientBalance, QuotaExceeded):
            await self._give_back(caller.account_id)
            return await self._open(caller, asked, amount, tokens)

    async def _give_back(self, account_id: str) -> None:
        """Settle the account's blocks that no call is open in."""
        for key, block in list(self._blocks.items()):
            if key[0] == account_id and not block.calls:
                self._close(key)
        if self._working:
            await asyncio.wait(set(self._working))

    async def _open(self, caller: Caller, asked: Inference, amount: int, tokens: int) -> Block:
        # a block for one call counts in its key's minute; calls that share blocks are counted where they begin
        per_minute = 0 if self.keep else caller.terms.per_minute
        opening = self._begin(open_block(self.services, caller, asked, amount, tokens, per_minute=per_minute))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._begin(self._undo(opening))
            raise

    async def _undo(self, opening: asyncio.Task[Block]) -> None:
        """Give back what was reserved for a client that went away meanwhile."""
        await asyncio.wait({opening})
        if opening.exception() is None:
            await self._settle(opening.result())

    async def _settle(self, block: Block) -> None:
        """Charge a block. Where that cannot be done the clock gives all of it back at its deadline."""
        for left in range(TRIES, 0, -1):
            try:
                await settle_block(self.services, block)
            except Exception:
                logger.exception("line not settled", **block.task.log_keys, tries_left=left - 1)
                await asyncio.sleep(self.pause)
            else:
                return
        self.services.count("LineUnsettled")
