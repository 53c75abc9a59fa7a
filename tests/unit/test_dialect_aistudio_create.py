"""What a client of the aistudio family may ask to be made: every field, good and bad."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.catalog.file import shipped
from relay.families.aistudio.dialect import DIALECT
from relay.families.bodies import MAX_TEXT
from relay.families.uses import CREATE
from relay.nouns.draft import Callback, Draft, MediaRole, Medium, Parent
from relay.nouns.errors import BadInput, MissingField
from relay.nouns.wire import Inbound
from tests.axes import each_once, table
from tests.speaking import Speaker

CATALOG = shipped()
CLIENT = Speaker(DIALECT)
GROK, KLING, SUNO = "/api/grok/images", "/api/kling/videos", "/api/suno/music"
URL = "https://img.example/a.png"
LONG_URL = "https://img.example/".ljust(2048, "a")
HOOK = "https://me.example/hook?a=1#x"


def create(path: str, **fields: object) -> Draft:
    """The draft of a minimal good request, with some of its fields changed."""
    minimal = {"prompt": "a fox", "action": "text2video"} if path == KLING else {"prompt": "a fox"}
    body = json.dumps({**minimal, **fields}).encode()
    return CLIENT.read(CREATE, Inbound("POST", path, params={"platform": path.split("/")[2]}, body=body))


GOOD_FIELDS: list[tuple[str, dict[str, object], str, object]] = [
    (GROK, {"prompt": "画一只狐狸 🦊"}, "prompt", "画一只狐狸 🦊"),
    (GROK, {"prompt": "x" * MAX_TEXT}, "prompt", "x" * MAX_TEXT),
    (GROK, {"count": 10}, "count", 10),
    (GROK, {"count": None}, "count", 1),
    (GROK, {"size": "1024x1024"}, "size", "1024x1024"),
    (GROK, {"size": "64x4096"}, "size", "64x4096"),
    (GROK, {"size": "16:9"}, "size", "16:9"),
    (GROK, {}, "size", None),
    (GROK, {"action": 5, "lyrics": []}, "action", ""),
    (KLING, {"model": "kling-3.0"}, "model", "kling-3.0"),
    (KLING, {}, "model", "kling-v1"),
    (KLING, {}, "action", "text2video"),
    (KLING, {"duration": 1}, "duration", 1),
    (KLING, {"duration": 60}, "duration", 60),
    (KLING, {}, "duration", 5),
    (KLING, {"aspect_ratio": "9:16"}, "ratio", "9:16"),
    (KLING, {"aspect_ratio": "1:1"}, "ratio", "1:1"),
    (KLING, {}, "ratio", "16:9"),
    (KLING, {"action": "image2video", "image_url": URL}, "media", (Medium(MediaRole.IMAGE, URL),)),
    (KLING, {"action": "image2video", "image_url": LONG_URL}, "media", (Medium(MediaRole.IMAGE, LONG_URL),)),
    (KLING, {"image_url": URL}, "media", ()),
    (KLING, {"action": "extend", "task_id": "T1"}, "parent", Parent("T1")),
    (KLING, {"action": "extend", "video_url": URL}, "media", (Medium(MediaRole.VIDEO, URL),)),
    (KLING, {"action": "extend", "task_id": "T1", "video_url": URL}, "media", ()),
    (KLING, {"task_id": "T1"}, "parent", None),
    (SUNO, {"lyrics": "one\ntwo"}, "options", {"lyrics": "one\ntwo"}),
    (SUNO, {"style": "pop, upbeat"}, "options", {"style": "pop, upbeat"}),
    (SUNO, {}, "options", {}),
    (SUNO, {"callback_url": HOOK}, "callback", Callback(HOOK)),
    (GROK, {"callback_url": "http://me.example:8080/hook"}, "callback", Callback("http://me.example:8080/hook")),
    (KLING, {"callback_url": "https://[2001:db8::1]/hook"}, "callback", Callback("https://[2001:db8::1]/hook")),
]  # fmt: skip


def test_a_good_field_reaches_the_draft() -> None:
    drafts = [(create(path, **fields), name, value) for path, fields, name, value in GOOD_FIELDS]
    assert [(draft, name) for draft, name, value in drafts if getattr(draft, name) != value] == []


def test_nothing_is_kept_of_a_request_that_is_never_echoed() -> None:
    assert create(GROK, size="1:1", extra={"a": [1]}).raw == {}


BAD_URLS = [
    "",
    "img.example/a.png",
    "/a.png",
    "ftp://img.example/a.png",
    "javascript:alert(1)",
    "https://",
    "https:///a.png",
    "https://[::1/a.png",
    "https://img.example:99999/a.png",
    "https://img.example:port/a.png",
    "https://img.example/a b.png",
    "https://img.example/\ta.png",
    "https://img.example\n.evil.example/a.png",
    "https://good.example\\@evil.example/a.png",
    "https://user:word@img.example/a.png",
    "https://user@img.example/a.png",
    "https://@img.example/a.png",
    LONG_URL + "a",
    5,
    ["https://img.example/a.png"],
]


@each_once(
    ("url", BAD_URLS),
    (
        "path, field",
        [
            (GROK, "callback_url"),
            (KLING, "callback_url"),
            (SUNO, "callback_url"),
            (KLING, "image_url"),
            (KLING, "video_url"),
        ],
    ),
)
def test_a_bad_url_is_named(path: str, field: str, url: object) -> None:
    with pytest.raises(BadInput) as caught:
        create(path, **{field: url})
    assert (caught.value.code, caught.value.field) == ("INVALID_PARAMETER", field)


@pytest.mark.parametrize("field", ["callback_url", "video_url"])
def test_only_a_picture_may_come_inline(field: str) -> None:
    with pytest.raises(BadInput) as caught:
        create(KLING, **{field: "data:image/png;base64,AAAA"})
    assert caught.value.field == field


def test_an_inline_picture_has_no_bound_of_a_url() -> None:
    inline = "data:image/png;base64," + "A" * 1_000_000
    assert create(KLING, action="image2video", image_url=inline).urls(MediaRole.IMAGE) == [inline]


BAD_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    *[(GROK, {"prompt": value}, "prompt") for value in ("", "  \n", 5, ["x"], "x" * (MAX_TEXT + 1))],
    *[(GROK, {"count": value}, "count") for value in (0, 11, -1, "2", 2.0, True)],
    *[
        (GROK, {"size": value}, "size")
        for value in ("", "big", "63x64", "64x4097", "1024X1024", "1024x", "0:1", "1:1 ", "64x64\n", "٦٤x٦٤", 64)
    ],
    (GROK, {"model": "nope"}, "model"),
    (GROK, {"model": 5}, "model"),
    (SUNO, {"model": "nope"}, "model"),
    *[(KLING, {"action": value}, "action") for value in ("", "remix", "TEXT2VIDEO", 5)],
    *[(KLING, {"duration": value}, "duration") for value in (0, 61, -5, "5", 5.5, True, 10**400)],
    *[(KLING, {"aspect_ratio": value}, "aspect_ratio") for value in ("", "4:3", "16x9", 1)],
    *[(KLING, {"action": "extend", "task_id": value}, "task_id") for value in ("", "T" * 201, 5)],
    *[(SUNO, {"lyrics": value}, "lyrics") for value in ("x" * (MAX_TEXT + 1), 5, ["x"])],
    *[(SUNO, {"style": value}, "style") for value in ("x" * 1001, 5)],
    (GROK, {"callback_url": "https://me.example/回调"}, "callback_url"),
]  # fmt: skip


def refused(path: str, fields: dict[str, object]) -> tuple[str, str | None] | None:
    """The code of a refusal and the field it names, None where there is none."""
    try:
        create(path, **fields)
    except BadInput as refusal:
        return refusal.code, refusal.field
    return None


def test_a_bad_field_is_named() -> None:
    assert [row for row in BAD_FIELDS if refused(row[0], row[1]) != ("INVALID_PARAMETER", row[2])] == []


@table(
    "path, fields, named",
    [
        (GROK, {"prompt": None}, "prompt"),
        (KLING, {"prompt": None}, "prompt"),
        (SUNO, {"prompt": None}, "prompt"),
        (KLING, {"action": None}, "action"),
        (KLING, {"action": "image2video"}, "image_url"),
        (KLING, {"action": "extend"}, "task_id"),
    ],
)
def test_a_missing_field_is_named(path: str, fields: dict[str, object], named: str) -> None:
    with pytest.raises(MissingField) as caught:
        create(path, **fields)
    assert caught.value.field == named


def test_what_is_not_known_has_no_bound_for_it_is_not_kept() -> None:
    assert create(GROK, extra="x" * 1_000_000) == create(GROK)


URLS = st.text(st.sampled_from("htps:/[]@.\\%#?1a é\t\u2100"), max_size=20).map("http://".__add__)


@given(URLS)
def test_any_url_is_read_or_named(url: str) -> None:
    with suppress(BadInput):
        assert create(GROK, callback_url=url).callback == Callback(url)


@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_any_text_is_a_prompt_as_it_was_sent(prompt: str) -> None:
    assert create(SUNO, prompt=prompt).prompt == prompt
