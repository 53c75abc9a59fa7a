"""Bad requests to AI Studio's API: a 4xx that names the field; nothing stored, nothing charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.axes import each_once, table
from tests.functional.harness import Harness, harness
from tests.functional.refusals import refused

IMAGES, VIDEOS, MUSIC, TASKS = "/api/kling/images", "/api/kling/videos", "/api/suno/music", "/api/kling/tasks"
MISSING, INVALID = "MISSING_REQUIRED_FIELD", "INVALID_PARAMETER"
VIDEO = {"action": "text2video", "prompt": "a cat"}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


# What is sent, the code it is refused with, and the field the message names.
FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    (IMAGES, {}, MISSING, "prompt"),
    (IMAGES, {"prompt": None}, MISSING, "prompt"),
    (IMAGES, {"prompt": ""}, INVALID, "prompt"),
    (IMAGES, {"prompt": " \n"}, INVALID, "prompt"),
    (IMAGES, {"prompt": 7}, INVALID, "prompt"),
    (IMAGES, {"prompt": ["a cat"]}, INVALID, "prompt"),
    (IMAGES, {"prompt": {"text": "a cat"}}, INVALID, "prompt"),
    (IMAGES, {"prompt": "猫" * 20_001}, INVALID, "prompt"),
    (IMAGES, {"prompt": "a cat", "model": "no-such-model"}, INVALID, "model"),
    (IMAGES, {"prompt": "a cat", "model": 4}, INVALID, "model"),
    (IMAGES, {"prompt": "a cat", "count": 0}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "count": -1}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "count": 11}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "count": 10**18}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "count": 1.5}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "count": "2"}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "count": True}, INVALID, "count"),
    (IMAGES, {"prompt": "a cat", "size": "huge"}, INVALID, "size"),
    (IMAGES, {"prompt": "a cat", "size": "0x0"}, INVALID, "size"),
    (IMAGES, {"prompt": "a cat", "size": "99999x99999"}, INVALID, "size"),
    (IMAGES, {"prompt": "a cat", "size": 1024}, INVALID, "size"),
    (IMAGES, {"prompt": "a cat", "callback_url": 1}, INVALID, "callback_url"),
    (VIDEOS, {}, MISSING, "prompt"),
    (VIDEOS, {"prompt": "a cat"}, MISSING, "action"),
    (VIDEOS, {**VIDEO, "action": "text2music"}, INVALID, "action"),
    (VIDEOS, {**VIDEO, "action": ""}, INVALID, "action"),
    (VIDEOS, {**VIDEO, "action": 1}, INVALID, "action"),
    (VIDEOS, {**VIDEO, "action": "image2video"}, MISSING, "image_url"),
    (VIDEOS, {**VIDEO, "action": "image2video", "image_url": None}, MISSING, "image_url"),
    (VIDEOS, {**VIDEO, "action": "image2video", "image_url": ""}, INVALID, "image_url"),
    (VIDEOS, {**VIDEO, "action": "image2video", "image_url": "cat.png"}, INVALID, "image_url"),
    (VIDEOS, {**VIDEO, "action": "image2video", "image_url": "data:image/png;base64,AAAA"}, INVALID, "image_url"),
    (VIDEOS, {**VIDEO, "action": "image2video", "image_url": "https://u:w@a.example/"}, INVALID, "image_url"),
    (VIDEOS, {**VIDEO, "action": "extend"}, MISSING, "task_id"),
    (VIDEOS, {**VIDEO, "action": "extend", "task_id": "no-such-task"}, INVALID, "task_id"),
    (VIDEOS, {**VIDEO, "action": "extend", "task_id": 5}, INVALID, "task_id"),
    (VIDEOS, {**VIDEO, "action": "extend", "video_url": "cat.mp4"}, INVALID, "video_url"),
    (VIDEOS, {**VIDEO, "duration": 0}, INVALID, "duration"),
    (VIDEOS, {**VIDEO, "duration": -5}, INVALID, "duration"),
    (VIDEOS, {**VIDEO, "duration": 61}, INVALID, "duration"),
    (VIDEOS, {**VIDEO, "duration": 10**30}, INVALID, "duration"),
    (VIDEOS, {**VIDEO, "duration": "5"}, INVALID, "duration"),
    (VIDEOS, {**VIDEO, "duration": 2.5}, INVALID, "duration"),
    (VIDEOS, {**VIDEO, "aspect_ratio": "2:1"}, INVALID, "aspect_ratio"),
    (MUSIC, {"lyrics": "la la"}, MISSING, "prompt"),
    (MUSIC, {"prompt": "a song", "lyrics": 1}, INVALID, "lyrics"),
    (MUSIC, {"prompt": "a song", "lyrics": "la " * 10_000}, INVALID, "lyrics"),
    (MUSIC, {"prompt": "a song", "style": ["pop"]}, INVALID, "style"),
    (TASKS, {}, MISSING, "task_id"),
    (TASKS, {"task_id": ""}, INVALID, "task_id"),
    (TASKS, {"task_id": 17}, INVALID, "task_id"),
    (TASKS, {"task_id": "x" * 5000}, INVALID, "task_id"),
    ("/api/account/consumption", {"start_date": "01.02.2026"}, INVALID, "start_date"),
    ("/api/account/consumption", {"end_date": "2026-02-30"}, INVALID, "end_date"),
    ("/api/account/consumption", {"end_date": 20260230}, INVALID, "end_date"),
    ("/api/account/consumption", {"start_date": "2026-02-02", "end_date": "2026-02-01"}, INVALID, "end_date"),
    ("/api/account/consumption", {"platform": "midjourney"}, INVALID, "platform"),
    ("/api/account/consumption", {"page": 0}, INVALID, "page"),
    ("/api/account/consumption", {"page_size": 101}, INVALID, "page_size"),
    ("/api/account/consumption", {"page_size": "20"}, INVALID, "page_size"),
]


@table("path, body, code, field", FIELDS)
def test_a_wrong_field_is_named(here: Harness, path: str, body: dict[str, Any], code: str, field: str) -> None:
    refusal = refused(here, "POST", path, body)

    assert (refusal.status, refusal.code) == (400, code)
    assert field in refusal.message.split()


def deep(levels: int) -> bytes:
    return b'{"prompt": "a cat", "x": ' + b"[" * levels + b"]" * levels + b"}"


BODIES = {
    "half a document": b'{"prompt": "a cat"',
    "no document": b"prompt=a+cat",
    "two documents": b'{"prompt": "a cat"} {}',
    "an array": b'[{"prompt": "a cat"}]',
    "a string": b'"a cat"',
    "a number": b"7",
    "null": b"null",
    "NaN": b'{"prompt": "a cat", "count": NaN}',
    "Infinity": b'{"prompt": "a cat", "count": -Infinity}',
    "an endless number": b'{"prompt": "a cat", "count": 1e999}',
    "a very long number": b'{"prompt": "a cat", "count": ' + b"9" * 6000 + b"}",
    "nested too deep": deep(200),
    "nested beyond any stack": deep(50_000),
    "not UTF-8": b'{"prompt": "\xff\xfe"}',
    "another encoding": '{"prompt": "a cat"}'.encode("utf-16"),
    "half a surrogate pair": b'{"prompt": "\\ud800"}',
    "a prompt of 1 MB": json.dumps({"prompt": "x" * 1_000_000}).encode(),
}


@each_once(
    ("raw", BODIES.values()),
    ("path", [IMAGES, VIDEOS, MUSIC]),
)
def test_a_body_that_is_no_request_is_refused(here: Harness, path: str, raw: bytes) -> None:
    refusal = refused(here, "POST", path, raw=raw)

    assert (refusal.status, refusal.code) == (400, INVALID)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_a_body_of_another_type_is_refused(here: Harness, content_type: str) -> None:
    refusal = refused(here, "POST", IMAGES, {"prompt": "a cat"}, headers={"content-type": content_type})

    assert (refusal.status, refusal.code) == (400, INVALID)
    assert "Content-Type" in refusal.message


@pytest.mark.parametrize(
    "path", ["/api/midjourney/images", "/api/KLING/images", "/api/gpt4o-image/images", "/api/ /music"]
)
def test_an_unknown_platform_is_not_found(here: Harness, path: str) -> None:
    refusal = refused(here, "POST", path, {"prompt": "a cat"})

    assert (refusal.status, refusal.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/grok/videos", "/api/sora/images", "/api/suno/images", "/api/kling/music"])
def test_a_kind_the_platform_lacks_is_not_implemented(here: Harness, path: str) -> None:
    refusal = refused(here, "POST", path, {"prompt": "a cat"})

    assert (refusal.status, refusal.code) == (400, "API_NOT_IMPLEMENTED")


@table(
    "path",
    ["/", "/api", "/api/kling", "/api/kling/image", "/api/kling/images/", "/api/kling/images/1", "/v2/chat", "//"],
)
def test_an_unknown_path_is_not_found(here: Harness, path: str) -> None:
    refusal = refused(here, "POST", path, {"prompt": "a cat"})

    assert (refusal.status, refusal.code) == (404, "NOT_FOUND")
    assert "allow" not in refusal.headers


@each_once(
    ("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    ("path", [IMAGES, VIDEOS, MUSIC, TASKS, "/api/account/balance"]),
)
def test_another_method_is_told_which_would_do(here: Harness, method: str, path: str) -> None:
    refusal = refused(here, method, path)

    assert (refusal.status, refusal.code) == (404, "NOT_FOUND")
    assert refusal.headers["allow"] == "POST"
