"""Upstreams that take bytes and no addresses: inputs are read before the task is claimed, and bounded."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families.provider import MediaForm
from relay.flow import inlining
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer
from tests.functional.harness import Harness
from tests.functional.holding import ANSWERING, AT_ONCE, run, said, speaking
from tests.functional.network import PICTURE, Script
from tests.samples import sample

FILM = {"prompt": "a cat", "action": "image2video", "duration": 5, "model": "kling-3.0"}
URI = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
URL = "https://files.example/in.png"


def film_of(here: Harness, image_url: str, *files: Script, held: bool = False) -> Task:
    """A film made from a picture, by an upstream that takes bytes; the second takes addresses."""
    api = replace(ANSWERING if held else AT_ONCE, media_form=MediaForm.DATA)
    here.services = speaking(here.services, api)
    here.network.script = {"file": list(files), "kie.submit": [said(urls=["https://files.example/a.mp4"])]}
    status, made = here.post("/api/kling/videos", FILM | {"image_url": image_url})
    assert status == 200, made
    return run(here, made["task_id"])


def sent(here: Harness) -> list[object]:
    return [json.loads(call.body)["media"] for call in here.network.sent("kie.submit")]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("url", [URI, URL], ids=["stored", "an address"])
def test_an_input_is_sent_as_its_bytes(here: Harness, url: str, held: bool) -> None:
    task = film_of(here, url, held=held)

    assert (task.state, sent(here)) == (State.SUCCEEDED, [[URI]])


UNUSABLE: dict[str, Callable[[], Script]] = {
    "gone": lambda: Answer(404),
    "a page": lambda: Answer(200, b"<html>"),
    "a film": lambda: Answer(200, sample("mp4")),
    "an address we do not go to": lambda: EgressRefused("points to an address that is not public"),
}


@pytest.mark.parametrize("file", UNUSABLE.values(), ids=UNUSABLE)
def test_an_input_that_is_none_ends_the_task_with_the_money_back(here: Harness, file: Callable[[], Script]) -> None:
    task = film_of(here, URL, file())

    assert (task.state, task.fault and task.fault.code) == (State.FAILED, "INPUT_FETCH_FAILED")
    assert (sent(here), here.entries(task.task_id)) == ([], ["release", "reserve"])


ELSEWHERE: dict[str, Callable[[], Script]] = {
    "too large": lambda: Answer(200, PICTURE + bytes(inlining.MOST_EACH)),
    "silent": lambda: NoAnswer("ReadTimeout"),
    "not reached": lambda: NotSent("ConnectTimeout"),
    "broken": lambda: Answer(503),
    "a redirect": lambda: Answer(302, headers={"location": "https://elsewhere.example/"}),
}


@pytest.mark.parametrize("file", ELSEWHERE.values(), ids=ELSEWHERE)
def test_an_input_that_cannot_be_inlined_goes_by_its_address_to_the_next_source(
    here: Harness, file: Callable[[], Script]
) -> None:
    task = film_of(here, URL, file())

    assert (task.state, task.upstream, sent(here)) == (State.QUEUED, "aistudio", [])
    assert here.entries(task.task_id) == ["reserve"]
    assert film_of(here, URL).upstream == "kie", "the input was at fault, and the upstream is asked again"


def test_all_inputs_of_a_request_have_one_bound(here: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlining, "MOST_TOGETHER", len(PICTURE) - 1)

    assert film_of(here, URI).upstream == "aistudio"
