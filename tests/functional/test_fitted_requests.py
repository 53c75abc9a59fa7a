"""Requests no upstream with a key can make are refused before the charge; what is made is what was charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow.services import UPSTREAMS_ON
from relay.nouns.catalog import Model
from relay.nouns.draft import Kind
from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness, harness

REFUSED = Answer(200, b'{"code": 455, "msg": "Service is currently undergoing maintenance", "data": null}', {})
FILM = {"prompt": "a kite", "action": "text2video", "model": "kling-3.0"}

PATHS = {Kind.IMAGE: "/api/{}/images", Kind.VIDEO: "/api/{}/videos", Kind.MUSIC: "/api/{}/music"}
KIE_GRID: list[dict[str, Any]] = [{"size": "3:2", "nVariants": count} for count in (1, 2, 4)]
GRID: dict[Kind, list[dict[str, Any]]] = {
    Kind.IMAGE: [{"count": count, "size": size} for count, size in ((1, "21:9"), (3, "1024x1024"), (10, "1:1"))],
    Kind.VIDEO: [
        {"action": "text2video"},
        *({"action": "text2video", "duration": seconds} for seconds in (1, 4, 15, 16, 60)),
    ],
    Kind.MUSIC: [{}, {"style": "folk"}],
}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as here:
        yield here


def sent(here: Harness, upstream: str) -> dict[str, Any]:
    here.pump()
    (call,) = here.network.sent(f"{upstream}.submit")
    body: dict[str, Any] = json.loads(call.body)
    return body


def assert_nothing_happened(here: Harness) -> None:
    here.run(30)
    assert here.balance == nanos(100)
    assert not here.network.jobs
    assert list(here.services.store.tasks.since(here.account_id, "0")) == []


def ordered(call: Call) -> dict[str, int]:
    """How many units an upstream was asked for."""
    body = json.loads(call.body)
    body = body.get("input", body)
    count = int(body.get("nVariants") or body.get("count") or 1)
    return {"call": 1, "image": count, "second": int(body.get("duration") or 0)}


def everything(here: Harness) -> Iterator[tuple[Model, str, dict[str, Any]]]:
    """A grid of requests over all that is sold, each with its model."""
    menus = here.services.catalog.menus
    pictures = menus["kie"]["gpt4o-image"][Kind.IMAGE].model(None)
    yield from ((pictures, "/api/v1/gpt4o-image/generate", {"prompt": "a kite", **body}) for body in KIE_GRID)
    for offer in menus["kie"]["market"].values():
        for name, model in offer.models.items():
            if "@" not in name:
                yield model, "/api/v1/jobs/createTask", {"model": name, "input": {"prompt": "a kite"}}
    for platform, offers in menus["aistudio"].items():
        for kind, offer in offers.items():
            for name, model in offer.models.items():
                path = PATHS[kind].format(platform)
                yield from ((model, path, {"prompt": "a kite", "model": name, **body}) for body in GRID[kind])


@pytest.mark.parametrize("upstreams", [("kie",), ("aistudio",), ("kie", "aistudio")], ids="+".join)
def test_whatever_is_accepted_is_charged_as_it_is_sent(upstreams: tuple[str, ...]) -> None:
    with harness(balance="100000") as here:
        here.switch_on(*upstreams)
        accepted = 0
        for model, path, body in everything(here):
            before, calls = here.balance, len(here.network.calls)
            status, document = here.post(path, body)
            here.pump()
            made = [call for what, call in here.network.calls[calls:] if what.endswith(".submit")]
            if status == 200:
                (call,) = made
                assert before - here.balance == model.price * ordered(call)[model.per], (path, body)
                accepted += 1
            else:
                assert (status, here.balance, made) == (400, before, []), (path, body, document)
            here.wait(2)  # KIE takes twenty in ten seconds
        assert accepted >= 10
        assert here.drift == 0


def test_a_model_that_is_sold_no_more_fails_at_once_and_the_money_goes_back(here: Harness) -> None:
    task_id = here.submit_image()
    here.services = replace(here.services, catalog=replace(here.services.catalog, models={}))
    here.run(60)

    assert here.task(task_id).state is State.FAILED
    assert (here.balance, here.drift) == (nanos(100), 0)


def test_a_length_that_is_rounded_up_is_charged_as_it_is_made(here: Harness) -> None:
    here.switch_on("kie")
    assert here.post("/api/kling/videos", {**FILM, "duration": 1})[0] == 200

    assert sent(here, "kie")["input"]["duration"] == "3"
    assert here.balance == nanos(100) - 3 * nanos("0.60")


def test_a_length_that_is_made_as_asked_is_charged_as_asked(here: Harness) -> None:
    assert here.post("/api/kling/videos", {**FILM, "duration": 1})[0] == 200

    assert sent(here, "aistudio")["duration"] == 1
    assert here.balance == nanos(100) - nanos("0.60")


def test_another_upstream_is_not_sent_what_it_would_make_at_another_price(here: Harness) -> None:
    here.network.script["aistudio.submit"] = [Answer(404, b'{"success": false, "error": {"code": "NOT_FOUND"}}')] * 9
    here.post("/api/kling/videos", {**FILM, "duration": 1})
    here.run(60)

    assert here.network.sent("kie.submit") == []
    assert (here.balance, here.drift) == (nanos(100), 0)


def test_another_upstream_that_makes_the_same_takes_over(here: Harness) -> None:
    here.network.script["kie.submit"] = [REFUSED]
    here.post("/api/kling/videos", {**FILM, "duration": 5})

    assert sent(here, "aistudio")["duration"] == 5


def test_more_images_than_the_first_upstream_makes_go_to_the_one_that_makes_them(here: Harness) -> None:
    assert here.post("/api/grok/images", {"prompt": "a kite", "count": 3})[0] == 200

    assert sent(here, "aistudio")["count"] == 3
    assert here.network.sent("kie.submit") == []


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/api/grok/images", {"prompt": "a kite", "count": 3}, "count 必须是以下之一：1"),
        ("/api/kling/videos", {**FILM, "duration": 16}, "duration 必须是以下之一：3-15"),
        (
            "/api/kling/videos",
            {**FILM, "action": "extend", "video_url": "https://a.example"},
            "action 该模型不支持 extend",
        ),
    ],
)
def test_what_the_upstreams_with_a_key_do_not_make_is_refused_before_the_charge(
    here: Harness, path: str, body: dict[str, Any], says: str
) -> None:
    here.switch_on("kie")
    status, document = here.post(path, body)

    assert (status, document["error"]["code"]) == (400, "INVALID_PARAMETER")
    assert document["error"]["message"] == says
    assert_nothing_happened(here)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/kling/images", {"prompt": "a kite"}),
        ("/api/sora/videos", {"prompt": "a kite", "action": "text2video"}),
        ("/api/kling/videos", {"prompt": "a kite", "action": "text2video"}),
    ],
)
def test_a_model_whose_upstreams_have_no_key_is_refused_before_the_charge(
    here: Harness, path: str, body: dict[str, Any]
) -> None:
    here.switch_on("kie")
    status, document = here.post(path, body)

    assert (status, document["error"]["code"]) == (400, "API_NOT_IMPLEMENTED")
    assert_nothing_happened(here)


def test_the_other_family_is_told_in_its_own_words(here: Harness) -> None:
    here.switch_on("aistudio")
    status, document = here.post("/api/v1/gpt4o-image/generate", {"prompt": "a kite", "size": "1:1"})

    assert (status, document["code"]) == (400, 505)
    assert_nothing_happened(here)


def test_with_one_key_the_models_it_makes_are_still_sold(here: Harness) -> None:
    here.switch_on("kie")
    assert here.post("/api/grok/images", {"prompt": "a kite"})[0] == 200


def test_without_a_list_of_keys_nothing_is_sold(here: Harness) -> None:
    del here.secrets.values[UPSTREAMS_ON]
    assert here.post("/api/grok/images", {"prompt": "a kite"})[0] == 400
    assert_nothing_happened(here)
