"""How long a client waits for its task, by which reads; what its `Prefer` header may hold."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from relay.flow.services import Services
from relay.flow.wait import preferred_wait, wait_for_end
from relay.nouns.draft import Kind
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound

TASK = Task("acc1", "t1", "aistudio", "kling", Kind.IMAGE, "kling-image", 1, 0, 900_000)


class Watched:
    """A relay in which time passes only by pauses, and a task ends at `ends` (ms)."""

    def __init__(self, ends: float = float("inf")) -> None:
        self.now, self.ends, self.pauses, self.reads = 0.0, ends, list[float](), 0
        tasks = SimpleNamespace(get=self._get)
        store = SimpleNamespace(tasks=tasks)
        self.services = cast("Services", SimpleNamespace(clock=lambda: self.now, pause=self._pause, store=store))

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds * 1000

    def _get(self, account_id: str, task_id: str) -> Task:
        self.reads += 1
        return TASK if self.now < self.ends else replace(TASK, state=State.SUCCEEDED)


def test_the_longest_wait_is_25_seconds_and_ten_reads() -> None:
    watched = Watched()
    assert wait_for_end(watched.services, TASK, 25_000).state is State.PENDING
    assert (watched.now, watched.reads, len(watched.pauses)) == (25_000, 10, 10)


def test_a_wait_ends_with_the_task() -> None:
    watched = Watched(ends=2_000)
    assert wait_for_end(watched.services, TASK, 25_000).state is State.SUCCEEDED
    assert (watched.now, watched.reads) == (3_000, 3)


def test_time_that_the_creation_took_is_not_waited_again() -> None:
    watched = Watched()
    watched.now = 24_000
    wait_for_end(watched.services, TASK, 25_000)
    assert watched.now == 25_000
    wait_for_end(watched.services, TASK, 25_000)
    assert watched.now == 25_000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(
            ("wait=10", 10),
            ("Wait = 10", 10),
            ('wait="10"', 10),
            ("wait=99", 25),
            ("wait=999999999", 25),
            ("wait=0", 0),
        ),
        *(("respond-async, wait=7", 7), ("wait=7; foo=bar", 7), ("wait=3, wait=9", 3)),
        *((unreadable, None) for unreadable in ("", "wait", "wait=", "wait=-1", "wait=1.5", "wait=x", "await=5")),
        ("wait=" + "9" * 5000, None),
    ],
)
def test_what_the_header_says(header: str, seconds: int | None) -> None:
    assert preferred_wait(Inbound("POST", "/", {"prefer": header})) == seconds
