"""A function killed after any write while a result is copied changes nothing: same end, one charge, one event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from relay.nouns.task import State
from tests.functional.archiving import callbacks_about, submit_task
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness
from tests.functional.network import PICTURE

DEATHS = 16  # more writes than there are between a job's end and the client's hearing of it


@pytest.fixture(scope="module")
def here() -> Iterator[CrashingHarness]:
    with harness(balance="1000", archive=True) as safe:
        yield CrashingHarness.of(safe, CrashPoint())


def lived(here: CrashingHarness, death: int) -> str:
    """A task whose workers are killed after the `death`-th write once its job is done."""
    here.crash_point.writes_left = 0
    task_id, job = submit_task(here)
    job.state = "succeeded"
    here.crash_point.writes_left = death
    for _ in range(200):
        while here.pump():
            continue
        if here.task(task_id).due_at is None:
            return task_id
        here.wait(30)
        here.tick()
    raise AssertionError("something stays due for ever")


@pytest.mark.parametrize("death", range(DEATHS))
def test_every_death_ends_alike(here: CrashingHarness, death: int) -> None:
    task_id = lived(here, death)
    task = here.task(task_id)

    assert (task.state, here.entries(task_id), here.drift) == (State.SUCCEEDED, ["capture", "reserve"], 0)
    assert [here.bytes_of(asset.key or "") for asset in task.assets] == [PICTURE]
    assert len([key for key in here.stored if task_id in key]) == 1
    assert len(set(callbacks_about(here, task_id))) == 1


def test_there_is_a_death_for_every_write(here: CrashingHarness) -> None:
    lived(here, 1000)

    assert 1000 - here.crash_point.writes_left <= DEATHS
