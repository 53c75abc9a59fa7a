"""A trace id from an answer finds every log line about the task, including the upstream's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from relay.edge.shell import records
from relay.nouns.wire import Answer
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT
from tests.functional.test_upstream_answers import kie, relay

PROMPT = "a red fox asleep under the old lighthouse"
WORDS = "the model is being replaced this week"


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness(archive=True) as made:
        yield made


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(("genrelay", "relay"))]:
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        caplog.set_level(logging.INFO, logger=name)
    return caplog


def lines(log: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    return [vars(record) for record in log.records if record.getMessage() == message]


def about(here: Harness, task_id: str) -> dict[str, str]:
    return {"trace_id": "trace-0001", "account_id": here.account_id, "task_id": task_id}


def named(line: dict[str, Any]) -> dict[str, str]:
    return {name: line[name] for name in ("trace_id", "account_id", "task_id")}


def test_each_step_of_a_success_is_logged_under_its_trace(here: Harness, log: pytest.LogCaptureFixture) -> None:
    here.network.script["file"] = [Answer(404)]
    here.network.script["client"] = [Answer(500)]
    task_id = here.submit_image(prompt=PROMPT, callback_url=CLIENT)
    here.run(10)
    here.network.finish()
    here.run(200)

    steps = ("task accepted", "task moved", "result not stored", "task ended", "told the client")
    assert {step for step in steps if not lines(log, step)} == set()
    ours = [line for step in steps for line in lines(log, step)]
    assert [line for line in ours if named(line) != about(here, task_id)] == []
    assert {line["learnt"] for line in lines(log, "task moved")} == {"submit", "poll"}
    assert PROMPT not in str([vars(record) for record in log.records])


@pytest.mark.parametrize(
    ("path", "upstream", "answer"),
    [
        ("/api/kling/images", "aistudio", relay(400, "INVALID_PARAMETER", f"{WORDS}, so not '{PROMPT}'")),
        ("/api/grok/images", "kie", kie(422, f"{WORDS}, so not '{PROMPT}'")),
    ],
)
def test_a_refusals_words_are_logged_under_the_trace(
    here: Harness, log: pytest.LogCaptureFixture, path: str, upstream: str, answer: Answer
) -> None:
    here.network.script[f"{upstream}.submit"] = [answer]
    _, made = here.post(path, {"prompt": PROMPT})
    here.run(5)

    (line,) = lines(log, "upstream refused")
    assert (named(line), line["upstream"]) == (about(here, made["task_id"]), upstream)
    assert line["words"] == f"{WORDS}, so not '[...]'"
    (end,) = lines(log, "task ended")
    assert (end["code"], WORDS in end["words"], PROMPT in str(vars)) == ("INVALID_PARAMETER", True, False)


def test_a_failed_jobs_words_are_logged_under_the_trace(here: Harness, log: pytest.LogCaptureFixture) -> None:
    task_id = here.submit_image(prompt=PROMPT)
    here.run(5)
    for job in here.network.jobs.values():
        told = {"task_id": job.task_id, "status": "failed", "error": {"message": f"{WORDS}: {PROMPT}"}}
        here.network.script["aistudio.query"] = [Answer(200, json.dumps(told).encode())]
    here.run(60)

    (end,) = lines(log, "task ended")
    assert (named(end), end["words"]) == (about(here, task_id), f"{WORDS}: [...]")


def test_a_message_that_fails_is_logged_under_its_trace(here: Harness, log: pytest.LogCaptureFixture) -> None:
    task_id = here.submit_image()
    message = here.sqs.receive_message(QueueUrl=here.dispatch_url)["Messages"][0]["Body"]

    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError

    said = records({"Records": [{"messageId": "m1", "body": message}, {"messageId": "m2", "body": "{"}]}, fail)

    first, second = lines(log, "message failed")
    assert (named(first), first["message_id"]) == (about(here, task_id), "m1")
    assert (second["message_id"], "task_id" in second) == ("m2", False)
    assert len(said["batchItemFailures"]) == 2


def test_a_worker_is_not_given_the_trace(here: Harness) -> None:
    here.submit_image()
    message = here.sqs.receive_message(QueueUrl=here.dispatch_url)["Messages"][0]["Body"]
    given = list[dict[str, Any]]()
    records({"Records": [{"messageId": "m1", "body": message}]}, given.append)
    assert "trace_id" in json.loads(message)
    assert given[0].keys() == {"account_id", "task_id"}


def test_what_upstreams_do_is_counted_by_upstream_too(here: Harness) -> None:
    here.network.script["kie.submit"] = [kie(401)]
    here.post("/api/grok/images", {"prompt": PROMPT})
    here.run(5)
    assert (here.counts["UpstreamKeyRefused"], here.counts["UpstreamKeyRefused/kie"]) == (1, 1)
