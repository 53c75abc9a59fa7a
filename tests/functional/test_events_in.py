"""Webhooks that name only a job: signed, they are a hint to ask about the task that has it, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.upstreams.jobs import Job
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.functional.events_in import eventful_provider, tell
from tests.functional.harness import Harness
from tests.functional.refusals import stored_state


@pytest.fixture
def eventful(here: Harness) -> Harness:
    here.services = replace(here.services, providers=eventful_provider)
    return here


def running(here: Harness) -> tuple[str, Job]:
    task_id = here.submit_kie_image()
    here.pump()
    return task_id, list(here.network.jobs.values())[-1]


def test_an_event_ends_the_task_that_has_its_job_by_a_question(eventful: Harness) -> None:
    task_id, job = running(eventful)
    job.state = "succeeded"
    assert tell(eventful, {"job": job.task_id}) == 200
    assert (eventful.task(task_id).state, eventful.task(task_id).learnt) == (State.SUCCEEDED, "callback")


def test_an_event_that_lies_moves_nothing(eventful: Harness) -> None:
    task_id, job = running(eventful)
    assert tell(eventful, {"job": job.task_id, "state": "failed"}) == 200
    assert not eventful.task(task_id).terminal


@pytest.mark.parametrize("how", [{"secret": "another"}, {"age": 301}, {"age": -301}])
def test_a_forged_or_stale_event_is_refused_and_asks_nothing(eventful: Harness, how: dict[str, object]) -> None:
    _, job = running(eventful)
    before = stored_state(eventful)
    assert tell(eventful, {"job": job.task_id}, **how) == 403  # type: ignore[arg-type]
    assert stored_state(eventful) == before
    assert eventful.network.sent("kie.query") == []


def test_without_a_key_to_check_events_with_none_is_taken(eventful: Harness) -> None:
    _, job = running(eventful)
    eventful.secrets.values.pop("upstreams/kie/webhook-key")
    assert tell(eventful, {"job": job.task_id}) == 403


def test_an_event_of_a_job_that_is_nobodys_is_dropped(eventful: Harness) -> None:
    running(eventful)
    before = stored_state(eventful)
    assert [tell(eventful, event) for event in ({"job": "theirs"}, {"type": "batch.completed"})] == [200, 200]
    assert stored_state(eventful) == before


def test_an_upstream_without_events_takes_none(here: Harness) -> None:
    assert tell(here, {"job": "kie-1"}) == 403


def test_the_job_is_bound_in_the_write_that_accepts_it(eventful: Harness) -> None:
    task_id, job = running(eventful)
    assert eventful.services.store.jobs.owner("kie", job.task_id) == f"acc1.{task_id}"
    eventful.network.script["kie.submit"] = [
        Answer(200, b'{"code": 200, "data": {"taskId": "%s"}}' % job.task_id.encode())
    ]
    second = eventful.submit_kie_image()
    eventful.pump()
    assert (eventful.task(second).state, eventful.task(second).upstream_task_id) == (State.FAILED, None)
    assert eventful.entries(second) == ["release", "reserve"]
    assert eventful.services.store.jobs.owner("kie", job.task_id) == f"acc1.{task_id}"
