"""The images API at an upstream: every answer met, and what is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium
from relay.nouns.errors import Refused, Unfit, UnknownOutcome
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.unit.asking import submitted

SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "fixtures/newapi/images.json").read_text("utf-8"))
API = PROVIDER.apis["images"]
SIZES = ("1024x1024", "1536x1024", "1024x1536")


def answer(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"retry-after": "9"})


def order(**asked: Any) -> Order:
    draft = Draft("newapi", "images", Kind.IMAGE, "gpt-image-1", "a boat", **asked)
    return Order(draft, Source("newapi", "gpt-image-1", "images", sizes=SIZES))


@pytest.mark.parametrize("name", SAID["made"])
def test_pictures_are_read_however_they_come(name: str) -> None:
    said = SAID["made"][name]
    seen = submitted(API, answer(said["answer"]))
    assert seen.state is State.SUCCEEDED
    assert [each.url for each in seen.assets if each.data is None] == said["urls"]
    assert [each.data.hex() for each in seen.assets if each.data is not None] == said["files"]


@pytest.mark.parametrize("name", SAID["refusals"])
def test_a_refusal_is_certain(name: str) -> None:
    said = SAID["refusals"][name]
    with pytest.raises(Refused) as caught:
        submitted(API, answer(said["answer"], said["status"]))
    no = caught.value
    assert (no.elsewhere, no.key, no.task_code) == (said["elsewhere"], said["key"], said["task_code"])
    assert no.wait == (9 if said["status"] == 429 else None)


def test_what_may_hide_pictures_is_no_refusal() -> None:
    for said in SAID["unknown"].values():
        with pytest.raises(UnknownOutcome):
            submitted(API, answer(said["answer"], said["status"]))


def test_a_shape_is_the_nearest_and_pixels_are_exact() -> None:
    assert json.loads(API.first_step(order(ratio="16:9")).call.body)["size"] == "1536x1024"
    assert "size" not in json.loads(API.first_step(order()).call.body)
    with pytest.raises(Unfit, match="size must be one of"):
        API.first_step(order(size="3840x2160"))


def test_too_many_inputs_and_a_mask_alone_are_not_sent() -> None:
    image, mask = Medium(MediaRole.IMAGE, "https://a.example/"), Medium(MediaRole.MASK, "https://a.example/")
    for media in ((image,) * 17, (image, mask, mask), (mask,)):
        with pytest.raises(Unfit):
            API.first_step(order(media=media))
