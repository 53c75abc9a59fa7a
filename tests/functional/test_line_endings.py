"""However a model call ends, its client learns it, it is charged once, and what was taken for it is given back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.functional.streaming import FIRST, SECOND, Line, streaming, until, with_two_sources

DONE = "data: [DONE]\n\n"
# What goes wrong before an answer has begun: in a stream, then in an answer of one piece.
EARLY = ("status=500", "status=401", "status=429", "status=302", "html", "error-first", "silence")
EARLY_WHOLE = (*EARLY, "error", "cut", "malformed")
LATE = ("error", "cut", "malformed", "endless")
UNHARMFUL = ("no-usage", "huge")


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with streaming(catalog=with_two_sources(), seconds=1.2, silence=0.4) as made:
        yield made


@pytest.fixture
def line(relay: Line) -> Line:
    relay.here.services.resting.clear()
    return relay


def events(text: str) -> list[Any]:
    said = [each.removeprefix("data: ") for each in text.split("\n\n") if each.startswith("data: ")]
    return [json.loads(each) for each in said if each != "[DONE]"]


def words(text: str) -> str:
    return "".join(choice["delta"].get("content") or "" for each in events(text) for choice in each.get("choices", ()))


def test_bytes_reach_the_client_as_they_arrive(line: Line) -> None:
    with line.chat_open("Tell [[inference:slow=0.02]]") as pieces:
        first = next(pieces)
        came = time.monotonic()
        rest = list(pieces)
    assert first.count(b"data: ") == 1
    assert len(rest) > 10
    assert time.monotonic() - came > 10 * 0.02
    until(line.settled)


def test_a_client_that_goes_away_stops_the_upstream_and_pays_for_what_had_come(line: Line) -> None:
    before, left = line.spent, line.upstreams[FIRST].book.streams["left"]
    with line.chat_open("Tell [[inference:endless]]") as pieces:
        next(pieces)
    until(lambda: line.upstreams[FIRST].book.streams["left"] == left + 1)
    until(line.settled)
    assert 0 < line.spent - before == line.calls[-1].used


def test_a_client_that_does_not_wait_for_a_whole_answer_pays_for_its_prompt(line: Line) -> None:
    before, left = line.spent, line.upstreams[FIRST].book.streams["left"]
    with pytest.raises(requests.Timeout):
        line.chat("Tell [[newapi/inference:endless]]", timeout=0.2)
    until(lambda: line.upstreams[FIRST].book.streams["left"] == left + 1)
    until(line.settled)
    assert 0 < line.spent - before == line.calls[-1].used
    assert line.here.services.catalog.models["gpt-4o-mini"].paid_rates.output * 100 > line.spent - before


@pytest.mark.parametrize(
    ("fault", "stream"), [*((fault, True) for fault in EARLY), *((fault, False) for fault in EARLY_WHOLE)]
)
def test_what_goes_wrong_before_an_answer_is_made_good_by_the_second_source(
    line: Line, fault: str, stream: bool
) -> None:
    before = line.arrived(FIRST), line.arrived(SECOND)
    answer = line.chat(f"Tell {fault} [[newapi/inference:{fault}]]", stream=stream)
    assert answer.status_code == 200, answer.text
    assert '"error":' not in answer.text
    assert (line.arrived(FIRST), line.arrived(SECOND)) == (before[0] + 1, before[1] + 1)
    until(line.settled)
    assert line.calls[-1].used


@pytest.mark.parametrize("fault", LATE)
def test_a_stream_that_breaks_off_says_so_costs_what_came_and_asks_no_other(line: Line, fault: str) -> None:
    before = line.arrived(SECOND)
    answer = line.chat(f"Tell {fault} [[newapi/inference:{fault}]]", stream=True)
    *told, broken = events(answer.text)
    assert answer.status_code == 200
    assert broken["error"]["code"] == "upstream_unavailable"
    assert not any("error" in each for each in told)
    assert answer.text.endswith(DONE)
    assert line.arrived(SECOND) == before
    until(line.settled)
    call, rates = line.calls[-1], line.here.services.catalog.models["gpt-4o-mini"].paid_rates
    output = -(-len(words(answer.text).encode()) // 3)
    assert call.used is not None
    assert abs(call.used - rates.input * (call.tokens - output) // 10**6 - rates.output * output // 10**6) <= 1
    assert 0 < output <= call.tokens


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", UNHARMFUL)
def test_what_is_only_unusual_is_passed_on(line: Line, fault: str, stream: bool) -> None:
    before = line.arrived(SECOND)
    answer = line.chat(f"Tell {fault} [[inference:{fault}]]", stream=stream)
    assert answer.status_code == 200
    assert answer.text.endswith(DONE) == stream
    assert line.arrived(SECOND) == before
    until(line.settled)
    assert line.calls[-1].used


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", ["status=500", "status=401", "html", "silence"])
def test_where_every_source_fails_nothing_is_charged(line: Line, fault: str, stream: bool) -> None:
    before = line.spent
    answer = line.chat(f"Tell {fault} {stream} [[inference:{fault}]]", stream=stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "upstream_unavailable")
    assert answer.headers["retry-after"]
    until(line.settled)
    assert line.spent == before


@pytest.mark.parametrize("stream", [True, False])
def test_what_the_upstream_says_no_to_is_refused_and_asked_nowhere_else(line: Line, stream: bool) -> None:
    before, asked = line.spent, line.arrived(SECOND)
    answer = line.chat("Tell [[inference:status=400]]", stream=stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")
    assert line.arrived(SECOND) == asked
    until(line.settled)
    assert line.spent == before
