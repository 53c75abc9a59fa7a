"""Sora2API's clients: what is refused before any charge, what is charged, and who waits."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow.uploads import MAX_DIRECT
from relay.nouns.draft import Kind, MediaRole, Medium
from relay.nouns.money import nanos
from relay.nouns.wire import Json
from tests.axes import table
from tests.functional.harness import Harness, simulated
from tests.functional.network import CLIENT
from tests.functional.refusals import stored_state
from tests.samples import sample

FILM, ANIMATE, REMIX, BOARD = (f"/v1/videos/{what}" for what in ("generate", "transform", "remix", "storyboard"))
CHARACTER, CHARACTER_FILM = "/v1/characters/create", "/v1/characters/generate"
MOVIE = f"data:video/mp4;base64,{b64encode(sample('mp4')).decode()}"
DRAW, REDRAW = "/v1/images/generate", "/v1/images/transform"
TARGET, OTHER = f"s_{'0123456789abcdef' * 2}", f"s_{'fedcba9876543210' * 2}"
PICTURE = b64encode(sample("png")).decode()
IMAGE = (Medium(MediaRole.IMAGE, f"data:image/png;base64,{PICTURE}"),)
LARGE = b64encode(sample("png").ljust(MAX_DIRECT + 1, b"\0")).decode()


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with simulated() as here:
        here.services.store.accounts.top_up(here.account_id, "more", nanos("1000"), here.now[0])
        yield here


@pytest.fixture
def here(shared: Harness) -> Iterator[Harness]:
    whole, held = shared.services, shared.secrets.values
    yield shared
    shared.services, shared.secrets.values = whole, held
    shared.__post_init__()


def ask(here: Harness, path: str, body: dict[str, Any]) -> tuple[int, Json]:
    return here.post(path, {"prompt": "a paper boat", "async_mode": True, **body})


@table(
    "path, body, param, says",
    [
        (FILM, {"model": "sora3-landscape-10s"}, "model", "Invalid model: sora3-landscape-10s"),
        (FILM, {"model": "sora2"}, "model", "Invalid model: sora2"),
        (FILM, {"model": "sora2pro-hd-landscape-25s"}, "model", "Invalid model"),
        (FILM, {"model": ""}, "model", "Invalid model: "),
        (FILM, {"model": "gpt-image"}, "model", "makes no video"),
        (DRAW, {"model": "sora2-landscape-10s"}, "model", "makes no image"),
        (FILM, {"style": "baroque"}, "style", "must be one of: festive"),
        (FILM, {"style": "anime", "prompt": "a boat {Retro}"}, "style", "contradicts"),
        (FILM, {"prompt": "a {anime} boat {Retro}"}, "prompt", "two styles"),
        (FILM, {"prompt": f"a boat {TARGET} {OTHER}"}, "prompt", "two videos"),
        (DRAW, {"style": "anime"}, "style", "is not read here"),
        (FILM, {"prompt": "  "}, "prompt", "prompt is required"),
        (FILM, {"prompt": "{anime}"}, "prompt", "prompt is required"),
        (FILM, {"stream": True, "async_mode": False}, "stream", "stream endpoint"),
        (FILM, {"image": PICTURE}, "image", "/transform"),
        (FILM, {"remix_target_id": TARGET}, "remix_target_id", "/v1/videos/remix"),
        (BOARD, {}, "prompt", "must hold shots"),
        (BOARD, {"prompt": "[5 s]a boat"}, "prompt", "must hold shots"),
        (BOARD, {"prompt": "[5S]a boat"}, "prompt", "must hold shots"),
        (BOARD, {"prompt": "[5s]a boat [5 s]it sails"}, "prompt", "bracket"),
        (BOARD, {"prompt": "[wide] sea [5s]a boat"}, "prompt", "bracket"),
        (BOARD, {"prompt": "[0.0s]a boat"}, "prompt", "without a length"),
        (FILM, {"prompt": "[5s] [5s]a boat"}, "prompt", "without a length or without a text"),
        (BOARD, {"prompt": f"[5s]a boat {TARGET}"}, "prompt", "shots and a film"),
        (REMIX, {}, "remix_target_id", "is required"),
        (REMIX, {"remix_target_id": TARGET[:-1]}, "remix_target_id", "must be like s_"),
        (REMIX, {"remix_target_id": TARGET.upper()}, "remix_target_id", "must be like s_"),
        (REMIX, {"remix_target_id": f"{TARGET}0"}, "remix_target_id", "must be like s_"),
        (REMIX, {"remix_target_id": "../../v1/models"}, "remix_target_id", "must be like s_"),
        (REMIX, {"remix_target_id": TARGET, "prompt": f"a boat {OTHER}"}, "remix_target_id", "contradicts"),
        (REMIX, {"prompt": f"https://sora.chatgpt.com/p/{TARGET}"}, "prompt", "no text beside"),
        (REMIX, {"remix_target_id": TARGET, "image": PICTURE}, "image", "/transform"),
        (ANIMATE, {"image": PICTURE, "remix_target_id": TARGET}, "remix_target_id", "/v1/videos/remix"),
        (ANIMATE, {"image": PICTURE, "prompt": f"a boat {TARGET}"}, "image", "film to remake"),
        (ANIMATE, {}, "image", "image is required"),
        (ANIMATE, {"image": "not base64!"}, "image", "must be an http"),
        (ANIMATE, {"image": "data:image/png;base64,AAA"}, "image", "is not valid base64"),
        (ANIMATE, {"image": f"data:image/png;base64,{b64encode(b'<html>').decode()}"}, "image", "image"),
        (ANIMATE, {"image": f"data:image/png;base64,{b64encode(sample('mp4')).decode()}"}, "image", "image"),
        (CHARACTER, {"video": MOVIE, "stream": True, "async_mode": False}, "stream", "stream endpoint"),
        (CHARACTER_FILM, {"video": MOVIE, "async_mode": False}, "stream", "must be true"),
        (CHARACTER, {}, "video", "video is required"),
        (CHARACTER, {"video": f"data:video/mp4;base64,{PICTURE}"}, "video", "video"),
        (CHARACTER, {"video": MOVIE, "timestamps": "3,0"}, "timestamps", "must be two times"),
        (CHARACTER_FILM, {"video": MOVIE, "style": "anime"}, "style", "is not read here"),
        (CHARACTER_FILM, {"video": MOVIE, "model": "gpt-image"}, "model", "makes no video"),
        (REDRAW, {"image": f"data:image/png;base64,{LARGE}"}, "image", "larger"),
    ],
)
def test_bad_input_is_named_by_its_field_and_costs_nothing(
    here: Harness, path: str, body: dict[str, Any], param: str, says: str
) -> None:
    before = stored_state(here)
    status, document = ask(here, path, body)
    assert (status, document["error"]["type"]) == (413 if says == "larger" else 400, "invalid_request_error"), document
    assert document["error"]["param"] == param
    assert says in document["error"]["message"]
    assert stored_state(here) == before


def test_pro_models_are_not_taken_where_no_pro_account_is(here: Harness) -> None:
    here.switch_on("sora2api")
    before = stored_state(here)
    for model in ("sora2pro-landscape-10s", "sora2-portrait-25s", "sora2pro-hd-portrait-15s"):
        status, document = ask(here, FILM, {"model": model})
        assert (status, document["error"]["message"]) == (503, "No available tokens for this model")
    assert stored_state(here) == before
    assert ask(here, FILM, {})[0] == 200


def test_a_pro_model_off_the_menu_says_what_it_needs(here: Harness) -> None:
    sold, menus = here.services.catalog, dict(here.services.catalog.menus)
    offer = menus["sora2api"]["sora2"][Kind.VIDEO]
    plain = replace(offer, models={"sora2": offer.models["sora2"]})
    menus["sora2api"] = {"sora2": {Kind.VIDEO: plain}}
    here.services = replace(here.services, catalog=replace(sold, menus=menus))
    here.__post_init__()
    _, document = ask(here, FILM, {"model": "sora2-portrait-25s"})
    assert (
        document["error"]["message"]
        == "Invalid model: sora2-portrait-25s needs a Pro account, which there is none of here"
    )


@table(
    "path, body, price, sent",
    [
        (
            FILM,
            {"prompt": "a boat {aNiMe} at {sea}"},
            "1.00",
            {"options": {"style": "anime"}, "prompt": "a boat at {sea}"},
        ),
        (FILM, {"model": "sora2pro-portrait-25s"}, "7.50", {"model": "sora2pro", "ratio": "9:16", "duration": 25}),
        (
            FILM,
            {"prompt": f"https://sora.chatgpt.com/p/{TARGET}?psh=a a cat"},
            "1.00",
            {"options": {"remix_target": TARGET}},
        ),
        (
            FILM,
            {"model": "sora2pro-hd-portrait-15s", "prompt": "[5s]a [9.5s]b"},
            "1.50",
            {"model": "sora2", "duration": 15},
        ),
        (
            BOARD,
            {"model": "sora2pro-landscape-25s", "prompt": "[5s]a"},
            "3.75",
            {"model": "sora2-25s", "prompt": "[5s]a"},
        ),
        (ANIMATE, {"image": PICTURE}, "1.00", {"action": "image2video", "media": IMAGE}),
        (REDRAW, {"image": PICTURE, "model": "gpt-image-portrait"}, "0.10", {"size": "360x540", "media": IMAGE}),
    ],
)
def test_what_is_charged_is_what_the_upstream_reads(
    here: Harness, path: str, body: dict[str, Any], price: str, sent: dict[str, Any]
) -> None:
    status, document = ask(here, path, body)
    assert status == 200, document
    here.run(1)
    task = here.task(document["task_id"])
    job = here.network.jobs[task.upstream_task_id or ""]
    assert task.price == nanos(price)
    assert {name: getattr(job.request, name) for name in sent} == sent


def test_an_account_with_a_hook_is_told_of_the_end(here: Harness) -> None:
    here.services.store.accounts.change(here.account_id, hooks=[CLIENT])
    here.wait(60)  # until running functions see it
    _, made = ask(here, DRAW, {})
    here.run(30)
    told = json.loads(here.told[-1].body)
    assert told == here.request("GET", f"/v1/tasks/{made['task_id']}")[1] | {"result_urls": told["result_urls"]}
    assert (told["status"], len(told["result_urls"])) == ("completed", 1)
    here.services.store.accounts.change(here.account_id, hooks=[])


def test_who_waits_is_told_of_a_failure_as_an_error_and_of_a_long_film_as_a_task(here: Harness) -> None:
    here.services = replace(here.services, pause=lambda seconds: here.run(seconds, step=1))
    refused = {"prompt": "a boat [[outcome:refuse]]", "async_mode": False}
    status, document = ask(here, DRAW, refused)
    assert (status, document["error"]["type"]) == (400, "invalid_request_error")
    assert "content policy" in document["error"]["message"]
    status, document = ask(here, FILM, {"prompt": "a boat [[outcome:never]]", "async_mode": False})
    assert (status, document["status"]) == (202, "processing")
    assert here.request("GET", f"/v1/tasks/{document['task_id']}")[0] == 200
