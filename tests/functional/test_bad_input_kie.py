"""Bad requests to KIE's API: its envelope, its codes, the client's field name; nothing stored or charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.axes import table
from tests.functional.harness import Harness, harness
from tests.functional.refusals import refused

GENERATE, RECORD = "/api/v1/gpt4o-image/generate", "/api/v1/gpt4o-image/record-info"
DOWNLOAD = "/api/v1/gpt4o-image/download-url"
GOOD = {"prompt": "a cat", "size": "1:1"}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


FIELDS: list[tuple[str, dict[str, Any], str]] = [
    (GENERATE, {}, "size"),
    (GENERATE, {"size": "1:1"}, "prompt"),
    (GENERATE, {"size": "1:1", "prompt": "  "}, "prompt"),
    (GENERATE, {**GOOD, "prompt": 7}, "prompt"),
    (GENERATE, {**GOOD, "prompt": "x" * 1_000_000}, "prompt"),
    (GENERATE, {**GOOD, "size": "16:9"}, "size"),
    (GENERATE, {**GOOD, "size": 1}, "size"),
    (GENERATE, {**GOOD, "nVariants": 0}, "nVariants"),
    (GENERATE, {**GOOD, "nVariants": -2}, "nVariants"),
    (GENERATE, {**GOOD, "nVariants": 3}, "nVariants"),
    (GENERATE, {**GOOD, "nVariants": 10**12}, "nVariants"),
    (GENERATE, {**GOOD, "nVariants": "2"}, "nVariants"),
    (GENERATE, {**GOOD, "filesUrl": "https://a.example/a.png"}, "filesUrl"),
    (GENERATE, {**GOOD, "filesUrl": [f"https://a.example/{n}" for n in range(6)]}, "filesUrl"),
    (GENERATE, {**GOOD, "filesUrl": ["cat.png"]}, "filesUrl[0]"),
    (GENERATE, {**GOOD, "filesUrl": [None]}, "filesUrl[0]"),
    (GENERATE, {**GOOD, "fileUrl": "ftp://a.example/a.png"}, "fileUrl"),
    (GENERATE, {**GOOD, "maskUrl": "https://u:w@a.example/m.png"}, "maskUrl"),
    (GENERATE, {**GOOD, "callBackUrl": "hook"}, "callBackUrl"),
    (GENERATE, {**GOOD, "callBackUrl": "https://client.example:22/hook"}, "callBackUrl"),
    (GENERATE, {**GOOD, "callBackUrl": "http://client.example/hook"}, "callBackUrl"),
    (GENERATE, {**GOOD, "isEnhance": "yes"}, "isEnhance"),
    (GENERATE, {**GOOD, "fallbackModel": "OTHER"}, "fallbackModel"),
    (DOWNLOAD, {}, "imageUrl"),
    (DOWNLOAD, {"url": "cat.png"}, "url"),
    (DOWNLOAD, {"url": 1}, "url"),
]


@table("path, body, field", FIELDS)
def test_a_wrong_field_is_named(here: Harness, path: str, body: dict[str, Any], field: str) -> None:
    refusal = refused(here, "POST", path, body)

    assert (refusal.status, refusal.code) == (400, 400)
    assert field in refusal.message.split()


@pytest.mark.parametrize("query", ["", "?", "?taskId=", "?task_id=x"])
def test_a_record_of_no_task_names_the_field(here: Harness, query: str) -> None:
    refusal = refused(here, "GET", RECORD + query)

    assert refusal.code == 400
    assert "taskId" in refusal.message.split()


@table("task_id", ["none", "0" * 36, "x" * 3000, "..%2F..", "%00", "%ff", "a%23request", "%7B%7D", "%E7%8C%AB"])
def test_a_record_of_an_unknown_task_is_not_found(here: Harness, task_id: str) -> None:
    assert refused(here, "GET", f"{RECORD}?taskId={task_id}").code == 404


@pytest.mark.parametrize(
    "body", [{"url": "https://a.example/a.png"}, {"taskId": "none", "url": "https://a.example/a.png"}]
)
def test_a_link_nobody_made_is_not_found(here: Harness, body: dict[str, Any]) -> None:
    assert refused(here, "POST", DOWNLOAD, body).code == 404


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/veo/none", "/api/v1/gpt4o-image", "/api/v1/gpt4o-image/x"])
def test_an_unknown_path_is_not_found(here: Harness, path: str) -> None:
    assert refused(here, "POST", path, GOOD).code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", GENERATE, "POST"), ("PUT", GENERATE, "POST"), ("POST", RECORD, "GET"), ("DELETE", DOWNLOAD, "POST")],
)
def test_another_method_is_told_which_would_do(here: Harness, method: str, path: str, allowed: str) -> None:
    refusal = refused(here, method, path)

    assert refusal.code == 404
    assert refusal.headers["allow"] == allowed


def test_a_refusal_is_utf_8_that_any_client_can_read(here: Harness) -> None:
    refusal = refused(here, "POST", GENERATE, raw=json.dumps({**GOOD, "size": "大"}, ensure_ascii=False).encode())

    assert refusal.headers["content-type"] == "application/json"


@table(
    "path, body",
    [
        ("/api/v1/runway/generate", {"prompt": "a cat", "quality": "720p", "duration": 5, "taskId": "x" * 500_000}),
        ("/api/v1/jobs/createTask", {"model": "nano-banana-pro", "input": {"prompt": "a", "x" * 500_000: None}}),
    ],
)
def test_a_request_that_no_row_can_hold_is_refused_before_the_charge(
    here: Harness, path: str, body: dict[str, Any]
) -> None:
    assert refused(here, "POST", path, body).status == 413
