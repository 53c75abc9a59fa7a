"""The aistudio family as an upstream: what we ask it, and how each of its answers is understood."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.families import provider
from relay.families.aistudio.provider import PROVIDER
from relay.families.aistudio.words import SEGMENTS
from relay.families.provider import Job, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import Refused, Unfit, UnknownOutcome
from relay.nouns.task import Observation, State
from relay.nouns.wire import Answer
from tests.axes import each_once, table
from tests.unit.asking import submitted

API = PROVIDER.apis[""]
SOURCE = Source("aistudio", "upstream-model")
SUBMITS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "aistudio" / "submits.json").read_text("utf-8")
)
IMAGE = Draft("aistudio", "krea", Kind.IMAGE, "flux-dev", prompt="a fox", count=2, size="1024x1024")
VIDEO = Draft("aistudio", "kling", Kind.VIDEO, "m", "a fox", action="text2video", duration=5, ratio="9:16")
EXTEND = replace(VIDEO, action="extend", parent=Parent("T0", upstream="aistudio", upstream_task_id="up-1"))
SUNG = {"lyrics": "line one\nline two", "style": "pop, upbeat"}
MUSIC = Draft("aistudio", "suno", Kind.MUSIC, "V5", prompt="a fox", options=SUNG)
VID = "https://vid.example/a.mp4"
DRAFTS = {
    "image": IMAGE,
    "text2video": VIDEO,
    "image2video": replace(VIDEO, action="image2video", media=(Medium(MediaRole.IMAGE, "https://img.example/a.png"),)),
    "extend a task of this upstream": EXTEND,
    "extend a video": replace(VIDEO, action="extend", media=(Medium(MediaRole.VIDEO, VID),)),
    "music": MUSIC,
}


def answer(status: int, document: object = None, **headers: str) -> Answer:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def no(code: str, message: str = "no") -> dict[str, object]:
    return {"success": False, "error": {"code": code, "message": message}, "trace_id": "t"}


def refusal(given: Answer) -> Refused:
    with pytest.raises(Refused) as caught:
        submitted(API, given)
    return caught.value


# --- What we ask


def test_the_registry_finds_this_provider() -> None:
    assert provider("aistudio") is PROVIDER


@table("name", SUBMITS)
def test_a_draft_is_sent_as_the_reference_says(name: str) -> None:
    call = API.write_submit(Order(DRAFTS[name], SOURCE, None))
    wanted = SUBMITS[name]
    assert (call.method, call.url, json.loads(call.body)) == (
        "POST",
        wanted["path"],
        wanted["body"],
    )


@table("name", DRAFTS)
def test_a_callback_url_is_sent_where_there_is_one(name: str) -> None:
    body = json.loads(API.write_submit(Order(DRAFTS[name], SOURCE, "https://me.example/cb")).body)
    assert body == {**SUBMITS[name]["body"], "callback_url": "https://me.example/cb"}


def test_a_query_names_the_task_on_its_platform() -> None:
    call = API.write_query(Job("up:1", "kling"))
    assert (call.method, call.url, json.loads(call.body)) == (
        "POST",
        "/api/kling/tasks",
        {"task_id": "up:1"},
    )


@pytest.mark.parametrize("call", [API.write_submit(Order(IMAGE, SOURCE, None)), API.write_query(Job("up-1", "kling"))])
def test_every_call_asks_for_json(call: Any) -> None:
    assert call.headers == {
        "accept": "application/json",
        "content-type": "application/json",
    }


def test_a_platform_cannot_leave_its_path_segment() -> None:
    assert API.write_query(Job("up-1", "../a?b")).url == "/api/..%2Fa%3Fb/tasks"


# --- What a submit answer means


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_accepted_job_is_queued_under_its_id(status: int) -> None:
    assert submitted(API, answer(status, {"task_id": "up-1"})) == Observation(State.QUEUED, "up-1")


ELSEWHERE = {"elsewhere": True, "key": False, "wait": None, "task_code": "API_ERROR"}
BAD_VALUE = {**ELSEWHERE, "elsewhere": False, "task_code": "INVALID_PARAMETER"}
OUR_KEY = {**ELSEWHERE, "key": True}
ROWS = [
    (400, "INVALID_PARAMETER", BAD_VALUE),
    (400, "MISSING_REQUIRED_FIELD", BAD_VALUE),
    (400, "API_NOT_IMPLEMENTED", ELSEWHERE),
    (401, "UNAUTHORIZED", OUR_KEY),
    (401, "INVALID_TOKEN", OUR_KEY),
    (402, "INSUFFICIENT_BALANCE", OUR_KEY),
    (403, "FORBIDDEN", ELSEWHERE),
    (403, "ACCOUNT_FROZEN", OUR_KEY),
    (404, "NOT_FOUND", ELSEWHERE),
    (404, "TASK_NOT_FOUND", ELSEWHERE),
    (429, "RATE_LIMIT_EXCEEDED", {**ELSEWHERE, "wait": 5.0}),
    (429, "TOO_MANY_REQUESTS", {**ELSEWHERE, "wait": 5.0}),
    (500, "INTERNAL_ERROR", ELSEWHERE),
    (500, "API_ERROR", ELSEWHERE),
]


def meaning(refused: Refused) -> dict[str, object]:
    return {name: getattr(refused, name) for name in ("elsewhere", "key", "wait", "task_code")}


@table("status, code, means", ROWS)
def test_a_refusal_means_what_the_reference_says(status: int, code: str, means: dict[str, object]) -> None:
    assert meaning(refusal(answer(status, no(code)))) == means


@table("status, code, means", ROWS)
def test_a_refusal_inside_a_200_means_the_same(status: int, code: str, means: dict[str, object]) -> None:
    assert meaning(refusal(answer(200, no(code)))) == means


@each_once(
    ("status", [400, 404, 405, 408, 409, 413, 418, 422, 451]),
    ("body", [b"<html>no</html>", b"", b"[]", b'{"error": "no"}', b'{"error": {"code": 7}}']),
)
def test_any_other_4xx_is_a_certain_refusal(status: int, body: bytes) -> None:
    assert meaning(refusal(answer(status, body))) == ELSEWHERE


@pytest.mark.parametrize(("status", "means"), [(401, OUR_KEY), (402, OUR_KEY), (403, ELSEWHERE)])
def test_a_status_is_understood_without_a_body(status: int, means: dict[str, object]) -> None:
    assert meaning(refusal(answer(status, b"<html>"))) == means


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_in_the_familys_words_is_a_certain_refusal(status: int) -> None:
    assert meaning(refusal(answer(status, no("API_ERROR")))) == ELSEWHERE


@each_once(
    ("status", [200, 202, 301, 500, 502, 503, 504]),
    (
        "document",
        [
            b"<html>502 Bad Gateway</html>",
            b"",
            b"[" * 100_000,
            [],
            {},
            {"task_id": ""},
            {"task_id": 7},
            {"task_id": "x" * 513},
            {"task_id": "a\x00b"},
            {"task_id": "\ud800"},
            {"error": {"code": "API_ERROR"}},
            {"success": False},
            {"success": False, "error": {"code": 502}},
        ],
    ),
)
def test_what_is_no_readable_answer_is_an_unknown_outcome(status: int, document: object) -> None:
    with pytest.raises(UnknownOutcome):
        submitted(API, answer(status, document))


def test_a_new_code_inside_a_200_is_an_unknown_outcome() -> None:
    with pytest.raises(UnknownOutcome):
        submitted(API, answer(200, no("SOMETHING_NEW")))


def test_an_id_outweighs_words_of_failure() -> None:
    assert submitted(API, answer(200, {**no("API_ERROR"), "task_id": "up-1"})).upstream_task_id == "up-1"


@table(
    "said, seconds",
    [
        ("7", 7.0),
        ("0", 1.0),
        ("3600", 300.0),
        ("9" * 5000, 300.0),
        ("-1", 5.0),
        ("1.5", 5.0),
        ("soon", 5.0),
        ("٣", 5.0),
    ],
)
def test_a_rate_limit_says_how_long_within_reason(said: str, seconds: float) -> None:
    assert refusal(answer(429, no("RATE_LIMIT_EXCEEDED"), retry_after=said)).wait == seconds


@pytest.mark.parametrize(("code", "kept"), [("INVALID_PARAMETER", "INVALID_PARAMETER"), ("X" * 99, "X" * 60)])
def test_the_upstreams_code_is_kept(code: str, kept: str) -> None:
    assert refusal(answer(400, no(code))).upstream_code == kept


def test_a_refusal_without_a_code_keeps_its_status() -> None:
    assert refusal(answer(405, b"")).upstream_code == "405"


def test_the_upstreams_words_are_short_and_plain() -> None:
    words = refusal(answer(400, no("INVALID_PARAMETER", "bad\x00\x1b\ud800 size\r\n" + "x" * 999))).words
    assert words == ("bad size " + "x" * 999)[:300]


def test_no_key_is_repeated() -> None:
    said = "key sk-ANOTHER_one is odd"
    assert refusal(answer(400, no("INVALID_PARAMETER", said))).words == "key sk-*** is odd"


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_what_concerns_us_is_not_told_to_clients(status: int) -> None:
    assert "tenant" not in refusal(answer(status, no("X", "tenant acme is out of money"))).message


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(SEGMENTS.values())))
def test_a_kind_the_family_has_no_words_for_is_refused_before_anything_is_sent(kind: Kind) -> None:
    with pytest.raises(Unfit, match="of a kind this API does not make"):
        API.first_step(Order(replace(MUSIC, kind=kind), SOURCE))
