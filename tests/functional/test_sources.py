"""One platform's requests, made by upstreams of other families: in their words, at the price of what they make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.axes import table
from tests.functional.harness import Harness, harness

FILM = {"prompt": "a kite", "action": "text2video", "aspect_ratio": "9:16"}
SORA = "/api/sora/videos"
NO_SUCH_MODEL = Answer(404, b'{"success": false, "error": {"code": "NOT_FOUND"}}', {})
OVERLOADED = Answer(429, b'{"code": "rate_limit_exceeded", "message": "too many requests", "data": null}', {})
BROKEN = Answer(502, b"<html>bad gateway</html>", {"content-type": "text/html"})


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="10000") as made:
        yield made


@table(
    "upstream, path, asked, path_there, sent, price",
    [
        (
            "kie",
            "/api/kling/videos",
            {**FILM, "model": "kling-v2-6", "duration": 7},
            "/api/v1/jobs/createTask",
            {"model": "kling-2.6/text-to-video", "duration": "10", "aspect_ratio": "9:16"},
            "4.00",
        ),
        (
            "kling",
            "/api/kling/videos",
            {**FILM, "model": "kling-3.0", "duration": 5},
            "/v1/videos/text2video",
            {"model_name": "kling-v3", "mode": "std", "duration": "5", "aspect_ratio": "9:16"},
            "3.00",
        ),
        (
            "newapi",
            SORA,
            {**FILM, "duration": 7},
            "/v1/videos",
            {"model": "sora-2", "seconds": "8", "size": "720x1280"},
            "5.76",
        ),
        (
            "newapi",
            SORA,
            {**FILM, "duration": 13},
            "/v1/video/create",
            {"model": "sora-2", "duration": 15, "orientation": "portrait"},
            "10.80",
        ),
        ("sora2api", SORA, {**FILM, "duration": 12}, "/v1/videos/generate", {"model": "sora2-portrait-15s"}, "10.80"),
        (
            "kie",
            "/api/dreamina/videos",
            {**FILM, "action": "image2video", "image_url": "https://client.example/a.png"},
            "/api/v1/jobs/createTask",
            {"model": "bytedance/v1-pro-image-to-video", "image_url": "https://client.example/a.png"},
            "1.50",
        ),
        (
            "kie",
            "/api/hailuo/videos",
            {**FILM, "duration": 6},
            "/api/v1/jobs/createTask",
            {"model": "hailuo/02-text-to-video-standard", "duration": "6", "aspect_ratio": "16:9"},
            "1.80",
        ),
        (
            "newapi",
            "/api/suno/music",
            {"prompt": "a kite", "lyrics": "up it goes", "style": "folk"},
            "/suno/submit/music",
            {"mv": "chirp-v5", "prompt": "up it goes", "tags": "folk"},
            "0.80",
        ),
        (
            "kie",
            "/v1/video/create",
            {"model": "veo3-fast", "prompt": "a kite", "orientation": "portrait"},
            "/api/v1/veo/generate",
            {"model": "veo3_fast", "aspect_ratio": "9:16", "duration": 8},
            "2.88",
        ),
        (
            "newapi",
            "/api/v1/veo/generate",
            {"model": "veo3", "prompt": "a kite", "aspect_ratio": "9:16", "duration": 8},
            "/v1/video/create",
            {"model": "veo3", "aspect_ratio": "9:16"},
            "14.40",
        ),
        (
            "newapi",
            "/api/grok/images",
            {"prompt": "a kite", "size": "1024x1024", "count": 3},
            "/v1/images/generations",
            {"model": "grok-imagine-image", "size": "1024x1024", "n": 3},
            "0.60",
        ),
    ],
)
def test_another_family_makes_it_in_its_own_words(
    here: Harness, *, upstream: str, path: str, asked: dict[str, Any], path_there: str, sent: dict[str, Any], price: str
) -> None:
    here.switch_on(upstream)
    before = here.balance
    status, made = here.post(path, asked)
    assert status == 200, made
    here.pump()
    call = here.network.sent(f"{upstream}.submit")[-1]
    body = json.loads(call.body)
    body = body.get("input", {}) | body
    assert call.url.endswith(f".example{path_there}")
    assert {name: body.get(name) for name in sent} == sent
    assert before - here.balance == nanos(price)


def test_a_length_that_no_source_with_a_key_makes_is_refused_with_those_there_are(here: Harness) -> None:
    here.switch_on("newapi", "sora2api")
    before = here.balance
    status, document = here.post(SORA, {**FILM, "duration": 30})
    assert (status, document["error"]["code"]) == (400, "INVALID_PARAMETER")
    assert document["error"]["message"] == "duration 必须是以下之一：4, 8, 10, 12, 15"
    assert here.balance == before


@table(
    "answers, asked, state, booked",
    [
        ({"aistudio": NO_SUCH_MODEL, "newapi": OVERLOADED}, (1, 1, 1), State.SUCCEEDED, ["capture", "reserve"]),
        ({"aistudio": NO_SUCH_MODEL, "newapi": BROKEN}, (1, 1, 0), State.TIMEOUT, ["release", "reserve"]),
        ({"aistudio": BROKEN}, (1, 0, 0), State.TIMEOUT, ["release", "reserve"]),
    ],
)
def test_a_certain_refusal_goes_to_the_next_family_and_an_unknown_outcome_to_none(
    here: Harness, answers: dict[str, Answer], asked: tuple[int, int, int], state: State, booked: list[str]
) -> None:
    here.switch_on("aistudio", "newapi", "sora2api")
    here.network.calls.clear()
    here.network.script |= {f"{name}.submit": [answer] for name, answer in answers.items()}
    status, made = here.post(SORA, {**FILM, "duration": 10})
    assert status == 200, made
    here.run(30)
    here.network.finish()
    here.run(4000, step=50)  # past the deadline of what nobody answered for
    assert tuple(len(here.network.sent(f"{name}.submit")) for name in ("aistudio", "newapi", "sora2api")) == asked
    assert here.task(made["task_id"]).state is state
    assert (here.entries(made["task_id"]), here.drift) == (booked, 0)
