"""Callbacks that arrive before the submission's answer, or after the deadline."""

from __future__ import annotations

import pytest

from local.upstreams.jobs import Job
from relay.effects.outbound import NoAnswer
from relay.nouns.money import nanos
from relay.nouns.task import Delivery, State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness
from tests.functional.network import CLIENT

DEADLINE = 900  # seconds of an image


def test_a_callback_overtaking_the_answer_to_the_submission_ends_the_task(here: Harness) -> None:
    def made_at_once(call: Call) -> Answer:
        answer = here.network.ordinary("kie.submit", call)
        job = here.network.jobs["kie-1"]
        job.state = "succeeded"
        assert here.callback(job) == (200, {"code": 200, "msg": "success"})
        return answer

    here.network.script["kie.submit"] = [made_at_once]
    task_id = here.submit_kie_image()
    here.pump()

    task = here.task(task_id)
    assert (task.state, task.learnt, task.upstream_task_id) == (State.SUCCEEDED, "callback", "kie-1")
    assert here.entries(task_id) == ["capture", "reserve"]
    assert here.drift == 0


def test_a_callback_overtaking_the_answer_of_a_job_that_still_runs_is_harmless(here: Harness) -> None:
    def still_running(call: Call) -> Answer:
        answer = here.network.ordinary("kie.submit", call)
        here.callback(here.network.jobs["kie-1"])
        return answer

    here.network.script["kie.submit"] = [still_running]
    task_id = here.submit_kie_image()
    here.pump()
    here.network.finish()
    here.run(70)

    assert here.task(task_id).state is State.SUCCEEDED
    assert len(here.network.sent("kie.submit")) == 1


def test_a_callback_adopts_a_job_whose_submission_was_never_answered(here: Harness) -> None:
    task_id, job = held(here)

    job.state = "succeeded"
    here.callback(job)

    task = here.task(task_id)
    assert (task.state, task.upstream_task_id, task.sending) == (State.SUCCEEDED, job.task_id, False)
    assert here.entries(task_id) == ["capture", "reserve"]


def test_an_adopted_job_that_fails_gives_the_money_back(here: Harness) -> None:
    task_id, job = held(here)

    job.state = "failed"
    here.callback(job)

    assert here.task(task_id).state is State.FAILED
    assert here.balance == nanos("100")


def test_an_unsigned_upstream_is_heard_as_a_hint_all_the_same(here: Harness) -> None:
    del here.secrets.values["upstreams/kie/webhook-key"]
    task_id = here.submit_kie_image()
    here.pump()
    job = here.network.jobs["kie-1"]
    job.state = "succeeded"

    status, _ = here.callback(job, **{"x-webhook-signature": "", "x-webhook-timestamp": ""})

    assert status == 200
    assert here.task(task_id).state is State.SUCCEEDED


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "never answered"])
def test_a_success_after_the_timeout_is_recorded_and_not_billed(here: Harness, answered: bool) -> None:
    task_id, job = timed_out(here, answered=answered)
    ended = here.task(task_id)

    job.state = "succeeded"
    assert here.callback(job) == (200, {"code": 200, "msg": "success"})

    task = here.task(task_id)
    assert (task.state, task.late_outcome) == (State.TIMEOUT, "succeeded")
    assert (task.completed_at, task.fault, task.assets) == (ended.completed_at, ended.fault, ())
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], nanos("100"), 0)
    assert here.counts["LateSuccess"] == 1


def test_a_late_success_is_recorded_once(here: Harness) -> None:
    task_id, job = timed_out(here, answered=True)
    job.state = "succeeded"
    here.callback(job)
    recorded = here.task(task_id)

    here.callback(job)

    assert here.task(task_id) == recorded
    assert here.counts["LateSuccess"] == 1


def test_the_client_of_a_late_success_is_told_of_the_timeout_and_nothing_else(here: Harness) -> None:
    task_id, job = timed_out(here, answered=True, callBackUrl=CLIENT)
    job.state = "succeeded"
    here.callback(job)
    here.run(120, step=30)

    assert here.task(task_id).delivery is Delivery.DONE
    assert [b'"code":408' in call.body for call in here.told] == [True]


def held(here: Harness, **fields: str) -> tuple[str, Job]:
    """A task whose submission was never answered, and the job the upstream made of it."""

    def accepted_and_cut_off(call: Call) -> Answer:
        here.network.ordinary("kie.submit", call)
        raise NoAnswer("ReadTimeout")

    here.network.script["kie.submit"] = [accepted_and_cut_off]
    task_id = here.submit_kie_image(**fields)
    here.pump()
    return task_id, here.network.jobs["kie-1"]


def timed_out(here: Harness, *, answered: bool, **fields: str) -> tuple[str, Job]:
    if answered:
        task_id = here.submit_kie_image(**fields)
        here.pump()
    else:
        task_id, _ = held(here, **fields)
    here.wait(DEADLINE)
    here.tick()
    assert here.task(task_id).state is State.TIMEOUT
    return task_id, here.network.jobs["kie-1"]
