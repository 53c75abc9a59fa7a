"""Server-sent events, wherever the network cuts them, and texts, however many spaces they hold."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.families.reading import StreamError, as_text, read_events
from relay.nouns.wire import Json

WORDS = st.dictionaries(st.sampled_from(["a", "b", "délta"]), st.text(max_size=5) | st.integers(), min_size=1)


def wire(events: list[dict[str, Json]], space: str, end: str) -> bytes:
    lines = [": a comment", "event: chunk", "id: 7"]
    for event in events:
        lines += [f"data:{space}{json.dumps(event, ensure_ascii=False)}", "", ""]
    return end.join([*lines, f"data:{space}[DONE]", "", ""]).encode()


def cut(body: bytes, at: int) -> Iterator[bytes]:
    yield from (body[:at], body[at:])


@given(st.lists(WORDS, max_size=3), st.sampled_from(["", " "]), st.sampled_from(["\n", "\r\n"]))
def test_the_events_are_the_same_wherever_the_stream_is_cut(
    events: list[dict[str, Json]], space: str, end: str
) -> None:
    body = wire(events, space, end)

    assert [list(read_events(cut(body, at))) for at in range(len(body))] == [events] * len(body)
    assert list(read_events(body[at : at + 1] for at in range(len(body)))) == events


@given(st.lists(WORDS, min_size=1, max_size=3), st.data())
def test_a_stream_that_breaks_off_tells_only_what_came_whole(
    events: list[dict[str, Json]], data: st.DataObject
) -> None:
    body = wire(events, " ", "\n")
    came = body[: data.draw(st.integers(0, len(body)))]

    told = list(read_events(iter([came])))

    assert told == events[: len(told)]


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_at_all_are_read_or_passed_over(chunks: list[bytes]) -> None:
    assert all(isinstance(event, dict) for event in read_events(iter(chunks)))


ENDS = {
    "with [DONE]": b'data: {"a": 1}\n\ndata: [DONE]\n\ndata: {"b": 2}\n\n',
    "with the connection": b'data: {"a": 1}\n\n',
    "without a blank line": b'data: {"a": 1}',
    "with a [DONE] whose line end is spelled out": b'data: {"a": 1}\n\ndata: [DONE]\\n\\n',
    "with half an object": b'data: {"a": 1}\n\ndata: {"b": ',
    "on two lines": b'data: {"a":\ndata: 1}\n\n',
}


@pytest.mark.parametrize("body", ENDS.values(), ids=ENDS)
def test_a_stream_ends(body: bytes) -> None:
    assert list(read_events(iter([body]))) == [{"a": 1}]


ERRORS = {
    b'{"error": {"message": "no", "type": "server_error", "code": null}}': ("no", "server_error"),
    b'{"error": {"message": "no", "code": "cf_shield_429"}, "choices": []}': ("no", "cf_shield_429"),
    b'{"error": "no"}': ("no", ""),
    b'{"error": {"message": {"a": 1}}}': ("", ""),
}


@pytest.mark.parametrize(("event", "told"), ERRORS.items())
def test_an_error_in_any_event_is_raised(event: bytes, told: tuple[str, str]) -> None:
    came = read_events(iter([b'data: {"a": 1}\n\ndata: ', event, b"\n\n"]))

    assert next(came) == {"a": 1}
    with pytest.raises(StreamError) as raised:
        next(came)
    assert (raised.value.words, raised.value.code) == told


def test_a_prompt_of_spaces_takes_no_time() -> None:
    began = time.process_time()
    assert as_text("a" + " " * 79_998 + "b", 20_000) == "a"
    assert as_text("a  \n \x00 b\n") == "a b"
    assert time.process_time() - began < 1
