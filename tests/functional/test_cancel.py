"""A client that takes a request back: what no upstream has seen is withdrawn, what may be made runs on."""

from __future__ import annotations

from typing import Any

import pytest

from relay.effects.outbound import NoAnswer
from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness

CLIENT = "https://client.example/hook"


def cancel(here: Harness, task_id: str, platform: str = "kling", **how: Any) -> tuple[int, Any]:
    return here.post(f"/api/{platform}/tasks/cancel", {"task_id": task_id}, **how)


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


def test_a_task_at_its_upstream_runs_on_and_the_answer_says_so(here: Harness) -> None:
    task_id = here.submit_image()
    here.pump()
    status, told = cancel(here, task_id)
    assert (status, told["cancelled"], told["status"]) == (200, False, "queued")
    assert here.entries(task_id) == ["reserve"]
    here.network.finish()
    here.run(60)
    assert here.task(task_id).state is State.SUCCEEDED


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


def test_cancelling_twice_returns_the_money_once(here: Harness) -> None:
    task_id = here.submit_image()
    assert [cancel(here, task_id)[1]["cancelled"] for _ in range(2)] == [True, True]
    assert (here.balance, here.drift) == (nanos("100"), 0)


@pytest.mark.parametrize(("platform", "body"), [("grok", None), ("kling", {}), ("kling", {"task_id": "x" * 36})])
def test_only_a_task_of_ones_own_can_be_cancelled(here: Harness, platform: str, body: dict[str, str] | None) -> None:
    task_id = here.submit_image()
    status, _ = here.post(f"/api/{platform}/tasks/cancel", {"task_id": task_id} if body is None else body)
    assert status in (400, 404)
    assert here.task(task_id).state is State.PENDING
