"""Paying for model calls: an amount is reserved before a call and what was used is charged after it.

A reservation is a metered task. Where a process serves one call at a time it is made for that call; where it serves
many, one reservation covers the calls of some seconds (a block), so that a call costs no write of its own. Either way
the account's balance is exact: what is reserved is off it, what was not used goes back when the block is closed, and
where the process dies the clock gives back the whole block at its deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace

from aws_lambda_powertools import Logger

from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.draft import Kind
from relay.nouns.errors import InsufficientBalance
from relay.nouns.ids import uuid7
from relay.nouns.inference import Inference, Tokens
from relay.nouns.line_errors import QuotaExceeded
from relay.nouns.money import settle
from relay.nouns.task import State, Task

CALLS = 20  # that a block is made for, at the price of the first
TRIES = 5  # to settle a block
PAUSE = 1.0  # seconds between them

logger = Logger(child=True)


@dataclass(slots=True)
class Block:
    """A reservation: `left` nanos and `tokens` of it are free; `used` and `used_tokens` will be charged."""

    task: Task
    left: int
    tokens: int
    opened_at: int
    used: int = 0
    used_tokens: int = 0
    calls: int = 0  # that are open


@dataclass(slots=True)
class Hold:
    """A call's part of a block."""

    block: Block
    amount: int
    tokens: int


@dataclass(slots=True)
class Reservations:
    """Those of one process. `keep` is for how many ms a block takes calls: with 0 it is made for one."""

    services: Services
    keep: int = 0
    _blocks: dict[tuple[str, str, str], Block] = field(default_factory=dict)  # that take calls
    _turns: dict[tuple[str, str, str], asyncio.Lock] = field(default_factory=dict)
    _settling: set[asyncio.Task[None]] = field(default_factory=set)

    async def reserve(self, caller: Caller, asked: Inference) -> Hold:
        """Raises AccountFrozen, InsufficientBalance, QuotaExceeded, Contended; then nothing is held."""
        amount = self.services.catalog.models[asked.model].paid_rates.most(asked.estimate)
        tokens = asked.estimate.total
        if not self.keep:
            return _hold(await self._open(caller, asked, amount, tokens), amount, tokens)
        key = caller.account_id, f"{asked.dialect}.{asked.shape}", asked.model
        async with self._turns.setdefault(key, asyncio.Lock()):
            block = self._blocks.get(key)
            if block is None or block.left < amount or block.tokens < tokens or self._old(block):
                self._close(key)
                block = self._blocks[key] = await self._open_for_many(caller, asked, amount, tokens)
            return _hold(block, amount, tokens)

    async def settle(self, hold: Hold, used: Tokens, cost: int) -> None:
        """Charge what a call used, at most what it held."""
        block = hold.block
        charged = min(cost, hold.amount)
        if cost > charged:
            self.services.count("LineUndercharged")
        block.used += charged
        block.used_tokens += used.total
        block.left += hold.amount - charged
        block.tokens += hold.tokens - used.total
        block.calls -= 1
        if not block.calls and block not in self._blocks.values():
            await self._settle(block)

    def settle_soon(self, hold: Hold, used: Tokens, cost: int) -> None:
        """The same for who cannot wait: `close` waits."""
        self._begin(self.settle(hold, used, cost))

    def tidy(self) -> None:
        """Close blocks that are as old as they may be."""
        for key, block in list(self._blocks.items()):
            if self._old(block):
                self._close(key)

    async def close(self) -> None:
        """Close all; returns when everything is charged that can be."""
        for key in list(self._blocks):
            self._close(key)
        while self._settling:
            await asyncio.gather(*self._settling)

    def _old(self, block: Block) -> bool:
        return self.services.clock() - block.opened_at >= self.keep

    def _close(self, key: tuple[str, str, str]) -> None:
        block = self._blocks.pop(key, None)
        if block and not block.calls:
            self._begin(self._settle(block))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _open_for_many(self, caller: Caller, asked: Inference, amount: int, tokens: int) -> Block:
        try:
            return await self._open(caller, asked, amount * CALLS, tokens * CALLS)
        except (InsufficientBalance, QuotaExceeded):
            return await self._open(caller, asked, amount, tokens)

    async def _open(self, caller: Caller, asked: Inference, amount: int, tokens: int) -> Block:
        task = self._task(caller, asked, amount, tokens)
        tier = self.services.catalog.tiers[caller.tier]
        await asyncio.to_thread(self.services.store.submissions.reserve, task, tier)
        return Block(task, amount, tokens, task.created_at)

    def _task(self, caller: Caller, asked: Inference, amount: int, tokens: int) -> Task:
        now = self.services.clock()
        ends = now + self.services.catalog.deadlines[Kind.CHAT] * 1000
        return Task(
            account_id=caller.account_id,
            task_id=uuid7(now, self.services.random_bits(74)),
            dialect=asked.dialect,
            platform=asked.shape,
            kind=Kind.CHAT,
            model=asked.model,
            price=amount,
            unit_price=1,
            tokens=tokens,
            created_at=now,
            expires_at=ends,
            due_at=ends,
            state=State.PROCESSING,
        )

    async def _settle(self, block: Block) -> None:
        """Charge a block. Where that cannot be done the clock gives all of it back at its deadline."""
        now, before = self.services.clock(), block.task
        after = replace(
            before,
            state=State.SUCCEEDED,
            used=block.used,
            tokens=block.used_tokens,
            progress=100.0,
            completed_at=now,
            due_at=None,
            learnt="line",
            version=before.version + 1,
        )
        for left in range(TRIES, 0, -1):
            try:
                await asyncio.to_thread(self.services.store.tasks.save, before, after, settle(before, after))
            except Exception:
                logger.exception("line not settled", **before.log_keys, tries_left=left - 1)
                await asyncio.sleep(PAUSE)
            else:
                return
        self.services.count("LineUnsettled")


def _hold(block: Block, amount: int, tokens: int) -> Hold:
    block.left -= amount
    block.tokens -= tokens
    block.calls += 1
    return Hold(block, amount, tokens)
