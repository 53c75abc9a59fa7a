"""Simulated models: what is streamed adds up to what is answered in one piece, in every shape, and fails as asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from openai import LengthFinishReasonError, OpenAI

from local.upstreams import Settings, Upstreams
from local.upstreams.inference.broken import HUGE
from relay.families.reading import parse

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SETTINGS = Settings(clock=lambda: 1_767_225_600.0, hang_seconds=0.3)
ASKED: dict[str, Any] = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "How do I fold a boat?"}]}


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with Upstreams(SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def openai(upstreams: Upstreams) -> Iterator[OpenAI]:
    key = SETTINGS.key("newapi")
    with OpenAI(api_key=key, base_url=f"{upstreams.urls['newapi']}/v1", max_retries=0) as client:
        yield client


WEATHER = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}},
    },
}
CHATS: dict[str, dict[str, Any]] = {
    "text": {},
    "two": {"n": 2},
    "thinking": {"model": "deepseek-reasoner"},
    "limit": {"max_tokens": 12},
    "json": {"response_format": {"type": "json_object"}},
    "tool": {"tools": [{"type": "function", "function": WEATHER}], "tool_choice": "required"},
}


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_streamed_is_the_chat_answered_in_one_piece(openai: OpenAI, name: str) -> None:
    asked = ASKED | CHATS[name]
    whole = openai.chat.completions.create(**asked)
    with openai.chat.completions.stream(**asked, stream_options={"include_usage": True}) as stream:
        try:
            told: Any = stream.get_final_completion()
        except LengthFinishReasonError as error:
            told = error.completion
    assert [_choice(each) for each in told.choices] == [_choice(each) for each in whole.choices]
    assert told.usage == whole.usage
    assert whole.usage is not None
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 10


def _choice(choice: Any) -> Any:
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or []]
    thought = getattr(choice.message, "reasoning_content", None)
    return choice.index, choice.finish_reason, choice.message.content, thought, calls


def sent(upstreams: Upstreams, path: str, body: Any, key: dict[str, str] | None = None) -> requests.Response:
    headers = {"authorization": f"Bearer {SETTINGS.key('newapi')}"} if key is None else key
    return requests.post(f"{upstreams.urls['newapi']}{path}", json=body, headers=headers, timeout=5)


def faulty(upstreams: Upstreams, fault: str, *, stream: bool) -> requests.Response:
    prompt = f"a boat [[inference:{fault}]]"
    return sent(upstreams, "/v1/chat/completions", {"model": "m", "messages": [{"content": prompt}], "stream": stream})


def data(text: str) -> list[str]:
    return [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]


BROKEN = ["error-first", "error", "malformed", "no-usage", "huge", "slow=0.001", "html", "status=529"]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_is_met_in_a_stream_and_in_a_whole_answer(upstreams: Upstreams, fault: str) -> None:
    whole, stream = (faulty(upstreams, fault, stream=streamed) for streamed in (False, True))
    told: list[Any] = [parse(each) for each in data(stream.text)]
    if fault in ("html", "status=529"):
        assert stream.content == whole.content
        assert stream.status_code == whole.status_code == (200 if fault == "html" else 529)
        return
    assert (whole.status_code, stream.status_code) == (503 if fault.startswith("error") else 200, 200)
    if fault.startswith("error"):
        assert whole.json().keys() == told[-1].keys() == {"error"}
        assert (len(told) == 1) == (fault == "error-first")
    elif fault == "malformed":
        assert parse(whole.content) is None
        assert told[0] is not None
        assert told.count(None) == 2  # the one, and [DONE]
    elif fault == "huge":
        assert len(whole.content) > HUGE
        assert max(map(len, data(stream.text))) > HUGE
    else:
        assert ("usage" in whole.json()) == (fault != "no-usage")


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_breaks_off_falls_silent_or_never_ends(upstreams: Upstreams, stream: bool) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        faulty(upstreams, "cut", stream=stream)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        faulty(upstreams, "silence=0.1", stream=stream)
    prompt, streams = "a boat [[newapi/inference:endless]]", upstreams["newapi"].book.streams
    body = {"model": "m", "messages": [{"content": prompt}], "stream": stream}
    url, key = f"{upstreams.urls['newapi']}/v1/chat/completions", SETTINGS.key("newapi")
    with requests.post(url, json=body, headers={"x-api-key": key}, stream=True, timeout=5) as answer:
        heard = (piece for piece in answer.iter_content(None) if piece in (b": keep-alive\n\n", b"\n"))
        assert [next(heard), next(heard)]
    before, deadline = streams["left"], time.monotonic() + 5
    while streams["left"] == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert streams["left"] == before + 1  # it is noticed that the client has left
