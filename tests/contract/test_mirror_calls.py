"""The mirror law of model calls: what a family's dialect writes of one, its provider reads back."""

from __future__ import annotations

from typing import Any

import pytest

from relay.families import dialect, provider
from relay.families.chat import CHAT
from relay.families.dialect import AnyRoute, Told
from relay.families.inference import Completed, Event, EventWriter, InferenceApi
from relay.families.inference_answers import read_raw_event
from relay.families.inference_requests import read_inference
from relay.families.uses import INFER
from relay.nouns.errors import (
    BadKey,
    InsufficientBalance,
    Internal,
    InvalidParameter,
    MissingField,
    NoKey,
    RateLimited,
    Refused,
    RelayError,
    TooManyInFlight,
)
from relay.nouns.inference import Bill, Inference, Tokens
from relay.nouns.line_errors import Broken, Unavailable
from relay.nouns.wire import Answer, Inbound, compact
from tests.contract.parts import has
from tests.speaking import CATALOG, NOW, SPOKEN

BOTH = [family for family in SPOKEN if has(family, "provider") and CHAT.name in provider(family).inference]
BILL = Bill(Tokens(15, 42), 61_560, 0.00000855)
DOCUMENT: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "纸船?"}]}],
    "temperature": 0.5,
    "max_tokens": 60,
    "user": "someone",
}
USAGE = {"prompt_tokens": 15, "completion_tokens": 42, "total_tokens": 57}
HEAD = {"id": "chat_1", "created": NOW // 1000, "model": "the-upstreams"}
MESSAGE = {"role": "assistant", "content": "a 🛶"}
ANSWER = HEAD | {
    "object": "chat.completion",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "length"}],
    "usage": USAGE,
}
CHUNKS: tuple[list[dict[str, Any]], ...] = (
    [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
    [{"index": 0, "delta": {"content": "a "}, "finish_reason": None}],
    [{"index": 0, "delta": {"content": "🛶"}, "finish_reason": None}],
    [{"index": 0, "delta": {}, "finish_reason": "length"}],
    [],  # with what was used
)
both = pytest.mark.parametrize("family", BOTH)


def api_of(family: str) -> InferenceApi:
    return provider(family).inference[CHAT.name]


def sent(family: str, *, streamed: bool) -> tuple[AnyRoute, Inference]:
    """The request as the dialect reads what the provider wrote, and the route that did."""
    document = DOCUMENT | {"stream": True} if streamed else DOCUMENT
    asked = read_inference(CHAT, Inbound("POST", ""), CATALOG, family, document)
    call = api_of(family).write(asked, asked.said)
    routes = [each for each in dialect(family).routes if each.use is INFER and each.lies_at(call.url)]
    return routes[0], routes[0].read(Inbound(call.method, call.url, call.headers, body=call.body), CATALOG)


def writer_of(family: str) -> tuple[EventWriter, Inference]:
    route, asked = sent(family, streamed=True)
    assert route.events is not None
    return route.events(asked), asked


def heard(family: str, told: bytes) -> list[Event]:
    asked = read_inference(CHAT, Inbound("POST", ""), CATALOG, family, DOCUMENT)
    reader, events = api_of(family).reader(asked, NOW // 1000), list[Event]()
    for raw in told.split(b"\n\n"):
        if raw.startswith(b"data: [DONE]"):
            return [*events, *reader.finish()]
        if event := read_raw_event(raw + b"\n\n"):
            events += reader.read(event)
    return events


@both
@pytest.mark.parametrize("streamed", [False, True])
def test_a_request_arrives_as_it_was_asked(family: str, *, streamed: bool) -> None:
    _, asked = sent(family, streamed=streamed)
    assert (asked.said, asked.streamed, asked.estimate.output) == ("gpt-4o-mini", streamed, 60)
    assert {name: asked.document.get(name) for name in DOCUMENT} == DOCUMENT


@both
def test_an_answer_is_read_back_with_what_was_used(family: str) -> None:
    route, asked = sent(family, streamed=False)
    told = route.write(Told(Completed(asked, ANSWER, BILL), NOW))
    assert api_of(family).read(Answer(told.status, told.body)) == ANSWER | {"model": "gpt-4o-mini"}


@both
def test_a_stream_is_read_back_with_its_end_and_what_was_used(family: str) -> None:
    writer, _ = writer_of(family)
    told = b""
    for choices in CHUNKS:
        event = Event(b"").saying(HEAD | {"choices": choices} | ({} if choices else {"usage": USAGE}))
        told += writer.write(event, None if choices else BILL)
    events = [event.document for event in heard(family, told + writer.end(BILL))]
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == MESSAGE["content"]
    assert [delta["role"] for delta in deltas if "role" in delta] == ["assistant"]
    ends = [choice.get("finish_reason") for event in events for choice in event["choices"]]
    assert [end for end in ends if end] == ["length"]
    assert [used for event in events if (used := CHAT.read_usage(event))] == [BILL.used]
    assert {event["model"] for event in events} == {"gpt-4o-mini"}


@both
def test_a_stream_that_broke_off_is_a_refusal(family: str) -> None:
    writer, _ = writer_of(family)
    with pytest.raises(Refused) as refused:
        heard(family, writer.broken(Broken()))
    assert refused.value.elsewhere


KEY, WAIT, REQUEST, OTHER = (
    "our key is at fault",
    "it may be asked later",
    "the request is at fault",
    "another may do it",
)
MEANS: tuple[tuple[RelayError, str], ...] = (
    (NoKey(), KEY),
    (BadKey(), KEY),
    (InsufficientBalance(), KEY),
    (RateLimited("too many", "", 9), WAIT),
    (TooManyInFlight("too many at once", "", 9), WAIT),
    (MissingField("messages"), REQUEST),
    (InvalidParameter("temperature", "is too hot", ""), REQUEST),
    (Unavailable(), OTHER),
    (Internal(), OTHER),
)


def meaning(refused: Refused) -> str:
    if refused.key:
        return KEY
    return WAIT if refused.wait is not None else OTHER if refused.elsewhere else REQUEST


@both
def test_an_error_means_the_same_to_the_provider(family: str) -> None:
    route, _ = sent(family, streamed=False)
    write = route.error or dialect(family).write_error
    told = [(error, write(error, "")) for error, _ in MEANS]
    read = [(error, meaning(api_of(family).refuse(Answer(reply.status, reply.body)))) for error, reply in told]
    assert read == list(MEANS)


def test_a_stream_of_text_alone_ends_as_the_shape_does() -> None:
    """As a server writes it that tells neither an end nor what was used."""
    said = b"".join(
        b"data: " + compact({"id": "1", "choices": [{"delta": {"content": each}}]}) + b"\n\n" for each in "hi"
    )
    *_, last = heard("aihub", said + b"data: [DONE]\n\n")
    assert last.document["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert heard("aihub", said)[-1].document["choices"][0]["finish_reason"] is None
