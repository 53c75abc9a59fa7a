"""Answers to a submission: next source, failure with refund, or held; never submitted twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer
from tests.axes import each_once
from tests.functional.harness import Harness, harness

HTML = b"<html><body>bad gateway</body></html>"


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Harness:
    """A relay without tasks, in which no upstream is avoided."""
    shared.wait(11)  # KIE takes twenty new jobs in ten seconds
    return shared.begin_anew()


def kie(code: int, message: str = "no", status: int = 200) -> Answer:
    return Answer(status, json.dumps({"code": code, "msg": message, "data": None}).encode())


def relay(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    document = {"success": False, "error": {"code": code, "message": message}, "trace_id": "t"}
    return Answer(status, json.dumps(document).encode(), headers)


def submit(here: Harness, path: str) -> Task:
    """A task after the first answer of its upstreams."""
    status, made = here.post(path, {"prompt": "a cat"})
    assert status == 200
    here.pump()
    return here.task(made["task_id"])


GROK, KLING = "/api/grok/images", "/api/kling/images"  # KIE first and a relay second; a relay only

ELSEWHERE: dict[str, Answer | Exception] = {
    "unreachable": NotSent("ConnectionError"),
    "an address we do not go to": EgressRefused("points to an address that is not public"),
    **{f"code {code}": kie(code) for code in (401, 429, 500)},
    "HTTP 401": kie(401, status=401),
    "HTTP 403 of a proxy": Answer(403, HTML),
    "HTTP 404 of a proxy": Answer(404, HTML),
    "HTTP 429 of a proxy": Answer(429, b""),
}


@pytest.mark.parametrize("answer", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_certain_refusal_goes_to_the_next_upstream_with_one_charge(here: Harness, answer: Answer | Exception) -> None:
    here.network.script["kie.submit"] = [answer]

    task = submit(here, GROK)

    assert (task.state, task.upstream) == (State.QUEUED, "aistudio")
    assert here.entries(task.task_id) == ["reserve"]
    assert (len(here.network.sent("kie.submit")), len(here.network.sent("aistudio.submit"))) == (1, 1)


FINAL = {
    "code 400": (kie(400), "INVALID_PARAMETER"),
    "code 400 of policy": (kie(400, "violates our content policy"), "CONTENT_POLICY_VIOLATION"),
    "code 413": (kie(413), "CONTENT_POLICY_VIOLATION"),
    "code 422": (kie(422), "INVALID_PARAMETER"),
    "code 451": (kie(451), "INPUT_FETCH_FAILED"),
}


@pytest.mark.parametrize(("answer", "code"), FINAL.values(), ids=FINAL.keys())
def test_a_refusal_of_the_request_itself_ends_it_with_the_money_back(here: Harness, answer: Answer, code: str) -> None:
    before = here.balance
    here.network.script["kie.submit"] = [answer]

    task = submit(here, GROK)

    assert (task.state, task.fault and task.fault.code) == (State.FAILED, code)
    assert (here.entries(task.task_id), here.balance) == (["release", "reserve"], before)
    assert here.network.sent("aistudio.submit") == []


@pytest.mark.parametrize("answer", [relay(400, "INVALID_PARAMETER"), relay(400, "MISSING_REQUIRED_FIELD")])
def test_a_relay_that_refuses_the_request_ends_it_with_the_money_back(here: Harness, answer: Answer) -> None:
    here.network.script["aistudio.submit"] = [answer]

    task = submit(here, KLING)

    assert task.state is State.FAILED
    assert here.entries(task.task_id) == ["release", "reserve"]


UNKNOWN: dict[str, Answer | Exception] = {
    "no answer": NoAnswer("ReadTimeout"),
    "HTML": Answer(200, HTML),
    "empty": Answer(200, b""),
    "HTML of a 502": Answer(502, HTML),
    "an empty 500": Answer(500, b""),
    "an empty 504": Answer(504, b""),
    "a redirect": Answer(302, b"", {"location": "https://kie.example/"}),
    "a list": Answer(200, b"[]"),
    "null": Answer(200, b"null"),
    "nested beyond any stack": Answer(200, b"[" * 100_000),
    "not UTF-8": Answer(200, b"\xff\xfe"),
    "accepted without an id": Answer(200, b'{"code":200,"msg":"success","data":{},"task_id":null}'),
    "an id that is none": Answer(200, b'{"code":200,"data":{"taskId":{"a":1}},"task_id":{"a":1}}'),
}


@each_once(
    ("answer", UNKNOWN.values()),
    ("path, upstream", [(GROK, "kie"), (KLING, "aistudio")]),
)
def test_an_unknown_outcome_is_held_and_goes_nowhere_else(
    here: Harness, answer: Answer | Exception, path: str, upstream: str
) -> None:
    counted = here.counts.get("UnknownOutcome", 0)
    here.network.script[f"{upstream}.submit"] = [answer]

    task = submit(here, path)

    assert (task.state, task.sending, task.upstream) == (State.SUBMITTING, True, upstream)
    assert here.entries(task.task_id) == ["reserve"]
    assert task.due_at == task.expires_at
    assert here.counts["UnknownOutcome"] == counted + 1
    here.services.queues.dispatch(task)  # a message that came twice
    here.pump()
    assert len(here.network.sent("kie.submit") + here.network.sent("aistudio.submit")) == 1


def test_an_upstream_that_does_not_take_our_key_is_left_alone_for_a_while(here: Harness) -> None:
    here.network.script["kie.submit"] = [kie(401)]
    submit(here, GROK)

    assert submit(here, GROK).upstream == "aistudio"
    assert len(here.network.sent("kie.submit")) == 1
    here.wait(301)
    assert submit(here, GROK).upstream == "kie"


def test_an_upstream_without_a_key_is_passed_over(here: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(here.secrets.values, "upstreams/kie/key")

    assert submit(here, GROK).upstream == "aistudio"
    assert here.network.sent("kie.submit") == []


@pytest.mark.parametrize("secret", ["sk-EXAMPLE-upstream-aistudio", "sk-EXAMPLE-upstream-kie"])
@pytest.mark.parametrize("path", [GROK, KLING])
def test_what_an_upstream_says_is_not_kept_with_the_task(here: Harness, path: str, secret: str) -> None:
    upstream = "kie" if path == GROK else "aistudio"
    said = f"the key {secret} may not do this"
    here.network.script[f"{upstream}.submit"] = [
        kie(400, said) if path == GROK else relay(400, "INVALID_PARAMETER", said)
    ]

    task = submit(here, path)

    assert task.fault is not None
    assert task.fault.words == ""
