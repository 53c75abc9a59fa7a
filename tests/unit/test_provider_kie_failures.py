"""What KIE's failures mean: each code in canonical words, safe texts, and the answers that tell nothing of a job."""

from __future__ import annotations

import json

import pytest

from relay.families.kie.provider import PROVIDER
from relay.nouns.errors import Unreadable
from relay.nouns.faults import Fault
from relay.nouns.task import Observation, State
from relay.nouns.wire import Answer
from tests.axes import each_once

APIS = PROVIDER.apis
WORD_FIELD = {"gpt4o-image": "status", "market": "state", "veo": "successFlag", "suno": "status"}
FAILED_WORD = {"gpt4o-image": "GENERATE_FAILED", "market": "fail", "veo": 3, "suno": "GENERATE_AUDIO_FAILED"}
WORD_FIELD |= {"runway": "state", "flux-kontext": "successFlag"}
FAILED_WORD |= {"runway": "fail", "flux-kontext": 2}  # of Aleph it is the error that says so


def answer(data: object, code: object = 200, status: int = 200, message: str = "success") -> Answer:
    return Answer(status, json.dumps({"code": code, "msg": message, "data": data}).encode())


def read(api: str, **record: object) -> Observation:
    return APIS[api].read_query(answer(record))


def failed(api: str, **record: object) -> Fault | None:
    return read(api, **{WORD_FIELD[api]: FAILED_WORD[api], **record}).fault


@each_once(
    ("api", FAILED_WORD),
    (
        "code, message, canonical",
        [
            (400, "the image is too large", "INVALID_PARAMETER"),
            (400, "against our policies", "CONTENT_POLICY_VIOLATION"),
            (413, "matches an existing work", "CONTENT_POLICY_VIOLATION"),
            (422, "no such size", "INVALID_PARAMETER"),
            (451, "could not download", "INPUT_FETCH_FAILED"),
            (500, "internal", "GENERATION_FAILED"),
            (501, "generation failed", "GENERATION_FAILED"),
            (531, "credits returned", "GENERATION_FAILED"),
            (999, "who knows", "GENERATION_FAILED"),
        ],
    ),
    ("names", [("errorCode", "errorMessage"), ("failCode", "failMsg"), ("error_code", "fail_msg")]),
)
def test_each_failure_has_its_canonical_code(
    api: str, code: int, message: str, canonical: str, names: tuple[str, str]
) -> None:
    assert failed(api, **{names[0]: str(code), names[1]: message}) == Fault(canonical, message, str(code))


@pytest.mark.parametrize("api", FAILED_WORD)
def test_a_failure_without_reasons_is_a_failed_generation(api: str) -> None:
    assert failed(api) == Fault("GENERATION_FAILED", "", str(FAILED_WORD[api]))


def test_a_sensitive_word_is_a_policy_violation_whatever_its_code() -> None:
    fault = read("suno", status="SENSITIVE_WORD_ERROR", errorCode=500).fault
    assert fault
    assert fault.code == "CONTENT_POLICY_VIOLATION"


@pytest.mark.parametrize(
    ("said", "kept"), [("a" * 1000, "a" * 300), ("a\x00b\u2028c\ud800", "a b c"), (5, None), ([], None)]
)
def test_a_failures_text_is_made_safe_to_log(said: object, kept: str | None) -> None:
    fault = failed("market", failMsg=said)
    assert fault
    assert fault.words == (kept or "")


@pytest.mark.parametrize("code", [408, "408"])
@pytest.mark.parametrize("data", [None, {"taskId": "task_demo"}])
def test_envelope_408_is_a_timeout(code: object, data: object) -> None:
    seen = APIS["market"].read_query(answer(data, code, message="silent"))
    assert (seen.state, seen.fault) == (State.TIMEOUT, Fault("TASK_TIMEOUT", "silent", "408"))


@pytest.mark.parametrize("code", [500, 501, 531])
def test_a_failed_record_counts_whatever_its_envelope_says(code: int) -> None:
    assert APIS["market"].read_query(answer({"state": "fail"}, code)).state is State.FAILED


@each_once(
    ("code", [400, 404, 422, 429, 500]),
    ("word", ["success", "generating", "REVIEWING"]),
)
def test_a_refused_query_proves_nothing_but_a_failure(code: int, word: str) -> None:
    with pytest.raises(Unreadable):
        APIS["market"].read_query(answer({"state": word}, code))


@each_once(
    ("api", APIS),
    (
        "said",
        [
            answer(None, 404, 404),
            answer(None, 422, message="recordInfo is null"),
            answer(None, 429),
            answer(None, 401),
            answer(None, 500),
            answer(None),
            answer([]),
            answer("task"),
            answer({}),
            answer({"taskId": "task_demo"}),
            answer({"status": None, "state": [], "successFlag": {}}),
            answer({"status": "", "state": " ", "successFlag": ""}),
            Answer(200),
            Answer(200, b"<html>"),
            Answer(200, b"[" * 100_000),
            Answer(404, b"not found"),
            answer({"status": "SUCCESS", "state": "success", "successFlag": 1}, status=500),
            answer({"status": "GENERATE_FAILED", "state": "fail", "successFlag": 3}, status=503),
            answer({"status": "SUCCESS", "state": "success", "successFlag": 1}, status=429),
        ],
    ),
)
def test_what_tells_nothing_is_unreadable(api: str, said: Answer) -> None:
    with pytest.raises(Unreadable):
        APIS[api].read_query(said)
