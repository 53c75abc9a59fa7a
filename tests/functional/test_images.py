"""Pictures by OpenAI's images API, as a task or by waiting for them, made by whichever family has the model."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.effects.outbound import NoAnswer
from relay.families.newapi.images.words import MOST_INSIDE
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import START, Harness, harness, open_account
from tests.functional.network import CLIENT, PICTURE, Script
from tests.functional.refusals import refused
from tests.samples import sample

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
BOAT: dict[str, Any] = {"model": "gpt-image-1", "prompt": "a paper boat"}
MADE = ["https://files.example/a.png"]
INSIDE = {"created": 1767225600, "data": [{"b64_json": base64.b64encode(PICTURE).decode()}]}
BLOCKED = {
    "error": {"message": "blocked by our safety system", "type": "x", "param": None, "code": "moderation_blocked"}
}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        made.switch_on("newapi", "aistudio")
        yield made


def working(here: Harness) -> None:
    """From here on the workers go on while a client waits."""

    def pause(seconds: float) -> None:
        here.wait(seconds)
        while here.pump():
            continue

    here.services = replace(here.services, pause=pause)


def answering(here: Harness, *answers: Script) -> None:
    here.network.script["newapi.submit"] = list(answers)


def said(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())


def form(**parts: str | bytes | list[bytes]) -> dict[str, Any]:
    """A multipart request; bytes are files."""
    body = b""
    for name, value in parts.items():
        for each in value if isinstance(value, list) else [value]:
            file = b'; filename="x.png"' if isinstance(each, bytes) else b""
            text = each if isinstance(each, bytes) else each.encode()
            body += b'--b\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), file, text)
    return {"raw": body + b"--b--\r\n", "headers": {"content-type": "multipart/form-data; boundary=b"}}


def pictures(count: int) -> list[dict[str, str]]:
    """What the upstream made of a request for so many."""
    return [{"url": f"https://files.example/{name}.png"} for name in "abc"[:count]]


# --- As a task


@pytest.mark.parametrize(
    ("query", "prefer", "body"),
    [("", "", {"async": True}), ("?async=true", "", {}), ("", "respond-async", {})],
    ids=["body", "query", "header"],
)
def test_a_task_is_answered_at_once_and_told_when_it_is_made(
    here: Harness, query: str, prefer: str, body: dict[str, Any]
) -> None:
    asked = BOAT | body | {"size": "1536x1024", "quality": "high", "n": 2}
    status, document, headers = here.exchange("POST", GENERATIONS + query, asked, headers={"prefer": prefer})
    path = f"{GENERATIONS}/{document['id']}"
    assert (status, document["object"], document["status"], here.now[0]) == (202, "image.generation", "queued", START)
    assert (headers["location"], headers["retry-after"]) == (f"https://relay.example.net{path}", "5")
    assert headers.get("preference-applied") == (prefer or None)
    assert "data" not in document

    here.run(5)

    (sent,) = here.network.sent("newapi.submit")
    assert json.loads(sent.body) == {**BOAT, "n": 2, "size": "1536x1024", "quality": "high"}
    assert sent.timeout == 600
    status, document = here.request("GET", path)
    assert (status, document["status"], document["data"]) == (200, "completed", pictures(2))
    assert (document["created"], document["error"]) == (document["completed_at"], None)
    assert here.drift == 0


def test_pictures_inside_an_answer_are_kept_and_shown_by_links(here: Harness) -> None:
    answering(here, said(INSIDE))
    task_id = here.post(GENERATIONS, BOAT | {"async": True})[1]["id"]
    here.run(5)
    (asset,) = here.task(task_id).assets
    assert here.bytes_of(asset.key or "") == PICTURE
    (shown,) = here.request("GET", f"{GENERATIONS}/{task_id}")[1]["data"]
    assert shown["url"].startswith(f"https://relay.example.net/media/{asset.key}?expires=")


def test_a_callback_brings_the_same_document(here: Harness) -> None:
    task_id = here.post(GENERATIONS, BOAT | {"async": True, "callback_url": CLIENT})[1]["id"]
    here.run(5)
    (told,) = here.told
    assert json.loads(told.body) == here.request("GET", f"{GENERATIONS}/{task_id}")[1]
    assert told.headers["webhook-signature"].startswith("v1,")


def test_other_families_make_what_they_have(here: Harness) -> None:
    task_id = here.post(GENERATIONS, {"model": "kling-image", "prompt": "a boat", "async": True, "n": 3})[1]["id"]
    here.run(5)
    assert json.loads(here.network.sent("aistudio.submit")[0].body)["count"] == 3
    assert here.request("GET", f"{GENERATIONS}/{task_id}")[1]["status"] == "queued"
    here.network.finish()
    here.run(30)
    assert here.request("GET", f"{GENERATIONS}/{task_id}")[1]["data"] == pictures(3)


# --- Waiting for the pictures


def test_who_waits_gets_the_pictures(here: Harness) -> None:
    working(here)
    status, document, headers = here.exchange("POST", GENERATIONS, BOAT)
    assert (status, document["data"], "preference-applied" in headers) == (200, [{"url": MADE[0]}], False)
    assert document["created"] == document["completed_at"]


@pytest.mark.parametrize(("prefer", "seconds"), [("", 25), ("wait=10", 10), ("wait=0", 0)])
def test_who_waits_too_long_is_told_where_its_task_is(here: Harness, prefer: str, seconds: int) -> None:
    here.services = replace(here.services, pause=here.wait)
    status, document, headers = here.exchange("POST", GENERATIONS, BOAT, headers={"prefer": prefer})
    assert (status, document["status"], (here.now[0] - START) // 1000) == (202, "queued", seconds)
    here.run(5)
    assert here.request("GET", headers["location"].removeprefix("https://relay.example.net"))[1]["data"]


@pytest.mark.parametrize(
    ("answer", "status", "code"), [(said(BLOCKED, 400), 400, "moderation_blocked"), (said({"data": []}), 500, "")]
)
def test_who_waits_for_a_failure_gets_openais_error_and_the_money_back(
    here: Harness, answer: Answer, status: int, code: str
) -> None:
    working(here)
    answering(here, answer)
    before = here.balance
    got, document = here.post(GENERATIONS, BOAT)
    assert (got, document["error"]["code"]) == (status, code or "image_generation_failed")
    assert (here.balance, here.drift) == (before, 0)


# --- Edits


def test_an_edit_is_sent_as_a_form_with_what_was_uploaded(here: Harness) -> None:
    sent = form(prompt="a hat", model="gpt-image-1", n="2", **{"image[]": [PICTURE, PICTURE]}, mask=PICTURE)
    status, document = here.post(f"{EDITS}?async=true", **sent)
    assert (status, document["status"]) == (202, "queued")
    assert sum(key.startswith("uploads/acc1/") for key in here.stored) == 3
    here.run(5)
    (call,) = here.network.sent("newapi.submit")
    assert (call.url.rpartition("/v1")[2], call.body.count(PICTURE)) == ("/images/edits", 3)
    assert [call.body.count(part) for part in (b'name="image[]"', b'name="mask"', b"\r\n\r\na hat\r\n")] == [2, 1, 1]
    assert here.request("GET", f"{EDITS}/{document['id']}")[1]["status"] == "completed"


# --- What goes wrong


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no prompt": ({"prompt": None}, "prompt"),
    "a blank prompt": ({"prompt": " "}, "prompt"),
    "an unknown model": ({"model": "dall-e-9"}, "model"),
    "none": ({"n": 0}, "n"),
    "too many": ({"n": 11}, "n"),
    "a number as text": ({"n": "2"}, "n"),
    "a number its source does not make": ({"model": "gpt4o-image", "n": 3}, "n"),
    "a shape": ({"size": "large"}, "size"),
    "a size that is not made": ({"size": "3840x2160"}, "size"),
    "a resolution that is not made": ({"size": "4K"}, "size"),
    "two shapes": ({"size": "1024x1024", "aspect_ratio": "16:9"}, "aspect_ratio"),
    "a quality": ({"quality": "best"}, "quality"),
    "a background": ({"background": "blue"}, "background"),
    "a format": ({"output_format": "gif"}, "output_format"),
    "a compression": ({"output_compression": 101}, "output_compression"),
    "an unknown form of answer": ({"response_format": "png"}, "response_format"),
    "a stream": ({"stream": True}, "stream"),
    "an option its source does not have": ({"negative_prompt": "rain"}, "negative_prompt"),
    "a private callback": ({"callback_url": "http://client.example/"}, "callback_url"),
    "async that is none": ({"async": "yes"}, "async"),
    "a mask alone": ({"mask": MADE[0]}, "image"),
    "a private picture": ({"image": ["http://127.0.0.1/a.png"]}, "image[0]"),
    "a picture that is none": ({"image": "data:image/png;base64,AAAA"}, "image"),
}


def test_a_refusal_names_the_clients_field_and_changes_nothing(here: Harness) -> None:
    here.switch_on("newapi", "kie")
    params = {}
    for name, (body, _) in REFUSED.items():
        refused(here, "POST", GENERATIONS, BOAT | {"async": True} | body)
        params[name] = here.post(GENERATIONS, BOAT | {"async": True} | body)[1]["error"]["param"].partition("[0]")[0]
    assert params == {name: field.partition("[0]")[0] for name, (_, field) in REFUSED.items()}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (form(prompt="a hat"), "image"),
        (form(image=PICTURE), "prompt"),
        (form(image=b"no picture", prompt="a hat"), "image"),
        (form(image=PICTURE, mask=b"<html>", prompt="a hat"), "mask"),
        (form(image=[PICTURE] * 17, prompt="a hat"), "image"),
        (form(image=PICTURE, prompt="a hat", n="two"), "n"),
        ({**form(image=PICTURE, prompt="a hat"), "raw": b"--b\r\n"}, "body"),
    ],
)
def test_a_form_is_refused_by_its_part(here: Harness, sent: dict[str, Any], field: str) -> None:
    refused(here, "POST", EDITS, **sent)
    assert here.post(EDITS, **sent)[1]["error"]["param"].partition("[")[0] == field


def test_a_task_is_its_accounts_alone(here: Harness) -> None:
    task_id = here.post(GENERATIONS, BOAT | {"async": True})[1]["id"]
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    for how in ({"key": "sk-EXAMPLE-stranger"}, {}):
        wrong = task_id if how else "none"
        assert refused(here, "GET", f"{GENERATIONS}/{wrong}", **how).code == "task_not_exist"


UNKNOWN: dict[str, Script] = {
    "silence": NoAnswer("ReadTimeout"),
    "a gateway": Answer(504, b"<html>"),
    "half an answer": Answer(200, b'{"created": 1, "da'),
    "another document": said({"id": "resp_1"}),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN)
def test_minutes_without_a_readable_answer_are_never_sent_again(here: Harness, answer: Script) -> None:
    answering(here, answer)
    before = here.balance
    task_id = here.post(GENERATIONS, BOAT | {"async": True})[1]["id"]
    here.run(60)
    assert (here.task(task_id).sending, here.balance < before) == (True, True)
    assert here.request("GET", f"{GENERATIONS}/{task_id}")[1]["status"] == "queued"
    here.run(900, step=60)
    ended = here.request("GET", f"{GENERATIONS}/{task_id}")[1]
    assert (ended["status"], ended["error"]["code"]) == ("failed", "timeout")
    assert (here.balance, here.drift, len(here.network.sent("newapi.submit"))) == (before, 0, 1)


def test_a_worker_that_dies_on_the_way_leaves_one_submission_and_one_end(here: Harness) -> None:
    mortal = CrashingHarness.of(here, CrashPoint())
    ends = set()
    for point in range(1, 12):
        mortal.crash_point.writes_left = 0
        mortal.network.calls.clear()
        mortal.network.script["newapi.submit"] = [said(INSIDE)]
        task_id = mortal.post(GENERATIONS, BOAT | {"async": True})[1]["id"]
        mortal.crash_point.writes_left = point
        mortal.run(960, step=30)
        state = mortal.task(task_id).state
        assert mortal.entries(task_id) == ["capture" if state is State.SUCCEEDED else "release", "reserve"], point
        assert (len(mortal.network.sent("newapi.submit")) <= 1, mortal.drift) == (True, 0), point
        ends.add(state)
    assert ends == {State.SUCCEEDED, State.TIMEOUT}


# --- The pictures in the answer

BYTES = BOAT | {"response_format": "b64_json"}


@pytest.fixture
def kept() -> Iterator[Harness]:
    """A relay that keeps what was made."""
    with harness(balance="1000", archive=True) as made:
        made.switch_on("newapi")
        yield made


def test_a_small_picture_is_in_the_answer_its_client_waited_for_and_in_that_to_its_question(kept: Harness) -> None:
    working(kept)
    for how in ({"body": BYTES}, form(model="gpt-image-1", prompt="a paper boat", response_format="b64_json")):
        status, document = kept.post(GENERATIONS, **how)
        assert (status, document["data"]) == (200, INSIDE["data"])
    path = f"{GENERATIONS}/{document['id']}"
    assert kept.request("GET", f"{path}?response_format=b64_json")[1]["data"] == INSIDE["data"]
    assert "url" in kept.request("GET", path)[1]["data"][0]
    assert refused(kept, "GET", f"{path}?response_format=png").status == 400


def test_a_client_that_is_told_to_ask_later_is_told_where_the_bytes_will_be(kept: Harness) -> None:
    status, document, headers = kept.exchange("POST", GENERATIONS, BYTES | {"async": True})
    assert (status, "data" in document) == (202, False)
    assert headers["location"].endswith(f"{GENERATIONS}/{document['id']}?response_format=b64_json")
    kept.run(120)
    path = headers["location"].removeprefix("https://relay.example.net")
    assert kept.request("GET", path)[1]["data"] == INSIDE["data"]


def test_what_an_answer_cannot_hold_is_refused_with_the_way_to_it_and_stays_paid(kept: Harness) -> None:
    working(kept)
    kept.network.script["file"] = [Answer(200, sample("png") + bytes(MOST_INSIDE))]
    answering(kept, said({"created": 1, "data": [{"url": MADE[0]}]}))
    status, document, headers = kept.exchange("POST", GENERATIONS, BYTES)
    assert (status, document["error"]["param"]) == (413, "response_format")
    path = headers["location"].removeprefix("https://relay.example.net")
    status, told = kept.request("GET", path)
    assert (status, "url" in told["data"][0]) == (200, True)
    assert path in document["error"]["message"]
    assert kept.entries(told["id"]) == ["capture", "reserve"]


def test_a_relay_that_keeps_no_results_tells_where_they_are(here: Harness) -> None:
    working(here)
    answering(here, said({"created": 1, "data": [{"url": MADE[0]}]}))
    status, document = here.post(GENERATIONS, BYTES)
    assert (status, document["error"]["param"]) == (413, "response_format")
