"""Midjourney end to end, on a simulated proxy: a picture, its buttons, and windows that ask before they go on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.harness import Harness
from tests.functional.midjourney import button, fetched, made, midjourney, sent, submitted
from tests.functional.network import CLIENT

IMAGINE, UPSCALE, MODAL = nanos("0.72"), nanos("0.36"), nanos("0.72")
FULL = nanos("100")


@pytest.fixture
def here() -> Iterator[Harness]:
    with midjourney() as made_here:
        yield made_here


def test_a_picture_is_made_scaled_up_and_zoomed_out_of_as_asked(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse", state="order-7"))
    assert (grid["status"], grid["action"], grid["progress"], grid["state"]) == (
        "SUCCESS",
        "IMAGINE",
        "100%",
        "order-7",
    )
    up = made(here, submitted(here, "action", taskId=grid["id"], customId=button(grid, "U2")))
    assert (up["status"], up["action"], up["customId"]) == ("SUCCESS", "UPSCALE", button(grid, "U2"))
    assert here.balance == FULL - IMAGINE - UPSCALE

    zoom = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom"))
    assert (fetched(here, zoom)["status"], here.balance) == ("MODAL", FULL - IMAGINE - UPSCALE)
    assert submitted(here, "modal", taskId=zoom, prompt="a lighthouse --zoom 1.8") == zoom
    wide = made(here, zoom)
    assert (wide["status"], wide["action"], wide["prompt"]) == ("SUCCESS", "CUSTOM_ZOOM", "a lighthouse --zoom 1.8")
    assert (here.balance, here.drift) == (FULL - IMAGINE - UPSCALE - MODAL, 0)

    jobs = [here.task(task["id"]).upstream_task_id for task in (grid, up)]
    asked = sent(here)
    assert [path for path, _ in asked] == [f"/mj/submit/{each}" for each in ("imagine", "action", "action", "modal")]
    assert [body.get("taskId") for _, body in asked[1:3]] == jobs
    assert asked[3][1]["prompt"] == "a lighthouse --zoom 1.8"


def test_a_window_nobody_confirms_costs_nothing_and_asks_nothing(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    up = made(here, submitted(here, "action", taskId=grid["id"], customId=button(grid, "U1")))
    zoom, before = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom")), here.balance
    here.run(1000, step=60)
    assert (here.task(zoom).state, here.balance, len(sent(here))) == (State.TIMEOUT, before, 2)
    assert fetched(here, zoom)["status"] == "FAILURE"


def test_a_notify_hook_is_told_of_each_change_with_the_whole_task(here: Harness) -> None:
    task_id = submitted(here, "imagine", prompt="a lighthouse", notifyHook=CLIENT)
    end = made(here, task_id)
    told = [json.loads(call.body) for call in here.told]
    assert told[-1] == {**end, "imageUrl": told[-1]["imageUrl"]}
    assert (told[-1]["status"], bool(told[-1]["buttons"]), bool(told[-1]["imageUrl"])) == ("SUCCESS", True, True)
    assert len(told) > 1
    assert {(each["id"], each["prompt"]) for each in told} == {(task_id, "a lighthouse")}
    assert not {each["status"] for each in told[:-1]} - {"SUBMITTED", "IN_PROGRESS"}
