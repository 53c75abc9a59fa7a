"""OpenAI's videos API on both sides: every answer of its fixtures, and what clients may and may not ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.families.forms import as_data_uri
from relay.families.newapi.dialect import DIALECT
from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Job, Order
from relay.nouns.account import FilePart
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import Forbidden, Refused, Unfit, UnknownOutcome, Unreadable
from relay.nouns.signing import sign_webhook
from relay.nouns.task import Asset, Observation, Role, State, Task
from relay.nouns.wire import Answer, Inbound
from tests.speaking import Speaker
from tests.unit.asking import submitted

FIXTURES = Path(__file__).parents[1] / "fixtures/newapi"
SAID: dict[str, Any] = json.loads((FIXTURES / "videos.json").read_text("utf-8"))
REFUSALS: dict[str, Any] = json.loads((FIXTURES / "video.json").read_text("utf-8"))["refusals"]
API, CHARACTERS = PROVIDER.apis["videos"], PROVIDER.apis["characters"]
FILM = as_data_uri(FilePart("a.mp4", b"a film"))
DRAFT = Draft("newapi", "videos", Kind.VIDEO, "sora-2", prompt="a cat", duration=8, size="1280x720")
SOURCE = Source("newapi", "sora-2", "videos", sizes=("720x1280", "1280x720"))
PARENT = Parent("t1", upstream_task_id="video/1")


def answer(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())


# --- The provider: what is read


@pytest.mark.parametrize("whose", SAID["accepted"])
def test_a_job_is_accepted_under_its_id(whose: str) -> None:
    said = SAID["accepted"][whose]
    assert submitted(API, answer(said)) == Observation(State.QUEUED, said["id"])


def test_a_refusal_is_certain_and_what_may_hide_a_job_is_not() -> None:
    for said in REFUSALS.values():
        with pytest.raises(Refused) as caught:
            submitted(API, answer(said["answer"], said["status"]))
        assert (caught.value.elsewhere, caught.value.task_code) == (said["elsewhere"], said["task_code"])
    for body, status in ((b"<html>", 502), (b"", 200), (b'{"id": 7}', 200), (b"[" * 99_999, 500)):
        with pytest.raises(UnknownOutcome):
            submitted(API, Answer(status, body))


@pytest.mark.parametrize(
    ("word", "state", "progress"),
    [
        ("queued", "queued", 0),
        ("in_progress", "processing", 33),
        ("unknown", "queued", 0),
        ("rendering", "processing", 70),
    ],
)
def test_every_word_for_how_a_job_stands_is_read(word: str, state: str, progress: float) -> None:
    seen = API.read_query(answer(SAID["statuses"][word]))
    assert (seen.state, seen.progress, seen.fault) == (state, progress, None)
    assert seen.unknown_word == ("rendering" if word == "rendering" else None)


def test_a_film_behind_our_key_is_fetched_with_what_comes_with_it() -> None:
    content = "/v1/videos/video_demo_1/content"
    assert API.read_query(answer(SAID["completed"]["openai"])).assets == (
        Asset(content, 4.0, private=True),
        Asset(f"{content}?variant=thumbnail", role=Role.THUMBNAIL, private=True),
        Asset(f"{content}?variant=spritesheet", role=Role.PREVIEW, private=True),
    )


def test_a_film_at_a_public_address_is_fetched_there() -> None:
    seen = API.read_query(answer(SAID["completed"]["new-api"]))
    assert seen.assets == (Asset("https://files.example/task_demo_1.mp4", 8.0),)


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("moderation_blocked", "CONTENT_POLICY_VIOLATION"),
        ("video_generation_failed", "GENERATION_FAILED"),
        ("no reason", "GENERATION_FAILED"),
    ],
)
def test_a_failure_is_read_with_its_reason(why: str, code: str) -> None:
    seen = API.read_query(answer(SAID["failed"][why]))
    assert (seen.state, seen.fault and seen.fault.code) == (State.FAILED, code)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"{}"), (200, b"<html>"), (404, b'{"status": "failed"}'), (500, b"")]
)
def test_an_answer_that_says_nothing_of_the_job_is_unreadable(status: int, body: bytes) -> None:
    with pytest.raises(Unreadable):
        API.read_query(Answer(status, body))


def test_a_character_is_its_answer() -> None:
    facts = {"character": {"id": "char_demo_1", "name": "Boatswain"}}
    assert submitted(CHARACTERS, answer(SAID["character"])) == Observation(
        State.SUCCEEDED, "char_demo_1", 100.0, facts=facts
    )


@pytest.mark.parametrize("event", SAID["events"])
def test_an_event_names_its_job_where_its_signature_is_good(event: str) -> None:
    body = json.dumps(SAID["events"][event]).encode()
    headers = sign_webhook(["whsec_c2VjcmV0"], "evt_1", 1000, body)
    told = Inbound("POST", "/", headers, body=body)
    assert PROVIDER.read_event(told, 1000, "whsec_c2VjcmV0") == "video_demo_1"
    with pytest.raises(Forbidden):
        PROVIDER.read_event(replace(told, body=body + b" "), 1000, "whsec_c2VjcmV0")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"type": "response.completed", "data": {"id": "resp_1"}}', b'{"data": 1}']
)
def test_an_event_about_anything_else_names_none(body: bytes) -> None:
    told = Inbound("POST", "/", sign_webhook(["s"], "evt_1", 1000, body), body=body)
    assert PROVIDER.read_event(told, 1000, "s") is None


# --- The provider: what is written


def sent(draft: Draft) -> tuple[str, str, bytes, str]:
    call = API.first_step(Order(draft, SOURCE)).call
    return call.method, call.url, call.body, call.headers["content-type"]


@pytest.mark.parametrize(
    ("changes", "path", "body"),
    [
        ({}, "", {"model": "sora-2", "prompt": "a cat", "seconds": "8", "size": "1280x720"}),
        (
            {"size": None, "ratio": "9:16"},
            "",
            {"model": "sora-2", "prompt": "a cat", "seconds": "8", "size": "720x1280"},
        ),
        ({"action": "remix", "parent": PARENT}, "/video%2F1/remix", {"prompt": "a cat"}),
        ({"action": "edit", "parent": PARENT}, "/edits", {"prompt": "a cat", "video": {"id": "video/1"}}),
        (
            {"action": "extend", "parent": PARENT},
            "/extensions",
            {"prompt": "a cat", "video": {"id": "video/1"}, "seconds": "8"},
        ),
    ],
)
def test_a_request_without_files_is_json(changes: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    method, url, written, content_type = sent(replace(DRAFT, **changes))
    assert (method, url, content_type) == ("POST", f"/v1/videos{path}", "application/json")
    assert json.loads(written) == body


@pytest.mark.parametrize(
    ("action", "role", "name"), [("image2video", "image", b"input_reference"), ("extend", "video", b"video")]
)
def test_a_request_with_a_file_is_a_form(action: str, role: str, name: bytes) -> None:
    _, _, written, content_type = sent(replace(DRAFT, action=action, media=(Medium(MediaRole(role), FILM),)))
    boundary = content_type.partition("boundary=")[2].encode()
    assert b'form-data; name="%b"; filename="%b.octet-stream"' % (name, name) in written
    assert b"\r\n\r\na film\r\n--" + boundary + b"--\r\n" in written


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"kind": Kind.IMAGE}, "model"),
        ({"size": "1792x1024"}, "size"),
        ({"action": "remix"}, "action"),
        ({"action": "edit", "media": (Medium(MediaRole.VIDEO, FILM),)}, "action"),
        ({"action": "upscale"}, "action"),
        ({"parent": PARENT}, "parent"),
        ({"media": (Medium(MediaRole.VIDEO, FILM),)}, "video"),
        ({"media": (Medium(MediaRole.IMAGE, FILM), Medium(MediaRole.IMAGE, FILM))}, "image"),
        ({"media": (Medium(MediaRole.LAST_FRAME, FILM),)}, "last_frame"),
        ({"action": "extend", "parent": PARENT, "media": (Medium(MediaRole.VIDEO, FILM),)}, "video"),
        ({"options": {"seed": 1}}, "seed"),
    ],
)
def test_what_the_api_cannot_carry_is_refused_before_anything_is_sent(changes: dict[str, Any], about: str) -> None:
    with pytest.raises(Unfit) as caught:
        sent(replace(DRAFT, **changes))
    assert caught.value.about == about


def test_an_id_is_escaped_in_the_query() -> None:
    assert API.write_query(Job("sora-2:task/1?")).url == "/v1/videos/sora-2%3Atask%2F1%3F"


# --- The dialect


def test_an_event_tells_the_end_and_the_id_alone() -> None:
    task = Task("acc1", "t1", "newapi", "videos", Kind.VIDEO, "sora-2", 1, 1_000, 9_000)
    for state, word in ((State.SUCCEEDED, "completed"), (State.TIMEOUT, "failed")):
        event = json.loads(Speaker(DIALECT).notice(replace(task, state=state, completed_at=1_767_225_600_000)))
        assert event == {
            "id": "evt_t1",
            "object": "event",
            "created_at": 1_767_225_600,
            "type": f"video.{word}",
            "data": {"id": "t1"},
        }
