"""Many callbacks of one job cause few queries, and the last callback always causes one."""

from __future__ import annotations

import pytest

from local.upstreams.jobs import Job
from relay.flow.callback import ASK_PAUSE
from relay.flow.clock import MAX_PAUSE, RUN
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness

OK = (200, {"code": 200, "msg": "success"})


@pytest.fixture
def job(here: Harness) -> Job:
    """A running job whose next poll is a minute away."""
    here.submit_kie_image()
    here.pump()
    return here.network.jobs["kie-1"]


def asked(here: Harness) -> int:
    return len(here.network.sent("kie.query"))


def test_a_hundred_callbacks_of_a_running_job_ask_its_upstream_a_few_times(here: Harness, job: Job) -> None:
    for _ in range(100):
        assert here.callback(job) == OK
        here.wait(0.1)
    here.tick()

    assert 1 <= asked(here) <= 3


def test_containers_that_take_callbacks_at_the_same_moment_ask_once_between_them(here: Harness, job: Job) -> None:
    def meanwhile(call: Call) -> Answer:
        for _ in range(10):
            assert here.callback(job) == OK
        return here.network.ordinary("kie.query", call)

    here.network.script["kie.query"] = [meanwhile]
    here.callback(job)

    assert asked(here) == 1


def test_the_last_of_many_callbacks_is_acted_on_within_seconds(here: Harness, job: Job) -> None:
    here.callback(job)
    job.state = "succeeded"
    here.callback(job)
    here.callback(job)
    assert not here.task(task_of(here)).terminal

    here.run(ASK_PAUSE / 1000 + MAX_PAUSE, step=1)

    assert here.task(task_of(here)).state is State.SUCCEEDED
    assert asked(here) == 2


def test_a_damped_callback_wakes_the_poller(here: Harness, job: Job) -> None:
    here.callback(job)
    here.services.woken.clear()
    here.services.store.directory.take_poller_turn(0, here.now[0] + RUN, 0)  # no poller runs

    here.callback(job)

    assert not here.services.store.directory.take_poller_turn(0, here.now[0], here.now[0] + 1), "a poller runs already"


def test_a_callback_after_the_pause_asks_again(here: Harness, job: Job) -> None:
    here.callback(job)
    here.wait(ASK_PAUSE / 1000)
    job.state = "succeeded"
    here.callback(job)

    assert here.task(task_of(here)).state is State.SUCCEEDED


def task_of(here: Harness) -> str:
    (task,) = here.services.store.tasks.since(here.account_id, "0")
    return task.task_id
