"""Answers to a query: the task goes on, ends once, or is ended by the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer
from tests.axes import each_once
from tests.functional.harness import Harness, harness
from tests.functional.network import Script
from tests.functional.test_upstream_answers import HTML, kie, relay

KLING, GPT4O = "/api/kling/images", "/api/v1/gpt4o-image/generate"


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Iterator[Harness]:
    """A relay without tasks."""
    shared.wait(11)
    shared.network.started = "processing"
    yield shared
    shared.network.script.clear()
    shared.network.finish()
    shared.run(62, step=61)


def running(here: Harness, upstream: str) -> Task:
    """A task whose job the upstream has just accepted."""
    task_id = here.submit_kie_image() if upstream == "kie" else here.submit_image()
    here.pump()
    return here.task(task_id)


def asked(here: Harness, task: Task, answer: Script) -> Task:
    """The task after one poll with this answer."""
    here.network.script[f"{task.upstream}.query"] = [answer]
    here.wait(61)
    here.tick()
    assert here.network.script[f"{task.upstream}.query"] == []
    return here.task(task.task_id)


NOTHING: dict[str, Script] = {
    "HTML": Answer(200, HTML),
    "HTML of a 502": Answer(502, HTML),
    "empty": Answer(200, b""),
    "an empty 500": Answer(500, b""),
    "a list": Answer(200, b"[]"),
    "null": Answer(200, b"null"),
    "a number": Answer(200, b"7"),
    "no status": Answer(200, b'{"code":200,"data":{},"task_id":"x"}'),
    "a status that is no word": Answer(200, b'{"code":200,"data":{"status":{}},"status":{}}'),
    "half a document": Answer(200, b'{"code":200,"data":{"status":"SUCC'),
    "nested beyond any stack": Answer(200, b"[" * 100_000),
    "not UTF-8": Answer(200, b"\xff\xfe"),
    "busy": Answer(429, b'{"code":429,"msg":"slow down"}'),
    "an error in a 200": Answer(200, b'{"code":500,"msg":"oops","success":false,"error":{"code":"API_ERROR"}}'),
    "a redirect": Answer(302, b"", {"location": "https://elsewhere.example/"}),
    "no such task": Answer(404, b'{"code":404,"msg":"no","success":false,"error":{"code":"TASK_NOT_FOUND"}}'),
    "our key": Answer(401, b'{"code":401,"msg":"no","success":false,"error":{"code":"INVALID_TOKEN"}}'),
    "unreachable": NotSent("ConnectionError"),
    "no answer": NoAnswer("ReadTimeout"),
    "an address we do not go to": EgressRefused("points to an address that is not public"),
}


@each_once(
    ("answer", NOTHING.values()),
    ("upstream", ["kie", "aistudio"]),
)
def test_an_answer_that_tells_nothing_changes_nothing_and_is_asked_again(
    here: Harness, upstream: str, answer: Script
) -> None:
    before, counted = running(here, upstream), here.counts.get("UnreadableAnswer", 0)

    after = asked(here, before, answer)

    assert (after.state, after.fault, after.version) == (before.state, None, before.version)
    assert here.counts["UnreadableAnswer"] == counted + 1
    assert after.due_at is not None
    assert here.now[0] < after.due_at <= after.expires_at
    here.network.finish()
    here.wait(61)
    here.tick()
    assert here.task(before.task_id).state is State.SUCCEEDED


def record(word: str, **fields: object) -> Answer:
    """A status in both families' words at once."""
    data = {"taskId": "x", "status": word, **fields}
    return Answer(200, json.dumps({"code": 200, "data": data, "task_id": "x", "status": word}).encode())


@each_once(
    ("word", ["thinking", "SUCCESSFUL", "排队中", "deleted", "?"]),
    ("upstream", ["kie", "aistudio"]),
)
def test_an_unknown_status_word_means_still_running_and_is_counted(here: Harness, upstream: str, word: str) -> None:
    counted = here.counts.get("UnknownStatusWord", 0)

    after = asked(here, running(here, upstream), record(word))

    assert (after.state, after.fault) == (State.PROCESSING, None)
    assert here.counts["UnknownStatusWord"] == counted + 1


