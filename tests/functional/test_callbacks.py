"""The callback endpoint: whatever a callback says, only our own query to the upstream moves a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.upstreams.jobs import Job
from relay.effects.outbound import NoAnswer, NotSent
from relay.flow.clock import RUN
from relay.nouns.signing import callback_token, sign_id
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer
from tests.functional.harness import SECRETS, Harness, harness
from tests.functional.refusals import stored_state

OK = (200, {"code": 200, "msg": "success"})
SAID_DONE = {"code": 200, "msg": "ok"}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def running(here: Harness) -> tuple[Task, Job]:
    """A task that is running at its upstream, and its job there."""
    here.network.script.clear()
    here.wait(11)  # KIE takes twenty new jobs in ten seconds
    task_id = here.submit_kie_image()
    here.pump()
    return here.task(task_id), here.network.jobs[f"kie-{len(here.network.jobs)}"]


def bring(here: Harness, job: Job, *, path: str | None = None, **how: Any) -> int:
    """A POST to the callback endpoint, signed as KIE signs unless told otherwise; its status."""
    at = here.now[0] // 1000
    signed = {"x-webhook-timestamp": str(at), "x-webhook-signature": sign_id("example-hmac", job.task_id, at)}
    how = dict[str, Any]({"headers": signed, "body": {**SAID_DONE, "data": {"taskId": job.task_id}}}) | how
    return here.exchange("POST", path or urlsplit(job.callback_url).path, key=None, **how)[0]


def moves_nothing(here: Harness, job: Job, **how: Any) -> int:
    """The status of a callback that left no trace: no write, no call, no message."""
    job.state = "succeeded"  # a query, were one made, would say so
    before = stored_state(here)
    status = bring(here, job, **how)
    assert stored_state(here) == before
    return status


def token_for(upstream: str, task: Task) -> str:
    return callback_token(SECRETS["callback-secret"].encode(), upstream, task.account_id, task.task_id)


FORGED: dict[str, Callable[[Task], str]] = {
    "another token": lambda task: f"/callbacks/kie/acc1.{task.task_id}/{'0' * 32}",
    "half a token": lambda task: f"/callbacks/kie/acc1.{task.task_id}/{token_for('kie', task)[:31]}",
    "a longer token": lambda task: f"/callbacks/kie/acc1.{task.task_id}/{token_for('kie', task)}0",
    "a Chinese token": lambda task: f"/callbacks/kie/acc1.{task.task_id}/令牌",
    "another account": lambda task: f"/callbacks/kie/acc2.{task.task_id}/{token_for('kie', task)}",
    "another upstream": lambda task: f"/callbacks/relay/acc1.{task.task_id}/{token_for('kie', task)}",
    "an unknown upstream": lambda task: f"/callbacks/other/acc1.{task.task_id}/{token_for('other', task)}",
    "the wrong upstream": lambda task: f"/callbacks/relay/acc1.{task.task_id}/{token_for('aistudio', task)}",
    "no account": lambda task: f"/callbacks/kie/{task.task_id}/{token_for('kie', task)}",
}


@pytest.mark.parametrize("path", FORGED.values(), ids=FORGED.keys())
def test_a_forged_callback_moves_nothing(here: Harness, running: tuple[Task, Job], path: Callable[[Task], str]) -> None:
    task, job = running

    assert moves_nothing(here, job, path=path(task)) == 403


SIGNATURES: dict[str, Callable[[Job, int], dict[str, str]]] = {
    "unsigned": lambda job, now: {},
    "no timestamp": lambda job, now: {"x-webhook-signature": sign_id("example-hmac", job.task_id, now)},
    "no signature": lambda job, now: {"x-webhook-timestamp": str(now)},
    "empty": lambda job, now: {"x-webhook-timestamp": str(now), "x-webhook-signature": ""},
    "another key": lambda job, now: signed("other-hmac", job.task_id, now),
    "another job": lambda job, now: signed("example-hmac", "kie-999", now),
    "stale": lambda job, now: signed("example-hmac", job.task_id, now - 301),
    "future": lambda job, now: signed("example-hmac", job.task_id, now + 301),
    "another time": lambda job, now: {**signed("example-hmac", job.task_id, now), "x-webhook-timestamp": str(now - 1)},
    "not a time": lambda job, now: {**signed("example-hmac", job.task_id, now), "x-webhook-timestamp": "now"},
    "Chinese": lambda job, now: {**signed("example-hmac", job.task_id, now), "x-webhook-signature": "签名"},
}


def signed(key: str, job: str, at: int) -> dict[str, str]:
    return {"x-webhook-timestamp": str(at), "x-webhook-signature": sign_id(key, job, at)}


@pytest.mark.parametrize("sign", SIGNATURES.values(), ids=SIGNATURES.keys())
def test_a_badly_signed_callback_moves_nothing(
    here: Harness, running: tuple[Task, Job], sign: Callable[[Job, int], dict[str, str]]
) -> None:
    _, job = running

    assert moves_nothing(here, job, headers=sign(job, here.now[0] // 1000)) == 403


BODIES = {
    "empty": b"",
    "truncated": b'{"code": 200, "data": {"taskId": "kie-1"',
    "not JSON": b"<html>hello</html>",
    "an array": b"[]",
    "a string": b'"kie-1"',
    "without a task": b'{"code": 200, "data": {}}',
    "not UTF-8": b"\xff\xfe",
    "nested beyond any stack": b"[" * 100_000,
    "a task that is no text": b'{"data": {"taskId": {"a": 1}}}',
}


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_callback_moves_nothing(here: Harness, running: tuple[Task, Job], raw: bytes) -> None:
    assert moves_nothing(here, running[1], raw=raw) == 400


def test_a_callback_of_another_job_moves_nothing(here: Harness, running: tuple[Task, Job]) -> None:
    _, job = running
    now = here.now[0] // 1000

    body = {**SAID_DONE, "data": {"taskId": "kie-999"}}
    assert moves_nothing(here, job, body=body, headers=signed("example-hmac", "kie-999", now)) == 403


def test_a_callback_for_a_task_that_never_was_moves_nothing(here: Harness, running: tuple[Task, Job]) -> None:
    _, job = running
    unknown = "019b76da-a870-7000-8000-000000000000"
    token = callback_token(SECRETS["callback-secret"].encode(), "kie", "acc1", unknown)

    assert moves_nothing(here, job, path=f"/callbacks/kie/acc1.{unknown}/{token}") == 404


def test_a_callback_of_an_upstream_without_a_key_moves_nothing(
    here: Harness, running: tuple[Task, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(here.secrets.values, "upstreams/kie/key")

    assert moves_nothing(here, running[1]) == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_callback_by_another_method_moves_nothing(here: Harness, running: tuple[Task, Job], method: str) -> None:
    before = stored_state(here)

    assert here.request(method, urlsplit(running[1].callback_url).path, key=None)[0] == 404
    assert stored_state(here) == before


@pytest.mark.parametrize("said", [200, 400, 500])
@pytest.mark.parametrize(("truth", "state"), [("processing", State.PROCESSING), ("failed", State.FAILED),
                                              ("succeeded", State.SUCCEEDED)])  # fmt: skip
def test_a_callback_is_not_believed_but_asked_about(
    here: Harness, running: tuple[Task, Job], said: int, truth: str, state: State
) -> None:
    task, job = running
    job.state = truth

    lie = {
        "code": said,
        "msg": "?",
        "data": {"taskId": job.task_id, "info": {"result_urls": ["https://evil.example/x.png"]}},
    }
    assert here.callback(job, lie) == OK

    after = here.task(task.task_id)
    assert after.state is state
    assert [asset.url for asset in after.assets] == (list(job.urls) if state is State.SUCCEEDED else [])


def test_a_repeated_callback_ends_a_task_once(here: Harness, running: tuple[Task, Job]) -> None:
    task, job = running
    job.state = "succeeded"
    here.callback(job)
    after = stored_state(here)

    assert [here.callback(job) for _ in range(3)] == [OK] * 3
    assert stored_state(here) == after
    assert here.entries(task.task_id) == ["capture", "reserve"]


def test_an_old_callback_after_the_end_changes_nothing(here: Harness, running: tuple[Task, Job]) -> None:
    task, job = running
    job.state = "succeeded"
    here.callback(job)

    job.state = "failed"
    assert here.callback(job, {"code": 500, "msg": "late", "data": {"taskId": job.task_id, "info": None}}) == OK

    assert here.task(task.task_id).state is State.SUCCEEDED


NOTHING_LEARNT = {
    "HTML": Answer(502, b"<html>bad gateway</html>"),
    "empty": Answer(200),
    "busy": Answer(429, b'{"code":429,"msg":"slow down"}'),
    "no answer": NoAnswer("ReadTimeout"),
    "unreachable": NotSent("ConnectionError"),
}


@pytest.mark.parametrize("answer", NOTHING_LEARNT.values(), ids=NOTHING_LEARNT.keys())
def test_a_callback_that_cannot_be_confirmed_is_taken_and_the_clock_asks_soon(
    here: Harness, running: tuple[Task, Job], answer: Answer | Exception
) -> None:
    task, job = running
    job.state = "succeeded"
    here.network.script["kie.query"] = [answer]
    here.services.woken.clear()
    here.services.store.directory.take_poller_turn(0, here.now[0] + RUN, 0)  # no poller runs

    assert here.callback(job) == OK

    assert here.task(task.task_id).due_at == here.now[0]
    assert not here.services.store.directory.take_poller_turn(0, here.now[0], here.now[0] + 1), "a poller runs already"
    here.tick()
    assert here.task(task.task_id).state is State.SUCCEEDED
