"""No upstream's error text and no upstream's name reaches a client, in replies or callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT, Script

MARK = "xyzzy-the-upstreams-own-words"
FORBIDDEN = (
    MARK,
    "kie",
    "upstream",
    "aistudio.example",
    "ai-studio",
    "openapi",
    "media",
    "amazonaws",
    "files.example",
)
NOISE = {"x-request-id": MARK, "location": f"https://{MARK}.example", "server": MARK, "content-type": "text/html"}


def said(status: int, document: object) -> Answer:
    body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
    return Answer(status, body, NOISE)


def kie(code: int, data: object = None, status: int = 200) -> Answer:
    return said(status, {"code": code, "msg": MARK, "data": data})


def no(status: int, code: str = "INVALID_PARAMETER") -> Answer:
    return said(status, {"success": False, "error": {"code": code, "message": MARK}, "trace_id": MARK})


SUBMITS: list[tuple[str, Script]] = [
    *[("kie", kie(code)) for code in (400, 401, 413, 429, 451, 500, 999)],
    *[("kie", said(status, MARK)) for status in (302, 400, 503)],
    *[
        ("aistudio", no(status, code))
        for status, code in ((400, "INVALID_PARAMETER"), (401, MARK), (404, "NOT_FOUND"), (429, MARK))
    ],
    *[("aistudio", said(status, f"<html>{MARK}</html>")) for status in (200, 301, 400, 502)],
    *[(upstream, kind(MARK)) for upstream in ("kie", "aistudio") for kind in (NotSent, NoAnswer, EgressRefused)],
]
FAILED_4O = {"status": "GENERATE_FAILED", "successFlag": 2, "errorMessage": MARK}


def failed_4o(code: object) -> Callable[[str], Answer]:
    return lambda job: kie(200, {"taskId": job, **FAILED_4O, "errorCode": code})


def ended(state: str, code: str) -> Callable[[str], Answer]:
    error = {"code": code, "message": MARK}
    return lambda job: said(200, {"task_id": job, "status": state, "error": error})


QUERIES: list[tuple[str, Callable[[str], Answer]]] = [
    *[("kie", failed_4o(code)) for code in (400, 413, 451, 500, MARK)],
    ("kie", lambda job: kie(408, {"taskId": job})),
    ("kie", lambda job: kie(500, {"taskId": job})),
    ("kie", lambda job: kie(200, {"taskId": job, "status": MARK})),
    ("kie", lambda job: kie(200, {"taskId": job, "status": "SUCCESS", "successFlag": 1, "response": {"note": MARK}})),
    *[("aistudio", ended(state, MARK)) for state in ("failed", "cancelled", "timeout", "succeeded", MARK)],
    *[("aistudio", ended("failed", code)) for code in ("API_ERROR", "CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER")],
    ("aistudio", lambda job: said(500, MARK)),
]


@dataclass
class Client:
    """One client of each family, and every byte it received."""

    here: Harness
    family: str
    heard: list[str] = field(default_factory=list)
    task_id: str = ""

    def submit(self) -> None:
        if self.family == "kie":
            self.ask("POST", "/api/v1/gpt4o-image/generate", {"prompt": "a cat", "size": "1:1", "callBackUrl": CLIENT})
        else:
            self.ask("POST", "/api/kling/images", {"prompt": "a cat", "callback_url": CLIENT})

    def query(self) -> None:
        if self.family == "kie":
            self.ask("GET", f"/api/v1/gpt4o-image/record-info?taskId={self.task_id}")
        else:
            self.ask("POST", "/api/kling/tasks", {"task_id": self.task_id})

    def ask(self, method: str, path: str, body: object = None) -> None:
        _, document, headers = self.here.exchange(method, path, body)
        made = document["data"]["taskId"] if self.family == "kie" else document["task_id"]
        self.task_id = self.task_id or made
        self.heard += [json.dumps(document, ensure_ascii=False), json.dumps(headers)]

    def live(self) -> str:
        """Run the task to its end with queries before and after; every byte received."""
        self.submit()
        self.here.run(10)
        self.query()
        while not self.here.task(self.task_id).terminal:
            self.here.run(90, step=30)
        self.here.run(60, step=30)
        self.query()
        assert self.here.task(self.task_id).state is not State.SUCCEEDED
        assert self.here.told
        self.heard += [call.body.decode() + json.dumps(dict(call.headers)) for call in self.here.told]
        return "\n".join(self.heard)


def unwanted(heard: str) -> list[str]:
    return [word for word in FORBIDDEN if word in heard.lower()]


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Harness:
    """A relay without tasks, in which no upstream is avoided."""
    for kept in (shared.network.script, shared.network.calls, shared.network.jobs, shared.services.resting):
        kept.clear()
    shared.network.started = "processing"
    shared.services = replace(shared.services, archive=False)
    shared.wait(11)
    return shared


@pytest.mark.parametrize(("upstream", "answer"), SUBMITS)
def test_a_refused_or_lost_submission_is_told_in_our_words(here: Harness, upstream: str, answer: Any) -> None:
    here.network.script[f"{upstream}.submit"] = [answer] * 9
    assert not unwanted(Client(here, upstream).live())


@pytest.mark.parametrize(("upstream", "answer"), QUERIES)
def test_a_failed_job_is_told_in_our_words(here: Harness, upstream: str, answer: Callable[[str], Answer]) -> None:
    here.network.script[f"{upstream}.query"] = [lambda call: answer(next(iter(here.network.jobs)))] * 99
    assert not unwanted(Client(here, upstream).live())


@pytest.mark.parametrize("answer", [said(403, f"<BucketName>{MARK}</BucketName>"), said(200, MARK), NoAnswer(MARK)])
def test_a_result_that_cannot_be_copied_is_told_in_our_words(here: Harness, answer: Any) -> None:
    here.services = replace(here.services, archive=True)
    here.network.started = "succeeded"
    here.network.script["file"] = [answer] * 9
    assert not unwanted(Client(here, "aistudio").live())
