"""One job, one task: an upstream that names the wrong job cannot show one account's result to another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.upstreams.jobs import Job
from relay.effects.outbound import NoAnswer
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness, open_account
from tests.functional.refusals import stored_state

OTHER_KEY = "sk-EXAMPLE-other-0001"
IMAGE = {"prompt": "a cat", "size": "1:1"}


@pytest.fixture
def theirs(here: Harness) -> Job:
    """A finished job of another account."""
    open_account(here, "acc2", OTHER_KEY, "100", 3)
    assert here.post("/api/v1/gpt4o-image/generate", IMAGE, key=OTHER_KEY)[0] == 200
    here.pump()
    job = here.network.jobs["kie-1"]
    job.state = "succeeded"
    return job


def unanswered(here: Harness) -> tuple[str, Job]:
    """A task whose submission was never answered, and the job the upstream made of it."""

    def cut_off(call: Call) -> Answer:
        here.network.ordinary("kie.submit", call)
        raise NoAnswer("ReadTimeout")

    here.network.script["kie.submit"] = [cut_off]
    task_id = here.submit_kie_image()
    here.pump()
    return task_id, here.network.jobs[f"kie-{len(here.network.jobs)}"]


def naming(job: Job, at: Job) -> Job:
    """A callback to the one task's URL that names the other's job."""
    return replace(job, order=at.order)


def test_another_accounts_job_is_not_adopted(here: Harness, theirs: Job) -> None:
    task_id, ours = unanswered(here)
    before = stored_state(here)[:-1]  # all but the number of questions asked

    status, _ = here.callback(naming(theirs, ours))

    assert status == 403
    assert stored_state(here)[:-1] == before
    assert here.task(task_id).upstream_task_id is None


def test_a_job_that_was_refused_to_one_task_is_still_the_others(here: Harness, theirs: Job) -> None:
    task_id, ours = unanswered(here)
    here.callback(naming(theirs, ours))
    ours.state = "succeeded"

    assert here.callback(ours)[0] == 200

    assert (here.task(task_id).state, here.task(task_id).upstream_task_id) == (State.SUCCEEDED, ours.task_id)


def test_an_adopted_job_is_not_adopted_twice(here: Harness) -> None:
    first, job = unanswered(here)
    second, other = unanswered(here)
    here.callback(job)

    assert here.callback(naming(job, other))[0] == 403

    assert here.task(first).upstream_task_id == job.task_id
    assert here.task(second).upstream_task_id is None


def test_a_submission_answered_with_another_tasks_job_fails_and_gives_the_money_back(
    here: Harness, theirs: Job
) -> None:
    here.network.script["kie.submit"] = [Answer(200, b'{"code": 200, "data": {"taskId": "kie-1"}}')]
    task_id = here.submit_kie_image()
    here.pump()

    task = here.task(task_id)
    assert (task.state, task.assets, task.due_at) == (State.FAILED, (), None)
    assert here.entries(task_id) == ["release", "reserve"]
    assert len(here.network.sent("kie.submit")) == 2


def test_a_callback_that_overtakes_the_answer_to_a_submission_binds_the_same_job(here: Harness) -> None:
    def overtaken(call: Call) -> Answer:
        answer = here.network.ordinary("kie.submit", call)
        assert here.callback(here.network.jobs["kie-1"])[0] == 200
        return answer

    here.network.script["kie.submit"] = [overtaken]
    task_id = here.submit_kie_image()
    here.pump()

    assert (here.task(task_id).state, here.task(task_id).upstream_task_id) == (State.PROCESSING, "kie-1")
