"""The aistudio family as an upstream: how each answer to a query is understood, and what a callback names."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from relay.families.aistudio.provider import PROVIDER
from relay.nouns.errors import BadInput, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.task import FAULTS, Asset, Observation, State
from relay.nouns.wire import Answer, Inbound
from tests.axes import each_once, table

API = PROVIDER.apis[""]
UNREAL: list[object] = ["5", True, -1, 10**7, 10**400, float("inf"), float("nan")]
UNUSABLE: list[object] = [None, "x", {}, ["x"], [{"url": 5}], [{"url": ""}], [{"url": "x" * 9000}]]


def answer(status: int, document: object) -> Answer:
    return Answer(status, document if isinstance(document, bytes) else json.dumps(document).encode())


def no(code: str) -> dict[str, object]:
    return {"success": False, "error": {"code": code, "message": "no"}, "trace_id": "t"}


@pytest.mark.parametrize("word", ["pending", "queued", "processing"])
def test_a_running_word_is_its_state(word: str) -> None:
    seen = API.read_query(answer(200, {"task_id": "up-1", "status": word}))
    assert seen == Observation(State(word), "up-1")


@table(
    "result, assets",
    [
        ({"images": [{"url": "https://a"}, {"url": "https://b"}]}, (Asset("https://a"), Asset("https://b"))),
        ({"video": {"url": "https://a", "duration": 5}}, (Asset("https://a", 5.0),)),
        ({"music": [{"url": "https://a", "title": "Rain", "duration": 1.5}]}, (Asset("https://a", 1.5, "Rain"),)),
        *[({"video": {"url": "https://a", "duration": odd}}, (Asset("https://a"),)) for odd in UNREAL],
        ({"music": [{"url": "https://a", "title": 5}]}, (Asset("https://a"),)),
        *[({"images": odd}, ()) for odd in UNUSABLE],
        ({"video": "https://a"}, ()),
        ({}, ()),
    ],
)  # fmt: skip
def test_a_success_brings_what_can_be_used(result: dict[str, object], assets: tuple[Asset, ...]) -> None:
    document = {"task_id": "up-1", "status": "succeeded", **result}
    assert API.read_query(answer(200, document)) == Observation(State.SUCCEEDED, "up-1", assets=assets)


@each_once(
    ("state", [State.FAILED, State.CANCELLED, State.TIMEOUT]),
    (
        "error, fault",
        [
            ({"code": "API_ERROR", "message": "why"}, Fault("API_ERROR", "why")),
            ({"code": "CONTENT_POLICY_VIOLATION", "message": ""}, Fault("CONTENT_POLICY_VIOLATION", "")),
            ({"code": "NSFW", "message": "why"}, Fault("GENERATION_FAILED", "why", "NSFW")),
            ({"message": "why\x07"}, Fault("", "why")),
            ({"code": 5, "message": 5}, Fault("", "")),
            (None, Fault("", "")),
        ],
    ),
)
def test_a_bad_end_brings_its_reason(state: State, error: object, fault: Fault) -> None:
    usual = FAULTS[state]
    wanted = replace(fault, code=fault.code or usual.code)
    document = {"task_id": "up-1", "status": state.value, "error": error}
    assert API.read_query(answer(200, document)) == Observation(state, "up-1", fault=wanted)


@pytest.mark.parametrize(
    ("word", "kept"), [("reviewing", "reviewing"), ("SUCCEEDED", "SUCCEEDED"), ("x" * 99, "x" * 60), ("\x00", "?")]
)
def test_an_unknown_word_means_still_running(word: str, kept: str) -> None:
    seen = API.read_query(answer(200, {"task_id": "up-1", "status": word}))
    assert seen == Observation(State.PROCESSING, "up-1", unknown_word=kept)


@table(
    "given",
    [
        *[answer(200, body) for body in (b"", b"<html>", b"[]", {}, {"status": 1}, {"status": ""}, no("API_ERROR"))],
        *[answer(status, {"status": "failed"}) for status in (202, 302, 401, 404, 429, 500, 503)],
        answer(404, no("TASK_NOT_FOUND")),
    ],
)
def test_an_answer_that_tells_nothing_is_unreadable(given: Answer) -> None:
    with pytest.raises(Unreadable):
        API.read_query(given)


# --- Callbacks


@pytest.mark.parametrize(
    ("body", "task_id"),
    [(b'{"task_id": "up-1", "status": "failed"}', "up-1"), (b'{"task_id": 5}', None), (b"{}", None), (b"[]", None)],
)
def test_a_callback_names_its_task(body: bytes, task_id: str | None) -> None:
    assert PROVIDER.read_callback(Inbound("POST", "/", body=body), 0, None) == task_id


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_a_callback_that_is_no_json_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        PROVIDER.read_callback(Inbound("POST", "/", body=body), 0, None)
