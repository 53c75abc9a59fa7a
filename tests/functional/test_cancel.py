"""A client that takes a request back: what no upstream has seen is withdrawn, what may be made runs on."""

from __future__ import annotations

from typing import Any

import pytest

from relay.effects.outbound import NoAnswer
from relay.flow.access import Caller
from relay.flow.cancel import cancel as withdraw
from relay.nouns.money import nanos
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import Harness, harness

CLIENT = "https://client.example/hook"


def cancel(here: Harness, task_id: str, platform: str = "kling", **how: Any) -> tuple[int, Any]:
    return here.post(f"/api/{platform}/tasks/cancel", {"task_id": task_id}, **how)


def cancel_kie(here: Harness, task_id: str) -> Task:
    """KIE's wire has no such request; a dialect that has one may sell what KIE makes."""
    return withdraw(here.services, Caller(here.account_id, 3, "kie"), task_id)


def at_its_upstream(here: Harness, **fields: Any) -> str:
    task_id = here.submit_image(**fields)
    here.pump()
    return task_id


def test_a_task_that_waits_is_withdrawn_and_its_money_returned(here: Harness) -> None:
    task_id, before = here.submit_image(), nanos("100")
    status, told = cancel(here, task_id)
    assert (status, told["status"], told["cancelled"]) == (200, "cancelled", True)
    assert (here.balance, here.entries(task_id), here.drift) == (before, ["release", "reserve"], 0)


def test_a_withdrawn_task_reaches_no_upstream(here: Harness) -> None:
    cancel(here, here.submit_image())
    here.run(60)
    assert here.network.sent("aistudio.submit") == []


def test_the_client_is_told_of_its_withdrawal_as_of_any_end(here: Harness) -> None:
    cancel(here, here.submit_image(callback_url=CLIENT))
    here.run(10)
    (told,) = here.told
    assert b'"status":"cancelled"' in told.body


def test_a_task_whose_upstream_takes_nothing_back_runs_on_and_the_answer_says_so(here: Harness) -> None:
    task_id = here.submit_kie_image()
    here.pump()
    assert cancel_kie(here, task_id).state is State.QUEUED
    here.run(120)
    assert (here.network.sent("aistudio.cancel"), len(here.network.sent("kie.submit"))) == ([], 1)
    assert (here.task(task_id).state, here.entries(task_id)) == (State.PROCESSING, ["reserve"])


def test_a_task_at_its_upstream_is_asked_back_there_and_refunded_once_a_query_says_so(here: Harness) -> None:
    task_id = at_its_upstream(here, callback_url=CLIENT)
    status, told = cancel(here, task_id)
    assert (status, told["cancelled"], told["status"], here.entries(task_id)) == (200, False, "queued", ["reserve"])
    here.run(60)
    (asked,) = here.network.sent("aistudio.cancel")
    assert (asked.url.rpartition("/api")[2], asked.body) == ("/kling/tasks/cancel", b'{"task_id":"aistudio-1"}')
    assert (here.task(task_id).state, here.task(task_id).learnt) == (State.CANCELLED, "poll")
    assert (here.balance, here.entries(task_id), here.drift) == (nanos("100"), ["release", "reserve"], 0)
    assert len(here.told) == 1


@pytest.mark.parametrize("answer", [NoAnswer("cut"), Answer(404, b"{}"), Answer(200, b'{"status": "cancelled"}')])
def test_what_an_upstream_says_to_a_cancellation_moves_nothing(here: Harness, answer: Answer | Exception) -> None:
    task_id = at_its_upstream(here)
    here.network.script["aistudio.cancel"] = [answer]
    cancel(here, task_id)
    here.run(60)
    assert (here.task(task_id).state, here.entries(task_id)) == (State.PROCESSING, ["reserve"])
    here.network.finish()
    here.run(60)
    assert (here.task(task_id).state, here.entries(task_id)) == (State.SUCCEEDED, ["capture", "reserve"])


def test_an_upstream_is_asked_once_however_often_its_client_asks(here: Harness) -> None:
    task_id = at_its_upstream(here)
    here.network.script["aistudio.cancel"] = [Answer(500, b"")]
    for _ in range(3):
        cancel(here, task_id)
        here.run(30)
    assert len(here.network.sent("aistudio.cancel")) == 1


def test_an_upstream_is_asked_within_its_next_question(here: Harness) -> None:
    task_id = at_its_upstream(here)
    cancel(here, task_id)
    here.tick()
    assert here.task(task_id).state is State.CANCELLED


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_death_on_the_way_neither_loses_the_task_nor_returns_its_money_twice(writes: int) -> None:
    with harness() as safe:
        here = CrashingHarness.of(safe, CrashPoint())
        task_id = at_its_upstream(here)
        here.crash_point.writes_left = writes
        here.completes(lambda: cancel(here, task_id))
        here.tick()
        here.network.jobs["aistudio-1"].state = "cancelled"  # whether it was asked or not
        here.run(120)
        assert (here.task(task_id).state, here.task(task_id).due_at) == (State.CANCELLED, None)
        assert (here.balance, here.entries(task_id), here.drift) == (nanos("100"), ["release", "reserve"], 0)
        assert len(here.network.sent("aistudio.cancel")) <= 1


def test_a_submission_that_is_being_sent_is_not_withdrawn(here: Harness) -> None:
    task_id, said = here.submit_image(), list[Any]()

    def meanwhile(call: Call) -> Answer:
        said.append(cancel(here, task_id)[1]["cancelled"])
        return here.network.ordinary("aistudio.submit", call)

    here.network.script["aistudio.submit"] = [meanwhile]
    here.pump()
    assert said == [False]
    assert (here.task(task_id).state, here.entries(task_id)) == (State.QUEUED, ["reserve"])


def test_an_unknown_outcome_is_not_withdrawn(here: Harness) -> None:
    task_id = here.submit_image()
    here.network.script["aistudio.submit"] = [NoAnswer("cut")]
    here.pump()
    assert cancel(here, task_id)[1]["cancelled"] is False
    assert here.entries(task_id) == ["reserve"]


def test_a_task_that_was_refused_for_now_is_withdrawn(here: Harness) -> None:
    task_id = here.submit_image()
    busy = b'{"success": false, "error": {"code": "RATE_LIMIT_EXCEEDED", "message": "busy"}}'
    here.network.script["aistudio.submit"] = [Answer(429, busy)]
    here.pump()
    assert cancel(here, task_id)[1]["cancelled"] is True
    here.run(60)
    assert len(here.network.sent("aistudio.submit")) == 1


@pytest.mark.parametrize(("platform", "body"), [("grok", None), ("kling", {}), ("kling", {"task_id": "x" * 36})])
def test_only_a_task_of_ones_own_can_be_cancelled(here: Harness, platform: str, body: dict[str, str] | None) -> None:
    task_id = here.submit_image()
    status, _ = here.post(f"/api/{platform}/tasks/cancel", {"task_id": task_id} if body is None else body)
    assert status in (400, 404)
    assert here.task(task_id).state is State.PENDING
