"""What the KIE dialect promises to read: every field good and bad, and nothing but errors of the tree."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from relay.catalog.file import shipped
from relay.families import dialect
from relay.families.asked import Download, TaskQuery
from relay.families.kie.dialect import DIALECT
from relay.families.uses import CREATE, DOWNLOAD, RECORD
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, Kind, MediaRole, Medium
from relay.nouns.errors import BadInput, InvalidParameter, MissingField, NotFound, TaskNotFound
from relay.nouns.wire import Inbound
from tests.axes import table
from tests.speaking import Speaker

CATALOG = shipped()
CLIENT = Speaker(DIALECT, paths=tuple(route.path for route in DIALECT.routes if "gpt4o" in route.path))
GOOD = {"prompt": "a cat", "size": "1:1"}
URL = "https://files.example/a.png"
BAD_URLS = [
    "",
    "a.png",
    "ftp://files.example/a.png",
    "javascript:alert(1)",
    "https://",
    "https:///a.png",
    "https://user:secret@files.example/a.png",
    "https://user@files.example/a.png",
    "https://files.example\\@other.example/a.png",
    "https://files.example/a b.png",
    "https://files.example/\ta.png",
    "https://files.example:notaport/",
    "https://files.example:0x1/",
    "https://[files.example/",
    "https://files.example/" + "a" * 2048,
]


def inbound(body: object = None, **query: str) -> Inbound:
    return Inbound("POST", "/api/v1/gpt4o-image/generate", query=query, body=json.dumps(body).encode())


def create(**fields: object) -> Draft:
    return CLIENT.read(CREATE, inbound(GOOD | fields))


def test_registry_finds_the_dialect() -> None:
    assert dialect("kie") is DIALECT


def pictures(*urls: str) -> tuple[Medium, ...]:
    return tuple(Medium(MediaRole.IMAGE, url) for url in urls)


def test_least_request_becomes_a_draft_of_the_catalog() -> None:
    raw = {"prompt": "a cat", "size": "1:1"}
    assert create() == Draft("kie", "gpt4o-image", Kind.IMAGE, "gpt4o-image", prompt="a cat", size="1:1", raw=raw)


GOOD_FIELDS: list[tuple[str, object, str, object]] = [
    *[("size", size, "size", size) for size in ("1:1", "3:2", "2:3")],
    *[("nVariants", count, "count", count) for count in (1, 2, 4)],
    ("prompt", "猫" * 20_000, "prompt", "猫" * 20_000),
    ("filesUrl", [URL, URL + "?2"], "media", pictures(URL, URL + "?2")),
    ("filesUrl", [f"{URL}?{number}" for number in range(5)], "media", pictures(*(f"{URL}?{n}" for n in range(5)))),
    ("filesUrl", [], "media", ()),
    ("filesUrl", None, "media", ()),
    ("fileUrl", URL, "media", pictures(URL)),
    ("filesUrl", ["http://files.example:8080/a.png"], "media", pictures("http://files.example:8080/a.png")),
    ("maskUrl", URL, "media", (Medium(MediaRole.MASK, URL),)),
    ("callBackUrl", "http://127.0.0.1:9/hook", "callback", Callback("http://127.0.0.1:9/hook")),
    ("isEnhance", True, "options", {"enhance_prompt": True}),
    ("isEnhance", False, "options", {"enhance_prompt": False}),
    ("uploadCn", True, "options", {"upload_cn": True}),
    ("enableFallback", True, "options", {"enable_fallback": True}),
    ("fallbackModel", "FLUX_MAX", "options", {"fallback_model": "FLUX_MAX"}),
    ("fallbackModel", "GPT_IMAGE_1", "options", {"fallback_model": "GPT_IMAGE_1"}),
    ("isEnhance", None, "options", {}),
    ("unknown", {"deep": []}, "options", {}),
]


def test_good_field_is_read() -> None:
    drafts = [(create(**{field: value}), name, read) for field, value, name, read in GOOD_FIELDS]
    assert [(draft, name) for draft, name, read in drafts if getattr(draft, name) != read] == []


BAD_FIELDS: dict[str, list[object]] = {
    "size": ["16:9", "", "1024x1024", 1, ["1:1"], {}],
    "nVariants": [0, 3, 5, -1, "1", 1.0, True, [1]],
    "prompt": [1, ["a"], {}, "a" * 20_001],
    "filesUrl": [URL, {}, 1, [f"{URL}?{number}" for number in range(6)]],
    "filesUrl[0]": [[bad] for bad in (*BAD_URLS, 1, None)],
    "fileUrl": [*BAD_URLS, 1, [URL]],
    "maskUrl": [*BAD_URLS, 1, [URL]],
    "callBackUrl": [*BAD_URLS, 1, [URL]],
    "isEnhance": ["true", 1, 0, []],
    "uploadCn": ["true", 1, 0, []],
    "enableFallback": ["true", 1, 0, []],
    "fallbackModel": ["flux_max", "", 1, True],
}


def named(field: str, value: object) -> str | None:
    """The field a refusal names, None where there is none."""
    try:
        create(**{field.partition("[")[0]: value})
    except InvalidParameter as refusal:
        return refusal.field
    return None


@table("field, all_bad", BAD_FIELDS.items(), ids=list(BAD_FIELDS))
def test_bad_field_is_refused_by_name(field: str, all_bad: list[object]) -> None:
    assert [bad for bad in all_bad if named(field, bad) != field] == []


@table(
    "body, field",
    [
        ({"prompt": "a"}, "size"),
        ({"prompt": "a", "size": None}, "size"),
        ({"size": "1:1"}, "prompt"),
        ({"size": "1:1", "prompt": " \n"}, "prompt"),
        ({"size": "1:1", "filesUrl": []}, "prompt"),
        ({}, "size"),
    ],
)
def test_missing_field_is_named(body: dict[str, object], field: str) -> None:
    with pytest.raises(MissingField) as caught:
        CLIENT.read(CREATE, inbound(body))
    assert caught.value.field == field


@pytest.mark.parametrize("files", [{"filesUrl": [URL]}, {"fileUrl": URL}])
def test_a_file_needs_no_prompt(files: dict[str, object]) -> None:
    assert CLIENT.read(CREATE, inbound({"size": "1:1", **files})).media == pictures(URL)


def test_deprecated_file_joins_the_others_once() -> None:
    assert create(filesUrl=[URL, URL + "?2"], fileUrl=URL).media == pictures(URL, URL + "?2")


def test_each_input_is_known_by_the_clients_own_field() -> None:
    draft = create(filesUrl=[URL, URL + "?2"], fileUrl=URL + "?3", maskUrl=URL, callBackUrl=URL)

    assert [medium.field for medium in draft.media] == ["filesUrl[0]", "filesUrl[1]", "fileUrl", "maskUrl"]
    assert [each.field for each in (draft.callback,) if each] == ["callBackUrl"]
    assert [draft.client_word(about) for about in ("image", "mask", "count")] == ["filesUrl", "maskUrl", "nVariants"]


def test_deprecated_file_counts_towards_the_limit() -> None:
    with pytest.raises(InvalidParameter):
        create(filesUrl=[f"{URL}?{number}" for number in range(5)], fileUrl=URL)


def test_raw_keeps_known_fields_as_sent() -> None:
    assert create(nVariants=2, fileUrl=URL).raw == {**GOOD, "nVariants": 2, "fileUrl": URL}


def test_raw_leaves_out_what_nobody_checked() -> None:
    assert "junk" not in create(junk="a" * 10**6).raw


def test_price_is_per_image() -> None:
    model = CATALOG.models["gpt4o-image"]
    assert model.cost(create(nVariants=4)) == 4 * model.cost(create())


@table("body", [b"{", b"[]", b'"a"', b"null", b"\xff", b"<html>", b'{"prompt":"\\ud800","size":"1:1"}', b"[" * 100_000])
def test_unreadable_body_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        CLIENT.read(CREATE, Inbound("POST", "/", body=body))


def test_platform_not_in_the_catalog_is_not_found() -> None:
    empty = Catalog("CNY", Decimal("7.2"), 8, {}, {}, {}, {}, {})
    with pytest.raises(NotFound):
        Speaker(DIALECT, empty).read(CREATE, inbound(GOOD))


def test_query_names_the_task() -> None:
    task_id = "0197e2a4-0000-7000-8000-000000000001"
    assert CLIENT.read(RECORD, inbound(taskId=task_id)) == TaskQuery(task_id, "gpt4o-image")


@pytest.mark.parametrize("query", [{}, {"taskId": ""}, {"task_id": "a"}])
def test_query_without_task_id_is_refused_by_name(query: dict[str, str]) -> None:
    with pytest.raises(MissingField) as caught:
        CLIENT.read(RECORD, inbound(**query))
    assert caught.value.field == "taskId"


@table("task_id", ["a#request", "a/b", "a b", "a\n", "\ud800", "猫", "a" * 101])
def test_query_for_what_cannot_be_a_task_finds_none(task_id: str) -> None:
    with pytest.raises(TaskNotFound):
        CLIENT.read(RECORD, inbound(taskId=task_id))


@table(
    "body, download",
    [
        ({"imageUrl": URL}, Download(None, URL)),
        ({"url": URL}, Download(None, URL)),
        ({"taskId": "T1", "url": URL}, Download("T1", URL)),
        ({"taskId": "T1", "url": URL, "imageUrl": URL + "?old"}, Download("T1", URL)),
        ({"taskId": "", "url": "", "imageUrl": URL}, Download(None, URL)),
        ({"url": URL + "?signature=" + "a" * 3000}, Download(None, URL + "?signature=" + "a" * 3000)),
    ],
)
def test_download_takes_either_name(body: dict[str, Any], download: Download) -> None:
    assert CLIENT.read(DOWNLOAD, inbound(body)) == download


@table(
    "body, field",
    [
        ({}, "imageUrl"),
        ({"taskId": "T1"}, "imageUrl"),
        ({"url": 1}, "url"),
        ({"imageUrl": [URL]}, "imageUrl"),
        ({"url": URL, "taskId": 1}, "taskId"),
        *[({"url": bad}, "url") for bad in BAD_URLS[1:-1]],
        ({"url": "https://files.example/" + "a" * 4096}, "url"),
        ({"imageUrl": "file:///etc/hosts"}, "imageUrl"),
    ],
)
def test_download_of_no_url_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        CLIENT.read(DOWNLOAD, inbound(body))
    assert caught.value.field == field


def test_download_of_what_cannot_be_a_task_finds_none() -> None:
    with pytest.raises(TaskNotFound):
        CLIENT.read(DOWNLOAD, inbound({"url": URL, "taskId": "a#request"}))
