"""The unified video API on both sides: every spelling of an answer, and what clients may and may not ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from relay.families.newapi.dialect import DIALECT
from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Job, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.errors import BadInput, Unfit
from relay.nouns.wire import Inbound
from tests.speaking import CATALOG

API = PROVIDER.apis["video"]
PICTURE = "https://img.example/a.png"
DRAFT = Draft("newapi", "video", Kind.VIDEO, "sora-2", prompt="a cat", duration=10)
WIDE, TALL = "16:9", "9:16"


# --- The provider


def test_an_id_is_escaped_in_the_query() -> None:
    assert API.write_query(Job("sora-2:task_demo&x=/")).url == "/v1/video/query?id=sora-2%3Atask_demo%26x%3D%2F"


def sent(draft: Draft, model: str = "sora-2") -> dict[str, Any]:
    call = API.first_step(Order(draft, Source("newapi", model))).call
    body: dict[str, Any] = json.loads(call.body)
    assert (call.method, call.url, body.pop("model"), body.pop("prompt")) == (
        "POST", "/v1/video/create", model, draft.prompt
    )  # fmt: skip
    return body


@pytest.mark.parametrize(
    ("changes", "model", "body"),
    [
        ({}, "sora-2", {"images": [], "duration": 10}),
        ({"ratio": TALL}, "sora-2", {"images": [], "duration": 10, "orientation": "portrait"}),
        ({"size": "1920x1080"}, "sora-2", {"images": [], "duration": 10, "orientation": "landscape"}),
        ({"ratio": TALL}, "veo3.1", {"images": [], "aspect_ratio": TALL}),
        (
            {"options": {"resolution": "1080p", "watermark": False, "private": True, "enhance_prompt": False}},
            "sora-2-pro",
            {"images": [], "duration": 10, "size": "large", "watermark": False, "private": True}
            | {"enhance_prompt": False},
        ),
        ({"options": {"upsample": True}}, "veo3.1", {"images": [], "enable_upsample": True}),
        (
            {"media": (Medium(MediaRole.LAST_FRAME, PICTURE + "?2"), Medium(MediaRole.FIRST_FRAME, PICTURE))},
            "veo3.1-frames",
            {"images": [PICTURE, PICTURE + "?2"]},
        ),
    ],
)  # fmt: skip
def test_a_request_is_written_in_the_wires_words(changes: Any, model: str, body: dict[str, Any]) -> None:
    assert sent(replace(DRAFT, **changes), model) == body


def media(role: MediaRole, number: int = 1) -> dict[str, Any]:
    return {"media": tuple(Medium(role, PICTURE) for _ in range(number))}


@pytest.mark.parametrize(
    ("changes", "model", "about"),
    [
        ({"kind": Kind.IMAGE}, "sora-2", "model"),
        ({"action": "extend"}, "sora-2", "action"),
        (media(MediaRole.IMAGE, 2), "sora-2", "image"),
        (media(MediaRole.LAST_FRAME), "sora-2", "last_frame"),
        (media(MediaRole.LAST_FRAME), "veo3.1-frames", "last_frame"),
        (media(MediaRole.FIRST_FRAME, 2), "veo3-pro-frames", "image"),
        (media(MediaRole.REFERENCE, 4), "veo3.1-components", "image"),
        (media(MediaRole.VIDEO), "sora-2", "video"),
        ({"options": {"watermark": True}}, "sora-2", "watermark"),
        ({"options": {"resolution": "4k"}}, "sora-2", "resolution"),
        ({"options": {"upsample": True}}, "sora-2", "upsample"),
    ],
)
def test_what_the_wire_cannot_carry_is_unfit(changes: Any, model: str, about: str) -> None:
    with pytest.raises(Unfit) as caught:
        sent(replace(DRAFT, **changes), model)
    assert caught.value.about == about


# --- The dialect

CREATE = next(route for route in DIALECT.routes if route.path == "/v1/video/create")
LEAST = {"model": "sora-2", "prompt": "a cat"}


def read(body: dict[str, Any]) -> Draft:
    draft: Draft = CREATE.read(Inbound("POST", CREATE.path, body=json.dumps(body).encode()), CATALOG)
    return draft


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {}),
        ({"orientation": "portrait", "duration": 15}, {"ratio": TALL, "duration": 15}),
        ({"aspect_ratio": WIDE, "orientation": "landscape"}, {"ratio": WIDE}),
        ({"size": "small"}, {"options": {"resolution": "720p"}}),
        ({"size": "720x1280", "orientation": "portrait"}, {"size": "720x1280"}),
        ({"watermark": True, "private": True}, {"options": {"private": True}}),
        ({"watermark": False}, {"options": {"watermark": False}}),
        ({"enhance_prompt": True, "enable_upsample": False}, {"options": {"enhance_prompt": True, "upsample": False}}),
        ({"images": []}, {}),
        ({"images": [PICTURE]}, {"action": "image2video", **media(MediaRole.IMAGE)}),
        (
            {"model": "veo3.1-frames", "images": [PICTURE, PICTURE + "?2"]},
            {
                "model": "veo3.1-frames",
                "action": "image2video",
                "media": (Medium(MediaRole.FIRST_FRAME, PICTURE), Medium(MediaRole.LAST_FRAME, PICTURE + "?2")),
            },
        ),
        ({"user": "u-1", "stream": False, "prompt_language": "en"}, {}),
    ],
)
def test_a_clients_words_become_ours_and_fields_nobody_knows_are_left(body: Any, expected: dict[str, Any]) -> None:
    usual = replace(DRAFT, duration=None, action="text2video")
    assert read(LEAST | body) == replace(usual, **expected)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"model": None}, "model"),
        ({"model": "sora-9"}, "model"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"duration": 0}, "duration"),
        ({"duration": "15"}, "duration"),
        ({"images": [PICTURE] * 2}, "images"),
        ({"model": "veo3.1-frames", "images": [PICTURE] * 3}, "images"),
        ({"images": ["ftp://img.example/a"]}, "images[0]"),
        ({"orientation": "square"}, "orientation"),
        ({"orientation": "portrait", "aspect_ratio": WIDE}, "orientation"),
        ({"orientation": "portrait", "size": "1280x720"}, "size"),
        ({"size": "medium"}, "size"),
        ({"watermark": "no"}, "watermark"),
        ({"seconds": "15"}, "seconds"),
        ({"image": PICTURE}, "image"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_clients_own_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(LEAST | body)
    assert caught.value.field == field
