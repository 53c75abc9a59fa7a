"""What we promise to send KIE's Market: each model's own names, and nothing a model would leave half made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from relay.families.kie.provider import PROVIDER
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.errors import Unfit
from tests.axes import table

APIS = PROVIDER.apis
OURS = "https://relay.example/callbacks/kie/ref/token"
IMAGE = Draft("aistudio", "grok", Kind.IMAGE, "any", prompt="a cat")
ANY = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")
SIZES = {
    "grok-imagine/text-to-image": ("1:1", "16:9", "9:16", "3:2", "2:3"),
    "gpt-image/1.5-text-to-image": ("1:1", "2:3", "3:2"),
    "kling-3.0/video": ("16:9", "9:16", "1:1"),
}
PICTURES = tuple(f"https://files.example/{number}.png" for number in range(20))


def images(number: int) -> tuple[Medium, ...]:
    return tuple(Medium(MediaRole.IMAGE, url) for url in PICTURES[:number])


def body(draft: Draft, model: str, callback_url: str | None = None) -> Any:
    source = Source("kie", model, "market", sizes=SIZES.get(model, ANY))
    return json.loads(APIS["market"].first_step(Order(draft, source, callback_url)).call.body)


def market(model: str, **changes: Any) -> Mapping[str, Any]:
    document = body(replace(IMAGE, **changes), model)
    assert document["model"] == model
    found: Mapping[str, Any] = document["input"]
    return found


def test_market_wraps_the_input_beside_the_model() -> None:
    assert body(IMAGE, "qwen/text-to-image", OURS) == {
        "model": "qwen/text-to-image",
        "callBackUrl": OURS,
        "input": {"prompt": "a cat"},
    }


@table(
    "model, field, value",
    [
        ("nano-banana-pro", "image_input", list(PICTURES[:1])),
        ("nano-banana-2-lite", "image_input", list(PICTURES[:1])),
        ("google/nano-banana-edit", "image_urls", list(PICTURES[:1])),
        ("gpt-image/1.5-image-to-image", "input_urls", list(PICTURES[:1])),
        ("seedream/4.5-edit", "image_urls", list(PICTURES[:1])),
        ("grok-imagine/image-to-image", "image_urls", list(PICTURES[:1])),
        ("kling-3.0/video", "image_urls", list(PICTURES[:1])),
        ("kling-2.6/image-to-video", "image_urls", list(PICTURES[:1])),
        ("hailuo/02-image-to-video-pro", "image_url", PICTURES[0]),
        ("hailuo/2-3-image-to-video-standard", "image_url", PICTURES[0]),
        ("a-model/of-tomorrow", "image_urls", list(PICTURES[:1])),
    ],
)
def test_market_images_go_where_the_model_looks(model: str, field: str, value: object) -> None:
    found = market(model, media=images(1))
    assert {name: found[name] for name in found if "image_" in name or "_urls" in name} == {field: value}


@pytest.mark.parametrize(
    ("model", "too_many"),
    [
        ("nano-banana-pro", 9),
        ("kling-3.0/video", 3),
        ("grok-imagine/text-to-image", 1),
        ("seedream/4.5-text-to-image", 1),
    ],
)
def test_market_leaves_images_a_model_lacks_to_another_upstream(model: str, too_many: int) -> None:
    with pytest.raises(Unfit) as caught:
        market(model, media=images(too_many))
    assert caught.value.about == "image"


@table(
    "model, size, field, sent",
    [
        ("grok-imagine/text-to-image", "1024x1024", "aspect_ratio", "1:1"),
        ("grok-imagine/text-to-image", "4:3", "aspect_ratio", "3:2"),
        ("grok-imagine/text-to-image", None, "aspect_ratio", None),
        ("seedream/4.5-text-to-image", "4:3", "aspect_ratio", "4:3"),
        ("seedream/4.5-text-to-image", None, "aspect_ratio", "1:1"),
        ("gpt-image/1.5-text-to-image", "16:9", "aspect_ratio", "3:2"),
        ("gpt-image/1.5-text-to-image", None, "aspect_ratio", "1:1"),
        ("google/nano-banana", "9:16", "image_size", "9:16"),
        ("kling-3.0/video", "4:5", "aspect_ratio", "1:1"),
        ("kling-3.0/video", "3:4", "aspect_ratio", "9:16"),
        ("kling-3.0/video", "4:3", "aspect_ratio", "16:9"),
        ("kling-3.0/video", None, "aspect_ratio", "16:9"),
    ],
)
def test_market_shape_is_one_the_model_knows(model: str, size: str | None, field: str, sent: str | None) -> None:
    assert market(model, size=size).get(field) == sent


@pytest.mark.parametrize(
    ("model", "required"),
    [
        ("seedream/4.5-text-to-image", {"quality": "basic"}),
        ("gpt-image/1.5-text-to-image", {"quality": "medium"}),
        ("kling-3.0/video", {"mode": "std", "sound": False, "multi_shots": False}),
        ("kling-2.6/text-to-video", {"sound": False}),
    ],
)
def test_market_fields_a_model_requires_are_there(model: str, required: dict[str, object]) -> None:
    assert required.items() <= market(model).items()


def test_market_duration_is_text() -> None:
    assert market("kling-3.0/video", duration=5)["duration"] == "5"


@pytest.mark.parametrize(
    ("about", "change"), [("count", {"count": 2}), ("mask", {"media": (Medium(MediaRole.MASK, PICTURES[0]),)})]
)
def test_market_leaves_what_it_cannot_make_to_another_upstream(about: str, change: dict[str, Any]) -> None:
    with pytest.raises(Unfit) as caught:
        market("kling-3.0/video", **change)
    assert caught.value.about == about
