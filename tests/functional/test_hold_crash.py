"""A function killed at any point while an upstream answers for minutes: one submission, one end, the money right.

A write, and a piece of a stream that was read, are points to be killed at. From the claim until the outcome is stored
nobody can know what the upstream made: such a task ends at its deadline with the money back.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest

from relay.families.provider import Api
from relay.nouns.task import State, Task
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness
from tests.functional.holding import ANSWERING, STREAMING, URL, Streamed, said, submit
from tests.functional.network import PICTURE, Script

POINTS = 16  # more than there are
INLINE: dict[str, object] = {"b64": [base64.b64encode(PICTURE).decode()]}
COURSES: dict[str, tuple[Api, Callable[[CrashingHarness], Script]]] = {
    "an answer with links": (ANSWERING, lambda _: said(urls=[URL])),
    "an answer with bytes": (ANSWERING, lambda _: said(**INLINE)),
    "a stream": (
        STREAMING,
        lambda here: Streamed([{"progress": 1}, {"progress": 2}, INLINE], lambda: here.wait(20)).incoming(),
    ),
}


@pytest.fixture(scope="module", params=COURSES)
def course(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def here(course: str) -> Iterator[CrashingHarness]:
    with harness(balance="1000", archive=True) as safe:
        yield CrashingHarness.of(safe, CrashPoint())


def lived(here: CrashingHarness, course: str, point: int) -> tuple[Task, bool]:
    """A task whose worker is killed at this point; and whether it was seen as being sent by a worker that was dead."""
    api, answer = COURSES[course]
    here.crash_point.writes_left = 0
    here.network.calls.clear()
    here.wait(60)
    task_id = submit(here, api, answer(here))
    here.crash_point.writes_left, here.crash_point.reached = point, False
    unsure = False
    for _ in range(200):
        while here.pump():
            continue
        task = here.task(task_id)
        unsure = unsure or task.sending
        if task.due_at is None:
            return task, unsure
        here.wait(30)
        here.tick()
    raise AssertionError("something stays due for ever")


@pytest.mark.parametrize("point", range(POINTS))
def test_every_death_ends_right_after_one_submission_at_most(here: CrashingHarness, course: str, point: int) -> None:
    task, unsure = lived(here, course, point)

    assert task.state is (State.TIMEOUT if unsure else State.SUCCEEDED)
    assert here.entries(task.task_id) == (["release", "reserve"] if unsure else ["capture", "reserve"])
    assert [here.bytes_of(asset.key or "") for asset in task.assets] == ([] if unsure else [PICTURE])
    assert here.drift == 0
    assert len(here.network.sent("kie.submit")) <= 1
    assert here.network.sent("aistudio.submit") == []


def test_there_is_a_death_for_every_point(here: CrashingHarness, course: str) -> None:
    lived(here, course, 1000)

    assert 6 <= 1000 - here.crash_point.writes_left < POINTS
