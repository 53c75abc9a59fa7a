"""Pictures for an upstream that has an image host: they are uploaded there before the request is made with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.effects.outbound import NoAnswer, NotSent
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.crashes import Killed
from tests.functional.harness import KEYS, Harness, harness
from tests.functional.network import PICTURE, URLS, Script

PATH, URL = "/kling/v1/videos/image2video", "https://img.example/tail.png"
INLINE = base64.b64encode(PICTURE).decode()
FILM = {"model_name": "kling-v1", "prompt": "a boat", "image": INLINE}
REFUSED = Answer(400, b'{"message": "only pictures below 5 MB"}')
HTML = Answer(502, b"<html>")


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        made.switch_on("newapi")
        yield made


@pytest.fixture
def here(shared: Harness) -> Harness:
    return shared.begin_anew()


def film(here: Harness, uploads: list[Script], submits: list[Script], **fields: Any) -> Task:
    here.network.script = {"newapi.upload": uploads, "newapi.submit": submits}
    status, made = here.post(PATH, FILM | fields)
    assert status == 200, made
    here.pump()
    return here.task(made["data"]["task_id"])


def steps(here: Harness) -> list[str]:
    return [what for what, _ in here.network.calls if what in ("newapi.upload", "newapi.submit")]


def asked(here: Harness) -> Any:
    return json.loads(here.network.sent("newapi.submit")[-1].body)


def test_a_picture_of_ours_is_uploaded_and_an_address_of_others_is_not(here: Harness) -> None:
    task = film(here, [], [], image_tail=URL)

    (upload,) = here.network.sent("newapi.upload")
    assert upload.url == f"{URLS['newapi.image_host']}/api/upload"
    assert upload.headers["authorization"] == f"Bearer {KEYS['upstreams/newapi/key']}"
    assert b'name="file"' in upload.body
    assert PICTURE in upload.body
    assert (asked(here)["image"], asked(here)["image_tail"]) == ("https://files.example/1.png", URL)
    here.network.finish()
    here.run(60)
    assert here.task(task.task_id).state is State.SUCCEEDED


def test_each_picture_is_an_upload_of_its_own(here: Harness) -> None:
    """More than the steps that an upstream may ask for: these are ours."""
    ways = [[{"x": 1, "y": 2}, {"x": 3, "y": 4}]] * 4
    moving = [{"mask": INLINE, "trajectories": way} for way in ways]
    task = film(here, [], [], static_mask=INLINE, dynamic_masks=moving)

    assert (steps(here), task.state) == ([*["newapi.upload"] * 6, "newapi.submit"], State.QUEUED)
    said = asked(here)
    shown = [said["image"], said["static_mask"], *(each["mask"] for each in said["dynamic_masks"])]
    assert sorted(shown) == [f"https://files.example/{number}.png" for number in range(1, 7)]


def test_an_upstream_without_an_image_host_is_sent_links(here: Harness) -> None:
    with_host = here.services.catalog
    newapi = replace(with_host.upstreams["newapi"], image_host="")
    here.services = replace(
        here.services, catalog=replace(with_host, upstreams={**with_host.upstreams, "newapi": newapi})
    )
    film(here, [], [])
    here.services = replace(here.services, catalog=with_host)

    assert steps(here) == ["newapi.submit"]
    assert asked(here)["image"].startswith("https://media.s3")


@pytest.mark.parametrize(
    "failure", [NotSent("x"), NoAnswer("ReadTimeout"), HTML, REFUSED, Answer(401), Answer(200, b'{"url": 7}')], ids=repr
)
def test_an_upload_that_fails_sends_nothing_and_the_money_comes_back(
    here: Harness, failure: Answer | Exception
) -> None:
    task, before = film(here, [failure] * 20, []), here.balance
    here.run(600)

    task = here.task(task.task_id)
    assert (task.state, task.fault and task.fault.code) == (State.FAILED, "API_ERROR")
    assert (set(steps(here)), here.entries(task.task_id)) == ({"newapi.upload"}, ["release", "reserve"])
    assert (here.balance - before, here.drift) == (task.price, 0)


@pytest.mark.parametrize(
    ("failure", "ends", "entries"),
    [(REFUSED, State.FAILED, ["release", "reserve"]), (NoAnswer("ReadTimeout"), State.SUBMITTING, ["reserve"])],
    ids=["refused", "lost"],
)
def test_a_submission_that_fails_after_the_upload_is_sent_once(
    here: Harness, failure: Answer | Exception, ends: State, entries: list[str]
) -> None:
    task = film(here, [], [failure])
    here.run(60)

    assert (here.task(task.task_id).state, here.entries(task.task_id)) == (ends, entries)
    assert steps(here) == ["newapi.upload", "newapi.submit"]


def test_a_worker_killed_between_the_steps_leaves_a_task_that_is_sent(here: Harness) -> None:
    def uploaded_and_killed(call: Call) -> Answer:
        raise Killed

    here.network.script = {"newapi.upload": [uploaded_and_killed]}
    _, made = here.post(PATH, FILM)
    with pytest.raises(Killed):
        here.pump()
    task_id = made["data"]["task_id"]
    assert (here.task(task_id).unsent, here.task(task_id).sending) == (True, False)

    here.run(600)
    assert steps(here) == ["newapi.upload", "newapi.upload", "newapi.submit"]
    assert here.task(task_id).state in (State.QUEUED, State.PROCESSING)
