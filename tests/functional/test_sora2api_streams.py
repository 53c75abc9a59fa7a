"""Sora2API's streams at the stream endpoint: progress, the result, what goes wrong, and who goes away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from relay.families import provider
from relay.nouns.task import State
from tests.functional.harness import simulated
from tests.functional.held_open import HeldOpen, held_open
from tests.functional.test_sora2api import CHARACTER, CHARACTER_FILM, DRAW, FILM, MOVIE

BOAT = {"prompt": "a paper boat", "stream": True}
KEYS = {"content", "reasoning_content", "tool_calls"}


@pytest.fixture(scope="module")
def relay() -> Iterator[HeldOpen]:
    with simulated() as here, held_open(here) as made:
        here.switch_on("sora2api")
        yield made


def events(answer: requests.Response) -> list[Any]:
    *said, last, rest = answer.text.split("\n\n")
    assert (last, rest) == ("data: [DONE]", ""), answer.text
    return [json.loads(each.removeprefix("data: ")) for each in said if not each.startswith(":")]


def watched(relay: HeldOpen, path: str, **fields: Any) -> tuple[list[Any], requests.Response]:
    answer = relay.post(path, {**BOAT, **fields})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream"), answer.text
    return events(answer), answer


def deltas(said: list[Any]) -> list[Any]:
    return [each["choices"][0]["delta"] for each in said]


def test_a_film_is_watched_from_its_id_to_its_address(relay: HeldOpen) -> None:
    before = relay.here.balance
    relay.pauses.clear()
    said, answer = watched(relay, FILM)
    task = relay.here.task(answer.headers["x-task-id"])
    (first, *others), last = deltas(said), said[-1]
    assert first["role"] == "assistant"
    assert all("role" not in each for each in others)
    assert all(each.keys() - {"role"} == KEYS for each in (first, *others))
    assert task.task_id in first["reasoning_content"]
    assert (last["model"], last["usage"]) == ("sora", {"prompt_tokens": 0, "completion_tokens": 1, "total_tokens": 1})
    assert all(each["usage"] == {"prompt_tokens": 0} for each in said[:-1])
    choice = last["choices"][0]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == ("STOP", "STOP")
    url = task.results[0].url
    assert choice["delta"]["content"] == f"```html\n<video src='{url}' controls></video>\n```"
    assert len(others) > 1
    assert (task.state, before - relay.here.balance) == (State.SUCCEEDED, task.price)


def test_pictures_and_characters_are_told_in_their_own_words(relay: HeldOpen) -> None:
    said, answer = watched(relay, DRAW)
    url = relay.here.task(answer.headers["x-task-id"]).results[0].url
    assert deltas(said)[-1]["content"] == f"![Generated Image]({url})"
    said, _ = watched(relay, CHARACTER, video=MOVIE)
    card, summary = deltas(said)[-1]["content"].split("\n")
    told = json.loads(card)
    assert (told["event"], summary) == ("character_card", f"Created, character @{told['card']['username']}")
    said, _ = watched(relay, CHARACTER_FILM, video=MOVIE)
    assert "<video src=" in deltas(said)[-1]["content"]


@pytest.mark.parametrize(
    ("outcome", "state", "says"), [("refuse", State.FAILED, "content policy"), ("fail", State.FAILED, "failed")]
)
def test_a_failure_is_an_event_and_the_money_comes_back(relay: HeldOpen, outcome: str, state: State, says: str) -> None:
    before = relay.here.balance
    said, answer = watched(relay, FILM, prompt=f"a boat [[outcome:{outcome}]]")
    assert said[-1]["error"].keys() == {"message", "type", "param", "code"}
    assert (said[-1]["error"]["type"], says in said[-1]["error"]["message"]) == ("server_error", True)
    assert relay.here.task(answer.headers["x-task-id"]).state is state
    assert (relay.here.balance, relay.here.drift) == (before, 0)


def test_a_stream_that_is_asked_for_again_tells_of_the_first_task(relay: HeldOpen) -> None:
    key = {"idempotency-key": "film-1"}
    first, again = (relay.post(DRAW, BOAT, headers=key) for _ in range(2))
    assert first.headers["x-task-id"] == again.headers["x-task-id"]
    (told,) = deltas(events(again))
    assert told == {"role": "assistant", **deltas(events(first))[-1]}
    assert relay.here.entries(first.headers["x-task-id"]) == ["capture", "reserve"]


def test_a_task_that_outlasts_its_line_is_no_end_to_any_reader_and_can_be_asked_for(relay: HeldOpen) -> None:
    asked = {**BOAT, "prompt": "a boat [[outcome:never]]"}
    answer = relay.post(FILM, asked, headers={"prefer": "wait=30"})
    task_id = answer.headers["x-task-id"]
    last = events(answer)[-1]["choices"][0]
    assert (f"/v1/tasks/{task_id}" in last["delta"]["reasoning_content"], last["finish_reason"]) == (True, None)
    seen = list(provider("sora2api").apis["chat"].read_stream(iter([answer.content])))
    assert [each for each in seen if each.state is not State.PROCESSING] == []
    told = relay.here.request("GET", f"/v1/tasks/{task_id}")[1]
    assert told["status"] == "processing"


def test_who_goes_away_ends_the_looks_and_not_the_task(relay: HeldOpen) -> None:
    left, waits = threading.Event(), threading.Event()
    ordinary = relay.pass_time

    def pass_time(seconds: float) -> None:
        relay.pauses.append(seconds)
        waits.set()
        assert left.wait(10)

    relay.pauses.clear()
    relay.pass_time = pass_time  # type: ignore[method-assign]
    try:
        answer = relay.post(FILM, BOAT, stream=True)
        task_id = answer.headers["x-task-id"]
        assert waits.wait(10)
        answer.close()
    finally:
        left.set()
        relay.pass_time = ordinary  # type: ignore[method-assign]
    relay.here.run(60)
    assert (relay.here.task(task_id).state, relay.here.entries(task_id)) == (State.SUCCEEDED, ["capture", "reserve"])
    assert len(relay.pauses) <= 2


def test_who_asks_for_no_stream_gets_the_film_however_long_it_takes(relay: HeldOpen) -> None:
    relay.pauses.clear()
    answer = relay.post(FILM, {"prompt": "a boat [[outcome:slow=300]]"})
    assert answer.status_code == 200
    assert "<video src=" in answer.json()["choices"][0]["message"]["content"]
    assert 250 < sum(relay.pauses) < 400


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        (FILM, {"prompt": " "}, "prompt"),
        (FILM, {"stream": "yes"}, "stream"),
        (FILM, {"model": "gpt-image"}, "model"),
        (CHARACTER, {"video": MOVIE, "stream": False}, "stream"),
        (CHARACTER, {}, "video"),
    ],
)
def test_what_is_wrong_is_told_before_any_stream_and_costs_nothing(
    relay: HeldOpen, path: str, fields: dict[str, Any], param: str
) -> None:
    before = relay.here.balance
    answer = relay.post(path, {**BOAT, **fields})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert (relay.here.balance, "x-task-id" in answer.headers) == (before, False)
