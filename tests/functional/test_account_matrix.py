"""Everything in the catalog can be bought: each platform, kind and action, in its dialect, at the listed price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from relay.edge.wiring import catalog
from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.harness import Harness, harness
from tests.functional.refusals import refused

SEGMENTS = {"image": "images", "video": "videos", "music": "music"}
PLATFORMS = catalog().menus["aistudio"]
SOLD = [(name, kind.value) for name, offers in PLATFORMS.items() for kind in offers]
NOT_SOLD = [(name, kind) for name in PLATFORMS for kind in SEGMENTS if (name, kind) not in SOLD]
VIDEO = [name for name, kind in SOLD if kind == "video"]


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="10000") as made:
        yield made


def body(kind: str) -> dict[str, Any]:
    return {"prompt": "a cat"} | ({"action": "text2video"} if kind == "video" else {})


def handed_on(here: Harness, path: str, fields: dict[str, Any]) -> str:
    """A creation that is accepted and taken by an upstream; its id."""
    here.wait(11)  # KIE takes twenty new jobs in ten seconds
    status, made = here.post(path, fields)
    assert status == 200, made
    here.pump()
    task = here.task(made["task_id"])
    assert (task.state, here.entries(task.task_id)) == (State.QUEUED, ["reserve"])
    return task.task_id


def test_the_matrix_is_the_references() -> None:
    images = {"grok", "dreamina", "kling", "lovart", "krea"}
    videos = {"dreamina", "kling", "krea", "sora", "hailuo", "higgsfield", "heygen"}
    expected = {(name, "image") for name in images} | {(name, "video") for name in videos} | {("suno", "music")}

    assert set(SOLD) == expected


@pytest.mark.parametrize(("platform", "kind"), SOLD)
def test_every_kind_a_platform_sells_can_be_made(here: Harness, platform: str, kind: str) -> None:
    handed_on(here, f"/api/{platform}/{SEGMENTS[kind]}", body(kind))


@pytest.mark.parametrize(("platform", "kind"), NOT_SOLD)
def test_every_other_kind_is_not_implemented(here: Harness, platform: str, kind: str) -> None:
    refusal = refused(here, "POST", f"/api/{platform}/{SEGMENTS[kind]}", body(kind))

    assert (refusal.status, refusal.code) == (400, "API_NOT_IMPLEMENTED")


@pytest.mark.parametrize("platform", VIDEO)
@pytest.mark.parametrize(
    "fields",
    [
        {"action": "image2video", "image_url": "https://files.example/a.png"},
        {"action": "extend", "video_url": "https://files.example/a.mp4"},
        {"action": "text2video", "duration": 10, "aspect_ratio": "9:16"},
    ],
    ids=["image2video", "extend", "text2video"],
)
def test_every_action_of_every_video_platform_can_be_asked_for(
    here: Harness, platform: str, fields: dict[str, Any]
) -> None:
    handed_on(here, f"/api/{platform}/videos", {"prompt": "a cat", **fields})


PRICES = [
    ("/api/kling/images", {}, "0.20"),
    ("/api/kling/images", {"count": 10}, "2.00"),
    ("/api/kling/videos", {"action": "text2video"}, "1.75"),
    ("/api/kling/videos", {"action": "text2video", "duration": 10}, "3.50"),
    ("/api/kling/videos", {"action": "text2video", "duration": 7, "model": "kling-3.0"}, "4.20"),
    ("/api/sora/videos", {"action": "text2video", "duration": 15}, "10.80"),
    ("/api/suno/music", {"lyrics": "la la", "style": "pop, upbeat"}, "0.80"),
    ("/api/v1/gpt4o-image/generate", {"size": "1:1", "nVariants": 4}, "0.72"),
]


@pytest.mark.parametrize(("path", "fields", "price"), PRICES)
def test_what_is_made_costs_what_is_listed(here: Harness, path: str, fields: dict[str, Any], price: str) -> None:
    before = here.balance

    assert here.post(path, {"prompt": "a cat", **fields})[0] == 200

    assert before - here.balance == nanos(price)
    assert here.drift == 0


@pytest.mark.parametrize("platform", VIDEO)
def test_what_is_billed_is_what_is_asked_of_the_upstream(here: Harness, platform: str) -> None:
    handed_on(here, f"/api/{platform}/videos", body("video"))

    assert b'"duration":5' in here.network.sent("aistudio.submit")[-1].body
