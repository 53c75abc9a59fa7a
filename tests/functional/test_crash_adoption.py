"""A job whose submission was never answered: only the upstream's callback can adopt it."""

from __future__ import annotations

import pytest

from local.upstreams.jobs import Job
from relay.effects.outbound import NoAnswer
from relay.nouns.errors import UpstreamError
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness

BROKEN = Answer(502, b"<html>bad gateway</html>", {"content-type": "text/html"})


@pytest.fixture
def held(here: Harness) -> tuple[Harness, str, Job]:
    """A task whose job exists at the upstream although no answer came."""

    def accepted_and_cut_off(call: Call) -> Answer:
        here.network.ordinary("kie.submit", call)
        raise NoAnswer("ReadTimeout")

    here.network.script["kie.submit"] = [accepted_and_cut_off]
    task_id = here.submit_kie_image()
    here.pump()
    return here, task_id, here.network.jobs["kie-1"]


def test_a_held_task_is_not_submitted_again(held: tuple[Harness, str, Job]) -> None:
    here, _, _ = held
    here.run(600, step=30)
    assert len(here.network.sent("kie.submit")) == 1


def test_a_callback_that_cannot_be_confirmed_is_asked_for_again(held: tuple[Harness, str, Job]) -> None:
    here, _, job = held
    here.network.script["kie.query"] = [BROKEN]
    status, _ = here.callback(job)
    assert status == UpstreamError.status


def test_the_second_callback_adopts_what_the_first_could_not(held: tuple[Harness, str, Job]) -> None:
    here, task_id, job = held
    here.network.script["kie.query"] = [BROKEN]
    here.network.finish()
    here.callback(job)
    here.callback(job)
    assert here.task(task_id).state is State.SUCCEEDED


def test_an_adopted_job_that_still_runs_is_polled_from_then_on(held: tuple[Harness, str, Job]) -> None:
    here, task_id, job = held
    here.callback(job)
    here.network.finish()
    here.run(120, step=30)
    assert here.task(task_id).state is State.SUCCEEDED


def test_a_success_after_the_deadline_is_noted_and_not_billed(held: tuple[Harness, str, Job]) -> None:
    here, task_id, job = held
    here.run(990, step=30)
    here.network.finish()
    here.callback(job)
    task = here.task(task_id)
    assert (task.state, task.late_outcome, here.entries(task_id)) == (
        State.TIMEOUT,
        State.SUCCEEDED.value,
        ["release", "reserve"],
    )
