"""Upstreams that cannot take a task now, and how long the task waits for them."""

from __future__ import annotations

from collections import Counter

import pytest

from relay.effects.outbound import NoAnswer, NotSent
from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness
from tests.functional.network import CLIENT, Script
from tests.functional.test_upstream_answers import kie, relay

DEADLINE = 900  # seconds of an image
ALWAYS = 10_000


def submitted(here: Harness) -> int:
    return len(here.network.sent("kie.submit") + here.network.sent("aistudio.submit"))


def test_kie_never_sees_more_than_it_takes_and_none_of_a_crowd_is_lost(here: Harness) -> None:
    sent: list[int] = []

    def noted(call: Call) -> Answer:
        sent.append(here.now[0])
        return here.network.ordinary("kie.submit", call)

    here.network.script["kie.submit"] = [noted] * ALWAYS
    crowd = [here.submit_kie_image(prompt=f"cat {n}") for n in range(45)]
    for _ in range(240):
        here.pump()
        here.wait(0.5)
        if len(sent) == len(crowd):
            break

    assert max(sum(first <= at < first + 10_000 for at in sent) for first in sent) <= 20
    assert Counter(here.task(task_id).state for task_id in crowd) == {State.QUEUED: 45}
    assert len({here.task(task_id).upstream_task_id for task_id in crowd}) == len(sent) == 45
    assert here.drift == 0


@pytest.mark.parametrize("said", [{}, {"retry-after": "20"}], ids=["silent", "retry-after"])
def test_a_task_waits_where_the_upstream_is_busy(here: Harness, said: dict[str, str]) -> None:
    here.network.script["aistudio.submit"] = [relay(429, "RATE_LIMIT_EXCEEDED", **said)] * 3
    task_id = here.submit_image()

    here.run(9)
    early = submitted(here)
    here.run(60)

    assert early == (1 if said else 3)
    assert here.task(task_id).upstream_task_id is not None
    assert (submitted(here), here.entries(task_id)) == (4, ["reserve"])


def test_a_task_waits_for_a_busy_upstream_until_its_deadline_and_no_longer(here: Harness) -> None:
    here.network.script["kie.submit"] = [kie(429)] * ALWAYS
    task_id = here.submit_kie_image()

    here.run(DEADLINE - 30, step=15)
    assert here.task(task_id).state is State.SUBMITTING
    here.run(60, step=10)

    assert here.task(task_id).state is State.TIMEOUT
    assert (here.entries(task_id), here.balance) == (["release", "reserve"], nanos("100"))
    tried = submitted(here)
    here.run(60, step=10)
    assert submitted(here) == tried


def test_an_upstream_that_cannot_be_reached_for_a_moment_is_tried_again(here: Harness) -> None:
    here.network.script["aistudio.submit"] = [NotSent("ConnectionError")]
    task_id = here.submit_image()

    here.run(30, step=1)

    assert here.task(task_id).upstream_task_id is not None
    assert (submitted(here), here.entries(task_id)) == (2, ["reserve"])


def test_a_task_that_arrives_while_its_upstream_rests_is_not_failed_for_it(here: Harness) -> None:
    here.network.script["aistudio.submit"] = [NotSent("ConnectionError")]
    here.submit_image()
    here.pump()
    here.wait(1)
    second = here.submit_image()

    here.run(30, step=1)

    assert here.task(second).upstream_task_id is not None


REFUSING: dict[str, Script] = {
    "unreachable": NotSent("ConnectionError"),
    "our key": relay(401, "INVALID_TOKEN"),
    "our balance": relay(402, "INSUFFICIENT_BALANCE"),
    "their error": relay(500, "API_ERROR"),
    "not theirs": relay(400, "API_NOT_IMPLEMENTED"),
    "a proxy": Answer(404, b"<html>not found</html>"),
}


@pytest.mark.parametrize("answer", REFUSING.values(), ids=REFUSING.keys())
def test_when_nobody_takes_it_a_task_fails_after_a_few_rounds_with_the_money_back(
    here: Harness, answer: Script
) -> None:
    here.network.script["aistudio.submit"] = [answer] * ALWAYS
    task_id = here.submit_image(callback_url=CLIENT)

    here.run(60, step=1)

    task = here.task(task_id)
    assert (task.state, task.fault and task.fault.code) == (State.FAILED, "API_ERROR")
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], nanos("100"), 0)
    assert 1 <= submitted(here) <= 3
    assert len(here.told) == 1


def test_without_any_answer_the_money_is_held_until_the_deadline_and_the_client_is_told_of_a_timeout(
    here: Harness,
) -> None:
    here.network.script["aistudio.submit"] = [NoAnswer("ReadTimeout")]
    task_id = here.submit_image(callback_url=CLIENT)

    here.run(DEADLINE - 30, step=10)
    assert (here.task(task_id).state, here.entries(task_id), here.told) == (State.SUBMITTING, ["reserve"], [])
    here.run(60, step=10)

    assert submitted(here) == 1
    assert here.task(task_id).state is State.TIMEOUT
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], nanos("100"), 0)
    assert [b'"status":"timeout"' in call.body for call in here.told] == [True]


@pytest.mark.parametrize("answer", [NotSent("x"), relay(500, "API_ERROR"), relay(401, "INVALID_TOKEN")])
def test_a_continued_video_goes_to_the_upstream_that_made_it_or_to_nobody(here: Harness, answer: Script) -> None:
    video = {"action": "text2video", "prompt": "a cat", "model": "kling-3.0"}  # KIE first, a relay second
    here.network.script["kie.submit"] = [kie(505)]
    _, parent = here.post("/api/kling/videos", video)
    here.pump()
    here.network.finish()
    here.run(20)
    assert (here.task(parent["task_id"]).state, here.task(parent["task_id"]).upstream) == (State.SUCCEEDED, "aistudio")
    here.network.calls.clear()

    here.network.script["aistudio.submit"] = [answer] * ALWAYS
    _, more = here.post("/api/kling/videos", {**video, "action": "extend", "task_id": parent["task_id"]})
    here.run(60, step=1)

    assert here.network.sent("kie.submit") == []
    assert here.task(more["task_id"]).state is State.FAILED
    assert here.entries(more["task_id"]) == ["release", "reserve"]


def test_a_continued_video_names_its_parent_as_the_upstream_knows_it(here: Harness) -> None:
    video = {"action": "text2video", "prompt": "a cat"}
    _, parent = here.post("/api/kling/videos", video)
    here.pump()
    here.network.finish()
    here.run(20)

    here.post("/api/kling/videos", {**video, "action": "extend", "task_id": parent["task_id"]})
    here.pump()

    assert b'"task_id":"aistudio-1"' in here.network.sent("aistudio.submit")[-1].body
