"""What KIE's answer to a submission means: a job, a certain refusal of a known sort, or nothing certain."""

from __future__ import annotations

import json

import pytest

from relay.families.kie.provider import PROVIDER
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.task import Observation, State
from relay.nouns.wire import Answer
from tests.axes import each_once, table
from tests.unit.asking import submitted

APIS = PROVIDER.apis
POLICY, PARAMETER, INPUT = "CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER", "INPUT_FETCH_FAILED"


def envelope(code: object, message: str = "why", status: int = 200, **more: object) -> Answer:
    return Answer(status, json.dumps({"code": code, "msg": message, "data": None, **more}).encode())


def refused(answer: Answer) -> Refused:
    with pytest.raises(Refused) as caught:
        submitted(APIS["market"], answer)
    return caught.value


@each_once(
    ("api", APIS),
    ("data", [{"taskId": "task_demo"}, {"task_id": "task_demo"}, {"taskId": "task_demo", "x": 1}]),
)
def test_accepted_job_is_queued_under_its_id(api: str, data: object) -> None:
    seen = submitted(APIS[api], envelope(200, data=data))
    assert seen == Observation(State.QUEUED, "task_demo")


@table("code", [200, "200"])
@table("status", [200, 201, 400, 500])
def test_the_envelope_decides_not_the_http_status(code: object, status: int) -> None:
    answer = envelope(code, status=status, data={"taskId": "task_demo"})
    assert submitted(APIS["veo"], answer).upstream_task_id == "task_demo"


def test_a_number_is_an_id_too() -> None:
    assert submitted(APIS["veo"], envelope(200, data={"taskId": 17})).upstream_task_id == "17"


@table(
    "code, elsewhere, key, wait, task_code",
    [
        (400, False, False, None, PARAMETER),
        (401, True, True, None, "API_ERROR"),
        (402, True, True, None, "API_ERROR"),
        (404, True, False, None, "API_ERROR"),
        (413, False, False, None, POLICY),
        (422, False, False, None, PARAMETER),
        (429, True, False, 10, "API_ERROR"),
        (433, True, True, None, "API_ERROR"),
        (451, False, False, None, INPUT),
        (455, True, False, 30, "API_ERROR"),
        (500, True, False, None, "API_ERROR"),
        (501, True, False, None, "API_ERROR"),
        (505, True, False, None, "API_ERROR"),
        (531, True, False, None, "API_ERROR"),
        (550, True, False, 10, "API_ERROR"),
        (599, True, False, None, "API_ERROR"),
        (418, False, False, None, "API_ERROR"),
        (0, False, False, None, "API_ERROR"),
        (-1, False, False, None, "API_ERROR"),
    ],
)
def test_each_refusal_says_what_can_be_done(
    code: int, elsewhere: bool, key: bool, wait: float | None, task_code: str
) -> None:
    error = refused(envelope(code))
    assert (error.elsewhere, error.key, error.wait, error.task_code) == (elsewhere, key, wait, task_code)


@table("status", [200, 400, 404, 429, 500, 503])
def test_a_refusal_is_the_same_under_every_http_status(status: int) -> None:
    assert not refused(envelope(422, status=status)).elsewhere


@pytest.mark.parametrize(
    "message",
    ["violates our Policy", "violating content policies", "sensitive words", "the safety system said no"],
)
def test_a_400_that_speaks_of_policy_is_a_policy_violation(message: str) -> None:
    assert refused(envelope(400, message)).task_code == POLICY


@pytest.mark.parametrize("code", [401, 402, 433])
def test_what_our_account_lacks_is_not_told_to_the_client(code: int) -> None:
    assert refused(envelope(code, "credits of sk-EXAMPLE are used up")).message == "the upstream refused our account"


def test_the_upstreams_own_words_are_for_the_log() -> None:
    refusal = refused(envelope(422, "the size is wrong"))
    assert (refusal.message, refusal.words) == ("the upstream refused the request", "the size is wrong")


def test_the_text_may_be_called_message() -> None:
    answer = Answer(200, b'{"code":422,"message":"the size is wrong"}')
    assert refused(answer).words == "the size is wrong"


def test_the_upstreams_code_is_kept() -> None:
    assert refused(envelope(550)).upstream_code == "550"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a" * 1000, "a" * 300),
        ("a\x00b\nc", "a b c"),
        ("\ud800x", "x"),
        ("no key sk-EXAMPLE here", "no key sk-*** here"),
    ],
)
def test_a_message_is_made_safe_to_log(said: str, kept: str) -> None:
    assert refused(envelope(422, said)).words == kept


@each_once(
    ("status", [400, 403, 404, 405, 413, 422, 499]),
    ("body", [b"", b"<html>", b"[]", b'{"error":"x"}', b'{"code":"x"}', b'{"code":true}']),
)
def test_a_bare_4xx_is_a_certain_refusal_for_this_upstream_only(status: int, body: bytes) -> None:
    error = refused(Answer(status, body))
    assert (error.elsewhere, error.key, error.task_code, error.upstream_code) == (True, False, "API_ERROR", str(status))


def test_a_bare_401_is_about_our_key() -> None:
    assert refused(Answer(401, b"<html>")).key


def test_a_bare_429_asks_to_wait() -> None:
    assert refused(Answer(429, b"<html>")).wait == 10


@each_once(
    ("status", [200, 201, 204, 302, 500, 502, 503, 504, 524]),
    ("body", [b"", b"<html>", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"data":{"taskId":"a"}}', b'{"code":1e3}']),
)
def test_no_envelope_outside_4xx_is_an_unknown_outcome(status: int, body: bytes) -> None:
    with pytest.raises(UnknownOutcome):
        submitted(APIS["market"], Answer(status, body))


@table(
    "data",
    [
        *(None, {}, [], "task_demo", {"taskId": ""}, {"taskId": None}, {"taskId": ["a"]}),
        *({"taskId": "a" * 513}, {"taskId": "a\nb"}, {"taskId": "\ud800"}, {"taskId": True}),
    ],
)
def test_success_without_a_usable_id_is_an_unknown_outcome(data: object) -> None:
    with pytest.raises(UnknownOutcome):
        submitted(APIS["market"], envelope(200, data=data))


def test_an_unknown_5xx_code_without_words_is_an_unknown_outcome() -> None:
    with pytest.raises(UnknownOutcome):
        submitted(APIS["market"], envelope(599, ""))
