"""The main course of a task: submitted, charged, dispatched, observed, settled, delivered."""

from __future__ import annotations

import json

from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.harness import Harness
from tests.functional.network import CLIENT


def test_a_polled_image_is_charged_made_and_told(here: Harness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    assert here.balance == nanos("99.80")
    here.pump()
    here.network.finish()
    here.run(10)
    task = here.task(task_id)
    assert (task.state, task.learnt, task.upstream) == (State.SUCCEEDED, "poll", "aistudio")
    assert here.entries(task_id) == ["capture", "reserve"]
    assert [json.loads(call.body)["status"] for call in here.told] == ["succeeded"]
    assert here.drift == 0


def test_a_callback_is_confirmed_by_a_query_and_ends_the_task(here: Harness) -> None:
    task_id = here.submit_kie_image()
    here.pump()
    here.network.finish()
    assert here.callback(here.network.jobs["kie-1"]) == (200, {"code": 200, "msg": "success"})
    task = here.task(task_id)
    assert (task.state, task.learnt) == (State.SUCCEEDED, "callback")


def test_a_failed_generation_gives_the_money_back(here: Harness) -> None:
    task_id = here.submit_image()
    here.pump()
    here.network.finish("failed")
    here.run(10)
    assert here.task(task_id).state is State.FAILED
    assert here.balance == nanos("100")
    assert here.entries(task_id) == ["release", "reserve"]
