"""Reservations that many model calls share: exact, never waited for while there is traffic, and never left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from relay.families import dialect
from relay.flow.access import Access, Caller
from relay.flow.blocks import Hold
from relay.flow.reserving import CALLS, Reservations
from relay.nouns.inference import Inference, Tokens
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound, compact
from tests.functional.harness import KEY, Harness, harness
from tests.functional.model_calls import CHAT

KEEP = 10_000
BALANCE = 100 * 10**9


@dataclass
class Process:
    """One process that serves calls of one account."""

    here: Harness
    reservations: Reservations = field(init=False)
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.reservations = Reservations(self.here.services, KEEP)
        self.caller = Access(self.here.services).caller(KEY, "newapi")

    @property
    def tasks(self) -> list[Task]:
        """Oldest first."""
        return list(self.here.services.store.tasks.since(self.here.account_id, "0"))[::-1]

    def asked(self, **fields: Any) -> Inference:
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}], **fields}
        route = next(each for each in dialect("newapi").routes if each.path == CHAT)
        asked: Inference = route.read(Inbound("POST", CHAT, body=compact(body)), self.here.services.catalog)
        return asked

    async def reserve(self) -> Hold:
        return await self.reservations.reserve(self.caller, self.asked())

    async def call(self, cost: int) -> None:
        await self.reservations.settle(await self.reserve(), Tokens(10, 20), cost)

    def run(self, calls: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a process's calls to its end."""

        async def run() -> None:
            # moto loses one of two transactions at the same time, where DynamoDB has one of them tried again
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
            await calls()
            await self.reservations.close()

        asyncio.run(run())

    async def background(self) -> None:
        """Until what was begun beside the calls is done."""
        while self.reservations._working:
            await asyncio.gather(*self.reservations._working)


@pytest.fixture
def process() -> Iterator[Process]:
    with harness() as here:
        yield Process(here)


def test_calls_that_share_a_reservation_are_charged_together_to_the_nano(process: Process) -> None:
    async def calls() -> None:
        for cost in (1_000, 2_000, 3_007):
            await process.call(cost)
        assert len(process.tasks) == 1

    process.run(calls)

    (task,) = process.tasks
    assert (task.state, task.used, task.tokens) == (State.SUCCEEDED, 6_007, 90)
    assert process.here.balance == BALANCE - 6_007
    assert process.here.drift == 0


def test_a_call_finds_the_successor_of_an_aged_reservation_already_open(process: Process) -> None:
    async def calls() -> None:
        await process.call(1_000)
        process.here.wait(8)
        await process.call(1_000)
        await process.background()
        assert len(process.tasks) == 2
        process.here.wait(3)  # the first would be too old by now
        hold = await process.reserve()
        assert hold.block.task.task_id == process.tasks[1].task_id
        await process.reservations.settle(hold, Tokens(1, 1), 500)

    process.run(calls)

    assert [task.used for task in process.tasks] == [2_000, 500]
    assert (process.here.balance, process.here.drift) == (BALANCE - 2_500, 0)


def test_calls_at_once_that_use_a_reservation_up_wait_for_one_successor_not_for_one_each(process: Process) -> None:
    async def calls() -> None:
        holds = [await process.reserve() for _ in range(CALLS)]
        holds += await asyncio.gather(*(process.reserve() for _ in range(3)))
        assert len({hold.block.task.task_id for hold in holds}) == 2
        for hold in holds:
            await process.reservations.settle(hold, Tokens(1, 1), 100)

    process.run(calls)

    assert {task.state for task in process.tasks} == {State.SUCCEEDED}
    assert len(process.tasks) == 2
    assert (process.here.balance, process.here.drift) == (BALANCE - 100 * (CALLS + 3), 0)


def test_a_process_that_ends_while_a_successor_is_opened_leaves_none_behind(process: Process) -> None:
    async def calls() -> None:
        await process.call(1_000)
        process.here.wait(8)
        await process.call(1_000)

    process.run(calls)

    assert [(task.state, task.used) for task in process.tasks] == [(State.SUCCEEDED, 2_000), (State.SUCCEEDED, 0)]
    assert (process.here.balance, process.here.drift) == (BALANCE - 2_000, 0)


def test_a_client_that_leaves_while_money_is_reserved_has_all_of_it_back(process: Process) -> None:
    async def calls() -> None:
        leaving = asyncio.create_task(process.reserve())
        await asyncio.sleep(0)  # it has begun
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving

    process.run(calls)

    assert [(task.state, task.used) for task in process.tasks] == [(State.SUCCEEDED, 0)]
    assert (process.here.balance, process.here.drift) == (BALANCE, 0)


def test_a_successor_that_the_balance_does_not_pay_hinders_no_call() -> None:
    with harness(balance="0.36") as here:  # pays for one reservation and not for a second
        process = Process(here)

        async def calls() -> None:
            await process.call(1_000)
            here.wait(8)
            await process.call(1_000)
            await process.background()
            assert len(process.tasks) == 1
            here.wait(3)
            await process.call(1_000)

        process.run(calls)

        assert [task.used for task in process.tasks] == [2_000, 1_000]
        assert (here.balance, here.drift) == (360_000_000 - 3_000, 0)
