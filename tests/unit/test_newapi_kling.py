"""What Kling's API is asked in its words, and what of a request it cannot carry."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Job, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.errors import Unfit

API, DIRECT = PROVIDER.apis["kling"], PROVIDER.apis["kling-direct"]
DRAFT = Draft("aistudio", "kling", Kind.VIDEO, "any", prompt="a cat", action="text2video", duration=5)
MOVING = [{"trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]
CAMERA = {"type": "down_back"}


def media(*roles: MediaRole) -> dict[str, Any]:
    given = tuple(Medium(role, f"https://img.example/{number}") for number, role in enumerate(roles))
    return {"action": "image2video", "media": given}


def sent(changes: dict[str, Any], model: str = "kling-v2-6", sizes: tuple[str, ...] = ()) -> dict[str, Any]:
    call = API.first_step(Order(replace(DRAFT, **changes), Source("newapi", model, sizes=sizes))).call
    body: dict[str, Any] = json.loads(call.body)
    return body


def test_a_model_of_ours_is_theirs_with_a_mode() -> None:
    plain = {"prompt": "a cat", "duration": "5"}
    assert sent({}) == plain | {"model_name": "kling-v2-6", "mode": "std"}
    assert sent({}, "kling-v2-6-pro") == plain | {"model_name": "kling-v2-6", "mode": "pro"}


def test_a_shape_is_the_nearest_they_make() -> None:
    assert sent({"size": "1080x1920"})["aspect_ratio"] == "9:16"
    assert sent({"ratio": "9:16"}, sizes=("16:9", "1:1"))["aspect_ratio"] == "1:1"


@pytest.mark.parametrize(
    ("changes", "model", "about"),
    [
        ({"kind": Kind.IMAGE}, "kling-v2-6", "model"),
        ({"action": "extend"}, "kling-v2-6", "action"),
        ({"action": "image2video"}, "kling-v2-6", "image"),
        ({**media(MediaRole.IMAGE), "action": "text2video"}, "kling-v2-6", "image"),
        (media(MediaRole.IMAGE, MediaRole.IMAGE), "kling-v2-6", "image"),
        (media(MediaRole.IMAGE, MediaRole.LAST_FRAME, MediaRole.LAST_FRAME), "kling-v2-6", "last_frame"),
        (media(MediaRole.VIDEO), "kling-v2-6", "video"),
        (media(MediaRole.MASK), "kling-v2-6", "image"),
        (media(MediaRole.LAST_FRAME, MediaRole.MASK), "kling-v2-6", "mask"),
        (media(MediaRole.IMAGE, MediaRole.MASK, MediaRole.MASK), "kling-v2-6", "mask"),
        ({**media(MediaRole.IMAGE), "options": {"dynamic_masks": MOVING}}, "kling-v2-6", "dynamic_masks"),
        ({**media(MediaRole.IMAGE), "options": {"dynamic_masks": {}}}, "kling-v2-6", "dynamic_masks"),
        (media(MediaRole.IMAGE, MediaRole.LAST_FRAME, MediaRole.MASK), "kling-v2-6", "mask"),
        (
            {**media(MediaRole.IMAGE, MediaRole.LAST_FRAME), "options": {"camera_control": CAMERA}},
            "kling-v2-6",
            "last_frame",
        ),
        ({"options": {"sound": True}}, "kling-v2-5-turbo", "sound"),
        ({"options": {"sound": True}}, "kling-v1-pro", "sound"),
        ({"options": {"seed": 7}}, "kling-v2-6", "seed"),
    ],
)
def test_what_the_wire_cannot_carry_is_unfit(changes: dict[str, Any], model: str, about: str) -> None:
    with pytest.raises(Unfit) as caught:
        sent(changes, model)
    assert caught.value.about == about


def test_no_sound_is_no_wish_to_a_model_without_any() -> None:
    assert "sound" not in sent({"options": {"sound": False}}, "kling-v1")
    assert sent({"options": {"sound": False}}, "kling-v3")["sound"] == "off"


def test_a_job_is_asked_about_where_it_was_submitted() -> None:
    job = Job("a/b", "kling", "image2video")
    assert API.write_query(job).url == "/kling/v1/videos/image2video/a%2Fb"
    assert DIRECT.write_query(job).url == "/v1/videos/image2video/a%2Fb"
