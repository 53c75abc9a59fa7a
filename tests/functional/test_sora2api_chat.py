"""Sora2API servers that have the chat route alone: what is made in a stream, and what comes of one that misbehaves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.axes import table
from tests.functional.harness import Harness, simulated
from tests.samples import sample

FILM, DRAW, CHARACTER = "/v1/videos/generate", "/v1/images/generate", "/v1/characters/create"
MOVIE = f"data:video/mp4;base64,{b64encode(sample('mp4')).decode()}"
DEADLINE = 3600  # seconds, the catalog's for films


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with simulated() as here:
        here.services.store.accounts.top_up(here.account_id, "more", nanos("1000"), here.now[0])
        here.network.upstreams["sora2api"].dedicated = False  # type: ignore[attr-defined]
        yield here


def made(here: Harness, path: str, body: dict[str, Any]) -> str:
    status, document = here.post(path, {"async_mode": True, **body})
    assert status == 200, document
    return str(document["task_id"])


def jobs(here: Harness, prompt: str) -> int:
    return len(here.network.upstreams["sora2api"].jobs(prompt))


@table(
    "path, body",
    [
        (FILM, {"prompt": "a boat", "style": "retro"}),
        (FILM, {"prompt": "a boat [[stream:malformed]]"}),
        ("/v1/videos/remix", {"prompt": "a boat", "remix_target_id": f"s_{'0' * 32}"}),
        ("/v1/videos/storyboard", {"prompt": "[5s]a boat [5s]it sails"}),
        ("/v1/videos/transform", {"prompt": "a boat", "image": b64encode(sample("png")).decode()}),
        (DRAW, {"prompt": "a boat"}),
        (CHARACTER, {"video": MOVIE}),
    ],
)
def test_what_is_streamed_is_made_once_and_paid(here: Harness, path: str, body: dict[str, Any]) -> None:
    upstream = here.network.upstreams["sora2api"]
    before = upstream.jobs_created
    task_id = made(here, path, body)
    here.run(30)
    status, document = here.request("GET", f"/v1/tasks/{task_id}")
    assert (status, document["status"]) == (200, "completed"), document
    assert document["result_urls"]["username"] if path == CHARACTER else len(document["result_urls"]) == 1
    assert (upstream.jobs_created - before, here.entries(task_id)) == (
        1,
        ["capture", "reserve"],
    )


@table("marker, says", [("outcome:refuse", "content policy"), ("outcome:fail", "the generation failed")])
def test_a_stream_that_tells_of_a_failure_ends_its_task_and_is_refunded(here: Harness, marker: str, says: str) -> None:
    prompt, balance = f"a boat [[{marker}]]", here.balance
    task_id = made(here, FILM, {"prompt": prompt})
    here.run(30)
    _, document = here.request("GET", f"/v1/tasks/{task_id}")
    assert (document["status"], says in document["error_message"]) == ("failed", True), document
    assert (jobs(here, prompt), here.entries(task_id), here.balance) == (1, ["release", "reserve"], balance)


@table("fault", ["cut", "endless", "html"])
def test_a_stream_without_an_outcome_is_held_never_sent_again_and_refunded_at_the_deadline(
    here: Harness, fault: str
) -> None:
    prompt, balance = f"a boat [[stream:{fault}]]", here.balance
    task_id = made(here, FILM, {"prompt": prompt})
    here.run(DEADLINE - 100, step=600)
    task = here.task(task_id)
    assert (task.terminal, task.sending, jobs(here, prompt)) == (False, True, 1)
    assert here.balance == balance - task.price
    here.run(200, step=60)
    assert (here.task(task_id).state, jobs(here, prompt), here.balance) == (State.TIMEOUT, 1, balance)


def test_a_server_held_back_by_cloudflare_is_tried_again_later_although_it_says_stop(
    here: Harness,
) -> None:
    simulator, prompt = here.network.upstreams["sora2api"], "a boat in the queue"
    simulator.faults.plan("stream", ["busy", None])
    task_id = made(here, FILM, {"prompt": prompt})
    here.run(5)
    assert (here.task(task_id).unsent, jobs(here, prompt)) == (True, 1)
    here.run(120)
    assert (here.task(task_id).state, jobs(here, prompt)) == (State.SUCCEEDED, 2)
