"""Clients that wait at the stream endpoint: how many look at their tasks at the same time, and looks that fail."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from relay.edge.stream.held import LOOKS_AT_ONCE, Held
from relay.nouns.draft import Kind
from relay.nouns.task import State, Task

TASK = Task("acc1", "id", "kie", "gpt4o", Kind.IMAGE, "m", 1, 0, 900_000, state=State.PROCESSING)


@dataclass
class Rows:
    """A table of one task, which has ended after so many looks, of which some fail. Counts those at the same time."""

    ends_after: int
    failing: int = 0
    looks: int = 0
    now: int = 0
    most: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def get(self, account_id: str, task_id: str) -> Task:
        with self.turn:
            self.looks, self.now = self.looks + 1, self.now + 1
            self.most, number = max(self.most, self.now), self.looks
        threading.Event().wait(0.001)
        with self.turn:
            self.now -= 1
        if number <= self.failing:
            raise TimeoutError("the table does not answer")
        return replace(TASK, state=State.SUCCEEDED) if number > self.ends_after else TASK


async def _soon(_: float) -> None:
    await asyncio.sleep(0)


async def _wait(rows: Rows, clients: int) -> list[Any]:
    services: Any = SimpleNamespace(store=SimpleNamespace(tasks=rows))
    held = Held(services, {}, sleep=_soon)

    async def end() -> Any:
        return [found async for found in held._changes(TASK, 840)][-1]

    return await asyncio.gather(*(end() for _ in range(clients)))


def test_however_many_clients_wait_few_threads_look() -> None:
    rows = Rows(ends_after=300)
    ends = asyncio.run(_wait(rows, 100))
    assert {end.state for end in ends} == {State.SUCCEEDED}
    assert (rows.most, rows.looks >= 400) == (LOOKS_AT_ONCE, True)


def test_a_look_that_fails_ends_no_wait() -> None:
    rows = Rows(ends_after=5, failing=4)
    (end,) = asyncio.run(_wait(rows, 1))
    assert (end.state, rows.looks) == (State.SUCCEEDED, 6)
