"""What is reserved for model calls, as the metered task that the store keeps of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from relay.effects.store.limits import Limits
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.draft import Kind
from relay.nouns.ids import uuid7
from relay.nouns.inference import Inference, Tokens
from relay.nouns.money import settle
from relay.nouns.task import State, Task
from relay.nouns.usage import Calls


@dataclass(slots=True, eq=False)
class Block:
    """A reservation: `left` nanos and `tokens` of it are free; `used` and `used_tokens` will be charged."""

    task: Task
    left: int
    tokens: int
    used: int = 0
    used_tokens: int = 0
    calls: int = 0  # that are open
    ended: Calls = field(default_factory=Calls)
    closed: bool = True  # for more calls
    following: asyncio.Task[None] | None = None  # opens its successor

    def hold(self, amount: int, tokens: int, now: int) -> Hold:
        self.left -= amount
        self.tokens -= tokens
        self.calls += 1
        return Hold(self, amount, tokens, now)


@dataclass(slots=True)
class Hold:
    """A call's part of a block."""

    block: Block
    amount: int
    tokens: int
    began_at: int  # Unix ms

    def end(self, used: Tokens, cost: int, now: int, *, ok: bool) -> Block:
        """Charge what the call used, at most what it held, and give the rest back to its block."""
        block, charged, tokens = self.block, min(cost, self.amount), min(used.total, self.tokens)
        block.used += charged
        block.used_tokens += tokens
        block.left += self.amount - charged
        block.tokens += self.tokens - tokens
        block.calls -= 1
        so_far = block.ended
        block.ended = Calls(so_far.requests + 1, so_far.ok + ok, so_far.ms + max(0, now - self.began_at))
        return block


async def open_block(
    services: Services, caller: Caller, asked: Inference, amount: int, tokens: int, *, per_minute: int = 0
) -> Block:
    """`per_minute` bounds the key's blocks; 0 is no bound.

    Raises AccountFrozen, InsufficientBalance, RateLimited, QuotaExceeded, Contended; then nothing is reserved.
    """
    now = services.clock()
    ends = now + services.catalog.deadlines[Kind.CHAT] * 1000
    task = Task(
        account_id=caller.account_id,
        task_id=uuid7(now, services.random_bits(74)),
        key_id=caller.key_id,
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
    limits = Limits(services.catalog.tiers[caller.tier], per_minute)
    await asyncio.to_thread(services.store.submissions.reserve, task, limits)
    return Block(task, amount, tokens)


async def settle_block(services: Services, block: Block) -> None:
    """Charge what was used and give back the rest; nothing where it was settled before, by the clock or by us."""
    now, before = services.clock(), block.task
    after = replace(
        before,
        state=State.SUCCEEDED,
        used=block.used,
        tokens=block.used_tokens,
        calls=block.ended,
        progress=100.0,
        completed_at=now,
        due_at=None,
        learnt="line",
        version=before.version + 1,
    )
    await asyncio.to_thread(services.store.tasks.save, before, after, settle(before, after))
