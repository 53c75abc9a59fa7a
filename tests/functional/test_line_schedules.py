"""However calls, kills, cancellations and failing writes fall together, an account pays what its calls used, once."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest

from relay.flow.access import Caller
from relay.flow.blocks import Hold
from relay.flow.reserving import Reservations
from relay.flow.usage_check import differences
from relay.nouns.errors import RelayError
from relay.nouns.inference import Inference, Tokens
from relay.nouns.task import State
from tests.functional.contended_tables import client_error, contend, transaction_cancelled
from tests.functional.harness import Harness

CALLER = Caller("acc1", 3, "newapi", key_id="key1")
MODELS = ("gpt-4o-mini", "gpt-5.2")
ERRORS = (transaction_cancelled("TransactionConflict"), client_error("ThrottlingException"))


class Schedule:
    """Two processes of one account, in an order that a seed decides."""

    def __init__(self, here: Harness, seed: int) -> None:
        self.here, self.dice = here, random.Random(seed)
        self.crowded = contend(here)
        keep = self.dice.choice((0, 5000))
        self.processes = [Reservations(here.services, keep, pause=0.05) for _ in range(2)]
        self.open: list[tuple[Reservations, Hold]] = []
        self.charged = self.settled = 0

    async def reserve(self) -> None:
        process = self.dice.choice(self.processes)
        estimate = Tokens(self.dice.randrange(1, 2000), self.dice.randrange(1, 4000))
        asked = Inference("newapi", "chat", self.dice.choice(MODELS), "", {}, estimate)
        calling = asyncio.create_task(process.reserve(CALLER, asked))
        if self.dice.random() < 0.2:
            await asyncio.sleep(0)
            calling.cancel()
        with suppress(RelayError, asyncio.CancelledError):
            self.open.append((process, await calling))

    async def settle(self) -> None:
        if self.open:
            process, hold = self.open.pop(self.dice.randrange(len(self.open)))
            cost = self.dice.randrange(2 * hold.amount)
            self.charged += min(cost, hold.amount)
            self.settled += 1
            settling = asyncio.create_task(process.settle(hold, Tokens(1, 1), cost))
            if self.dice.random() < 0.3:
                await asyncio.sleep(0)
                settling.cancel()
            await asyncio.wait([settling])

    async def tidy(self) -> None:
        self.here.now[0] += self.dice.randrange(4000)
        self.dice.choice(self.processes).tidy()

    async def fail(self) -> None:
        self.crowded.through = self.dice.random() < 0.5
        self.crowded.errors += [self.dice.choice(ERRORS)] * self.dice.randrange(1, 4)

    async def run(self) -> None:
        for _ in range(60):
            await self.dice.choice((self.reserve, self.reserve, self.settle, self.settle, self.tidy, self.fail))()
        while self.open:
            await self.settle()
        for process in self.processes:
            await process.close()


@pytest.mark.parametrize("seed", range(4))
def test_what_goes_out_is_what_was_used(here: Harness, seed: int) -> None:
    paid, schedule = here.balance, Schedule(here, seed)
    asyncio.run(schedule.run())
    schedule.crowded.errors.clear()
    here.run(1000, step=60)  # what was reserved by tries whose answer was lost is given back at its deadline
    calls = list(here.services.store.tasks.since(here.account_id, "0"))
    assert calls
    assert all(call.terminal for call in calls)
    assert here.drift == 0
    assert paid - here.balance == sum(call.used or 0 for call in calls if call.state is State.SUCCEEDED)
    assert paid - here.balance == schedule.charged
    assert here.counts.get("LineUnsettled", 0) == 0
    assert differences(here.services.store, here.account_id) == []
    assert sum(row.usage.requests for row in here.services.store.usages.all(here.account_id)) == schedule.settled