WITHOUT_RESULT = {
    "kie": [
        record("SUCCESS"),
        record("SUCCESS", response=None),
        record("SUCCESS", response={"resultUrls": []}),
        record("SUCCESS", response={"resultUrls": ["javascript:alert(1)", None, 7]}),
        record("SUCCESS", response="<html>"),
    ],
    "aistudio": [
        record("succeeded"),
        Answer(200, b'{"task_id":"x","status":"succeeded","images":[]}'),
        Answer(200, b'{"task_id":"x","status":"succeeded","images":[{"url":""}]}'),
        Answer(200, b'{"task_id":"x","status":"succeeded","images":"https://files.example/a.png"}'),
    ],
}


@pytest.mark.parametrize(
    ("upstream", "answer"), [(name, each) for name, all_ in WITHOUT_RESULT.items() for each in all_]
)
def test_a_success_without_a_result_is_a_failure_with_the_money_back(
    here: Harness, upstream: str, answer: Answer
) -> None:
    before = here.balance

    after = asked(here, running(here, upstream), answer)

    assert (after.state, after.fault and after.fault.code) == (State.FAILED, "GENERATION_FAILED")
    assert (here.entries(after.task_id), here.balance, here.drift) == (["release", "reserve"], before, 0)


FAILED = {
    "kie failed": ("kie", record("GENERATE_FAILED", errorCode=500, errorMessage="no"), State.FAILED),
    "kie never made it": ("kie", record("CREATE_TASK_FAILED", errorCode=400, errorMessage="no"), State.FAILED),
    "kie gave up": ("kie", kie(408), State.TIMEOUT),
    "relay failed": ("aistudio", record("failed"), State.FAILED),
    "relay cancelled": ("aistudio", record("cancelled"), State.CANCELLED),
    "relay timed out": ("aistudio", record("timeout"), State.TIMEOUT),
}


@pytest.mark.parametrize(("upstream", "answer", "state"), FAILED.values(), ids=FAILED.keys())
def test_a_failure_is_told_and_gives_the_money_back(here: Harness, upstream: str, answer: Answer, state: State) -> None:
    before = here.balance

    after = asked(here, running(here, upstream), answer)

    assert (after.state, after.learnt) == (state, "poll")
    assert after.fault is not None
    assert (here.entries(after.task_id), here.balance, here.drift) == (["release", "reserve"], before, 0)


def test_a_job_not_known_yet_is_known_a_moment_later(here: Harness) -> None:
    task = running(here, "aistudio")
    here.network.script["aistudio.query"] = [relay(404, "TASK_NOT_FOUND")] * 3
    here.network.finish()

    here.run(90)

    assert here.task(task.task_id).state is State.SUCCEEDED


def test_a_job_nobody_can_ask_about_ends_by_the_clock_with_the_money_back(here: Harness) -> None:
    task, before = running(here, "aistudio"), here.balance
    here.network.script["aistudio.query"] = [Answer(502, HTML)] * 1000

    here.run(960, step=30)

    after = here.task(task.task_id)
    assert (after.state, after.learnt, after.fault and after.fault.code) == (State.TIMEOUT, "clock", "TASK_TIMEOUT")
    assert here.balance == before + task.price


def test_a_job_that_is_done_at_the_last_moment_is_done(here: Harness) -> None:
    task = running(here, "aistudio")
    here.wait(899)
    here.network.finish()
    here.wait(1)

    here.tick()

    assert here.task(task.task_id).state is State.SUCCEEDED


def test_a_job_that_ended_in_its_first_answer_is_settled_there(here: Harness) -> None:
    here.network.started = "succeeded"
    task = running(here, "aistudio")

    here.wait(6)
    here.tick()

    assert here.task(task.task_id).state is State.SUCCEEDED
    assert here.entries(task.task_id) == ["capture", "reserve"]
