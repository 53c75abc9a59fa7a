"""A link that gives no result is tried three times; then the task fails once, and the money goes back once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.effects.outbound import Incoming
from relay.nouns.task import State
from tests.functional.network import PICTURE
from tests.functional.storing import BAD, settled, storing, told
from tests.functional.world import World, world


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with world(balance="1000", archive=True) as made:
        yield made


@pytest.mark.parametrize("bad", BAD)
def test_three_failures_end_the_task_and_return_the_money_once(here: World, bad: str) -> None:
    before, stored = here.balance, here.stored
    task_id = storing(here, *(BAD[bad]() for _ in range(3)))
    looked = len(here.network.sent("file"))
    task = settled(here, task_id)

    assert (task.state, task.fault.code if task.fault else "") == (State.FAILED, "GENERATION_FAILED")
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], before, 0)
    assert [json.loads(body)["status"] for body in told(here, task_id)] == ["failed"]
    assert (len(here.network.sent("file")) - looked, here.stored) == (3, stored)


@pytest.mark.parametrize("bad", ["gone", "less than it says", "cut off", "silent"])
def test_a_link_that_works_at_the_third_try_is_a_success(here: World, bad: str) -> None:
    task_id = storing(here, BAD[bad](), BAD[bad]())
    task = settled(here, task_id)

    assert (task.state, here.entries(task_id), len(told(here, task_id))) == (
        State.SUCCEEDED,
        ["capture", "reserve"],
        1,
    )
    assert here.bytes_of(task.assets[0].key or "") == PICTURE


def test_a_redirect_is_not_followed(here: World) -> None:
    task_id = storing(here, *(BAD["elsewhere"]() for _ in range(3)))
    settled(here, task_id)

    assert not [call for _, call in here.network.calls if "169.254" in call.url]


@pytest.mark.parametrize("promised", [{}, {"content-length": "40"}, {"content-length": "\xb2"}], ids=["", "40", "odd"])
def test_a_result_without_end_is_cut_at_the_bound(here: World, promised: dict[str, str]) -> None:
    taken = list[int]()

    def endless() -> Iterator[bytes]:
        yield PICTURE
        while True:
            taken.append(1 << 16)
            yield b"x" * (1 << 16)

    bounded, here.services = here.services, replace(here.services, largest_result=1 << 20)
    task_id = storing(here, *(Incoming(200, promised, endless()) for _ in range(3)))
    task = settled(here, task_id)
    here.services = bounded

    assert task.state is State.FAILED
    assert sum(taken) <= 3 * (1 << 20) + 3 * (1 << 16)


def test_one_bad_link_of_several_ends_them_all(here: World) -> None:
    before = here.balance
    good = [lambda: Incoming(200, {}, iter([PICTURE])), BAD["gone"]]
    task_id = storing(
        here, *(make() for _ in range(3) for make in good), urls=("https://files.example/1", "https://files.example/2")
    )

    assert (settled(here, task_id).state, here.balance) == (State.FAILED, before)
