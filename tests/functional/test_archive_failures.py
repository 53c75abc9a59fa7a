"""A result that cannot be fetched is tried three times; then the task fails once and is refunded once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.effects.outbound import Incoming
from relay.nouns.task import State
from tests.functional.archiving import BAD_RESULTS, archiving_task, callbacks_about, finished_task
from tests.functional.harness import Harness, harness
from tests.functional.network import PICTURE


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000", archive=True) as made:
        yield made


@pytest.mark.parametrize("bad", BAD_RESULTS)
def test_three_failures_end_the_task_and_return_the_money_once(here: Harness, bad: str) -> None:
    before, stored = here.balance, here.stored
    task_id = archiving_task(here, *(BAD_RESULTS[bad]() for _ in range(3)))
    looked = len(here.network.sent("file"))
    task = finished_task(here, task_id)

    assert (task.state, task.fault.code if task.fault else "") == (State.FAILED, "GENERATION_FAILED")
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], before, 0)
    assert [json.loads(body)["status"] for body in callbacks_about(here, task_id)] == ["failed"]
    assert (len(here.network.sent("file")) - looked, here.stored) == (3, stored)


@pytest.mark.parametrize("bad", ["gone", "less than it says", "cut off", "silent"])
def test_a_link_that_works_at_the_third_try_is_a_success(here: Harness, bad: str) -> None:
    task_id = archiving_task(here, BAD_RESULTS[bad](), BAD_RESULTS[bad]())
    task = finished_task(here, task_id)

    assert (task.state, here.entries(task_id), len(callbacks_about(here, task_id))) == (
        State.SUCCEEDED,
        ["capture", "reserve"],
        1,
    )
    assert here.bytes_of(task.assets[0].key or "") == PICTURE


def test_a_redirect_is_not_followed(here: Harness) -> None:
    task_id = archiving_task(here, *(BAD_RESULTS["elsewhere"]() for _ in range(3)))
    finished_task(here, task_id)

    assert not [call for _, call in here.network.calls if "169.254" in call.url]


@pytest.mark.parametrize("promised", [{}, {"content-length": "40"}, {"content-length": "\xb2"}], ids=["", "40", "odd"])
def test_a_result_without_end_is_cut_at_the_bound(here: Harness, promised: dict[str, str]) -> None:
    taken = list[int]()

    def endless() -> Iterator[bytes]:
        yield PICTURE
        while True:
            taken.append(1 << 16)
            yield b"x" * (1 << 16)

    bounded, here.services = here.services, replace(here.services, largest_result=1 << 20)
    task_id = archiving_task(here, *(Incoming(200, promised, endless()) for _ in range(3)))
    task = finished_task(here, task_id)
    here.services = bounded

    assert task.state is State.FAILED
    assert sum(taken) <= 3 * (1 << 20) + 3 * (1 << 16)


def test_one_bad_link_of_several_ends_them_all(here: Harness) -> None:
    before = here.balance
    good = [lambda: Incoming(200, {}, iter([PICTURE])), BAD_RESULTS["gone"]]
    task_id = archiving_task(
        here, *(make() for _ in range(3) for make in good), urls=("https://files.example/1", "https://files.example/2")
    )

    assert (finished_task(here, task_id).state, here.balance) == (State.FAILED, before)
