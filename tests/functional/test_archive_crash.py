"""A function may die after any write while a result is copied: it ends as if nobody had, with one charge, one event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from relay.nouns.task import State
from tests.functional.mortal import Fuse, Mortal
from tests.functional.network import PICTURE
from tests.functional.storing import submitted, told
from tests.functional.world import world

DEATHS = 16  # more writes than there are between a job's end and the client's hearing of it


@pytest.fixture(scope="module")
def here() -> Iterator[Mortal]:
    with world(balance="1000", archive=True) as safe:
        yield Mortal.of(safe, Fuse())


def lived(here: Mortal, death: int) -> str:
    """A task whose desks die after the `death`-th write once its job is done."""
    here.fuse.length = 0
    task_id, job = submitted(here)
    job.state = "succeeded"
    here.fuse.length = death
    for _ in range(200):
        while here.pump():
            continue
        if here.task(task_id).due_at is None:
            return task_id
        here.wait(30)
        here.tick()
    raise AssertionError("something stays due for ever")


@pytest.mark.parametrize("death", range(DEATHS))
def test_every_death_ends_alike(here: Mortal, death: int) -> None:
    task_id = lived(here, death)
    task = here.task(task_id)

    assert (task.state, here.entries(task_id), here.drift) == (State.SUCCEEDED, ["capture", "reserve"], 0)
    assert [here.bytes_of(asset.key or "") for asset in task.assets] == [PICTURE]
    assert len([key for key in here.stored if task_id in key]) == 1
    assert len(set(told(here, task_id))) == 1


def test_there_is_a_death_for_every_write(here: Mortal) -> None:
    lived(here, 1000)

    assert 1000 - here.fuse.length <= DEATHS
