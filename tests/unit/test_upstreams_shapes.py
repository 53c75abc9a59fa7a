"""Simulated models in each shape, asked in process: a stream tells what the whole answer tells, and costs the same."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from openai._streaming import SSEDecoder

from local.upstreams.files import Files
from local.upstreams.misbehave import Late, Streamed
from local.upstreams.server import simulator_of
from relay.effects.outbound import NoAnswer
from relay.nouns.wire import Call, Inbound, compact
from tests.functional.network import CATALOG, SIMULATED, URLS, Network

KEY = SIMULATED.key("newapi")
BEARER = {"authorization": f"Bearer {KEY}"}
GEMINI = "/v1beta/models/gemini-{}:{}"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
WEATHER = {"name": "get_weather", "description": "The weather of a city"}
ASKED = "What is the weather in Kraków?"
LONG = "once upon a time " * 400


@pytest.fixture(scope="module")
def network() -> Network:
    return Network()


def ask(network: Network, path: str, body: Any, headers: dict[str, str] = BEARER) -> tuple[int, bytes]:
    with network.stream(Call.json("POST", URLS["newapi"] + path, body, headers)) as incoming:
        return incoming.status, b"".join(incoming.chunks)


def whole(network: Network, path: str, body: Any) -> Any:
    status, told = ask(network, path, body)
    assert status == 200, told
    return json.loads(told)


def events(told: bytes) -> list[tuple[str | None, Any]]:
    """As the published client's decoder reads them, from pieces cut anywhere."""
    pieces: Iterator[bytes] = (told[at : at + 7] for at in range(0, len(told), 7))
    read = [(event.event, event.data) for event in SSEDecoder().iter_bytes(pieces)]
    return [(name, data if data == "[DONE]" else json.loads(data)) for name, data in read]


def chunks(told: bytes) -> list[Any]:
    *found, (_, done) = events(told)
    assert done == "[DONE]"
    assert {name for name, _ in found} == {None}
    return [document for _, document in found]


def folded_chat(told: bytes) -> Any:
    *found, last = chunks(told)
    assert last["choices"] == []
    assert len({(each["id"], each["created"], each["model"]) for each in found}) == 1
    choices: dict[int, Any] = {}
    for each in found:
        (piece,) = each["choices"]
        assert ("role" in piece["delta"]) == (piece["index"] not in choices)
        made = choices.setdefault(piece["index"], {"text": "", "thought": "", "arguments": "", "ids": []})
        assert made.get("end") is None
        made["text"] += piece["delta"].get("content") or ""
        made["thought"] += piece["delta"].get("reasoning_content") or ""
        for call in piece["delta"].get("tool_calls", []):
            made["ids"] += [call["id"]] if "id" in call else []
            made["arguments"] += call["function"]["arguments"]
        made["end"] = piece["finish_reason"]
    return list(choices.values()), last["usage"]


def whole_chat(told: Any) -> Any:
    return [_choice(each) for each in told["choices"]], told["usage"]


def _choice(choice: Any) -> Any:
    message, calls = choice["message"], choice["message"].get("tool_calls", [])
    return {
        "text": message["content"] or "",
        "thought": message.get("reasoning_content", ""),
        "arguments": "".join(call["function"]["arguments"] for call in calls),
        "ids": [call["id"] for call in calls],
        "end": choice["finish_reason"],
    }


def folded_completion(told: bytes) -> Any:
    *found, last = chunks(told)
    texts: dict[int, str] = {}
    for each in found:
        (choice,) = each["choices"]
        texts[choice["index"]] = texts.get(choice["index"], "") + choice["text"]
    return texts, last["usage"]


def whole_completion(told: Any) -> Any:
    return {each["index"]: each["text"] for each in told["choices"]}, told["usage"]


def folded_response(told: bytes) -> Any:
    found = [document for name, document in events(told) if name == document["type"]]
    assert [each["sequence_number"] for each in found] == list(range(len(found)))
    assert [each["type"] for each in found[:2]] == ["response.created", "response.in_progress"]
    deltas = "".join(each["delta"] for each in found if each["type"].endswith(".delta"))
    last = found[-1]["response"]
    assert found[-1]["type"] == f"response.{last['status']}"
    item = last["output"][-1]
    assert deltas == (item["arguments"] if "arguments" in item else item["content"][0]["text"])
    return last


def folded_message(told: bytes) -> Any:
    found = [document for name, document in events(told) if name == document["type"]]
    message = found[0]["message"]
    for each in found[1:]:
        if each["type"] == "content_block_start":
            message["content"].append(each["content_block"] | {"json": ""})
        elif each["type"] == "content_block_delta":
            block, delta = message["content"][each["index"]], each["delta"]
            name = delta["type"].removesuffix("_delta")
            field = {"input_json": "json"}.get(name, name)
            block[field] += delta.get("partial_json", delta.get(name))
        elif each["type"] == "message_delta":
            message |= each["delta"]
            message["usage"] |= each["usage"]
    assert (found[-1]["type"], "ping" in [each["type"] for each in found]) == ("message_stop", True)
    for block in message["content"]:
        text = block.pop("json")
        block.update({"input": json.loads(text)} if text else {})
    return message


def folded_contents(documents: list[Any]) -> Any:
    texts: dict[int, Any] = {}
    for each in documents:
        (candidate,) = each["candidates"]
        made = texts.setdefault(candidate["index"], {"text": "", "calls": [], "end": None})
        for part in candidate["content"]["parts"]:
            made["text"] += part.get("text", "")
            made["calls"] += [part["functionCall"]] if "functionCall" in part else []
        made["end"] = candidate.get("finishReason")
    return texts, documents[-1]["usageMetadata"]


def whole_content(told: Any) -> Any:
    spread = [told | {"candidates": [each]} for each in told["candidates"]]
    return folded_contents(spread)


def messages(**more: Any) -> dict[str, Any]:
    return {"model": "some-model", "max_tokens": 500, "messages": [{"role": "user", "content": ASKED}], **more}


FUNCTION = {"type": "function", "function": WEATHER | {"parameters": SCHEMA}}
CACHED = [{"type": "text", "text": "Be brief. " * 40, "cache_control": {"type": "ephemeral"}}]
TURNS = [{"role": "user", "content": ASKED}, {"role": "tool", "tool_call_id": "c", "content": "The weather is fine"}]

# What is asked at which path, by who reads it.
STREAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", messages()),
    "chat of two": ("/v1/chat/completions", messages(n=2)),
    "chat that thinks": ("/v1/chat/completions", messages(model="deepseek-reasoner")),
    "chat cut short": ("/v1/chat/completions", messages(max_tokens=9)),
    "chat in JSON": ("/v1/chat/completions", messages(response_format={"type": "json_object"})),
    "chat with a tool": ("/v1/chat/completions", messages(tools=[FUNCTION])),
    "chat after a tool": ("/v1/chat/completions", messages(tools=[FUNCTION], messages=TURNS)),
    "chat of a long prompt": ("/v1/chat/completions", messages(messages=[{"role": "user", "content": LONG}])),
    "completion": ("/v1/completions", {"model": "m", "prompt": ASKED, "n": 2, "max_tokens": 40}),
    "response": ("/v1/responses", {"model": "m", "input": ASKED}),
    "response that thinks": ("/v1/responses", {"model": "o-pro", "input": [{"role": "user", "content": ASKED}]}),
    "response cut short": ("/v1/responses", {"model": "m", "input": ASKED, "max_output_tokens": 9}),
    "response with a tool": (
        "/v1/responses",
        {"model": "m", "input": ASKED, "tools": [{"type": "function", **WEATHER, "parameters": SCHEMA}]},
    ),
    "message": ("/v1/messages", messages(system=CACHED)),
    "message that thinks": ("/v1/messages", messages(model="claude-thinking")),
    "message with a tool": ("/v1/messages", messages(tools=[WEATHER | {"input_schema": SCHEMA}])),
    "content": (GEMINI.format("flash", "generateContent"), {"contents": [{"parts": [{"text": ASKED}]}]}),
    "content that thinks": (GEMINI.format("2.5-pro", "generateContent"), {"contents": [{"parts": [{"text": ASKED}]}]}),
    "content with a tool": (
        GEMINI.format("flash", "generateContent"),
        {
            "contents": [{"parts": [{"text": ASKED}]}],
            "tools": [{"functionDeclarations": [WEATHER | {"parameters": SCHEMA}]}],
        },
    ),
}
FOLDS: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], Any]]] = {
    "/v1/chat/completions": (folded_chat, whole_chat),
    "/v1/completions": (folded_completion, whole_completion),
    "/v1/responses": (folded_response, lambda told: told),
    "/v1/messages": (folded_message, lambda told: told),
}


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_adds_up_to_the_whole_answer_and_its_usage(network: Network, name: str) -> None:
    path, body = STREAMED[name]
    told = whole(network, path, body)
    if path in FOLDS:
        fold, unfold = FOLDS[path]
        status, streamed = ask(network, path, body | {"stream": True, "stream_options": {"include_usage": True}})
        assert (status, fold(streamed)) == (200, unfold(told))
        return
    path = path.replace(":generateContent", ":streamGenerateContent")
    by_events = [document for _, document in events(ask(network, f"{path}?alt=sse", body)[1])]
    in_array = json.loads(ask(network, path, body)[1])
    assert len(in_array) > ("tool" not in name)
    assert all("usageMetadata" in each for each in in_array)
    assert folded_contents(by_events) == folded_contents(in_array) == whole_content(told)


def test_usage_has_the_details_that_are_billed_by(network: Network) -> None:
    used = {name: whole(network, *STREAMED[name]) for name in STREAMED}
    assert used["chat of a long prompt"]["usage"]["prompt_tokens_details"]["cached_tokens"] == 2048
    assert used["chat that thinks"]["usage"]["completion_tokens_details"]["reasoning_tokens"] == 16
    assert used["response that thinks"]["usage"]["output_tokens_details"]["reasoning_tokens"] == 16
    assert used["message"]["usage"]["cache_read_input_tokens"] > 100 > used["message"]["usage"]["input_tokens"]
    metadata = used["content that thinks"]["usageMetadata"]
    assert metadata["thoughtsTokenCount"] == 16
    assert metadata["totalTokenCount"] == sum(
        metadata[f"{name}TokenCount"] for name in ("prompt", "candidates", "thoughts")
    )
    assert used["chat of two"]["usage"]["completion_tokens"] > used["chat"]["usage"]["completion_tokens"]


def test_a_stream_tells_its_usage_only_where_asked(network: Network) -> None:
    _, told = ask(network, "/v1/chat/completions", messages(stream=True))
    assert b'"usage"' not in told


def test_embeddings_are_the_same_in_both_encodings_and_for_each_kind_of_input(network: Network) -> None:
    for given, count, read in (
        ("a paper boat", 1, 4),
        (["a", "a boat"], 2, 5),
        ([1, 2, 3], 1, 3),
        ([[1, 2], [3]], 2, 3),
    ):
        asked = {"model": "m", "input": given, "dimensions": 8}
        plain = whole(network, "/v1/embeddings", asked)
        packed = whole(network, "/v1/embeddings", asked | {"encoding_format": "base64"})
        floats = [struct.unpack("<8f", base64.b64decode(each["embedding"])) for each in packed["data"]]
        assert [tuple(each["embedding"]) for each in plain["data"]] == floats
        assert (len(floats), plain["usage"]) == (count, {"prompt_tokens": read, "total_tokens": read})


def test_documents_are_ranked_and_texts_are_judged(network: Network) -> None:
    asked = {"model": "m", "query": "paper boat", "documents": ["a tin can", "a paper boat", {"text": "paper"}]}
    ranked = whole(network, "/v1/rerank", asked | {"top_n": 2})
    assert [each["index"] for each in ranked["results"]] == [1, 2]
    assert ranked["usage"]["total_tokens"] > 0
    judged = whole(network, "/v1/moderations", {"model": "m", "input": ["a boat", "a murder"]})
    assert [each["flagged"] for each in judged["results"]] == [False, True]


REFUSED = {
    "/v1/chat/completions": ("messages", {"message", "type", "param", "code"}),
    "/v1/messages": ("max_tokens", {"type", "message"}),
    GEMINI.format("flash", "streamGenerateContent"): ("contents", {"code", "message", "status"}),
}


@pytest.mark.parametrize("path", REFUSED)
def test_a_refusal_is_in_the_shape_asked(network: Network, path: str) -> None:
    field, words = REFUSED[path]
    for body, key, status in (({"model": "m", "messages": [1]} | {field: None}, BEARER, 400), ({}, {}, 401)):
        found, told = ask(network, path, body, key)
        error = json.loads(told)["error"]
        assert (found, error.keys()) == (status, words)
        assert (field in error["message"]) == (status == 400)


WRONG = {"stream": "yes", "messages": "hello", "tools": [1], "max_tokens": -1, "n": True, "model": 7}


@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_the_wrong_kind_is_refused_by_name(network: Network, field: str) -> None:
    status, told = ask(network, "/v1/chat/completions", messages() | {field: WRONG[field]})
    assert (status, json.loads(told)["error"]["param"]) == (400, field)


def test_the_key_is_taken_where_each_makers_clients_put_it(network: Network) -> None:
    path, body = STREAMED["content"]
    places: list[tuple[str, dict[str, str]]] = [("", {"x-goog-api-key": KEY}), (f"?key={KEY}", {}), ("", BEARER)]
    for query, headers in places:
        assert ask(network, path + query, body, headers)[0] == 200
        assert ask(network, path.replace("v1beta", "v1") + query, body, headers)[0] == 200
    assert ask(network, path, body, {"x-goog-api-key": "wrong"})[0] == 401
    assert ask(network, "/v1/messages", messages(), {"x-api-key": KEY})[0] == 200
    assert ask(network, "/v1/messages", messages(), {"x-api-key": "sk-EXAMPLE-another"})[0] == 401


def test_one_upstream_of_two_fails_as_often_as_asked(network: Network) -> None:
    body = messages(
        messages=[{"role": "user", "content": "a boat [[newapi/submit:http-502=1]][[newapi/inference:cut=2]]"}]
    )
    assert ask(network, "/v1/chat/completions", body)[0] == 502
    with pytest.raises(NoAnswer):
        ask(network, "/v1/chat/completions", body)
    assert ask(network, "/v1/chat/completions", body)[0] == 200
    other = {"authorization": f"Bearer {SIMULATED.key('midjourney')}"}
    with network.stream(Call.json("POST", f"{URLS['midjourney']}/v1/chat/completions", body, other)) as incoming:
        assert incoming.status == 200


ERRORS: dict[str, tuple[str | None, Callable[[Any], str]]] = {
    "/v1/chat/completions": (None, lambda told: told["error"]["message"]),
    "/v1/responses": ("response.failed", lambda told: told["response"]["error"]["message"]),
    "/v1/messages": ("error", lambda told: told["error"]["type"]),
    GEMINI.format("flash", "streamGenerateContent?alt=sse"): (None, lambda told: told["error"]["status"]),
}


@pytest.mark.parametrize("path", ERRORS)
def test_an_error_in_mid_stream_is_an_event_of_the_shape_and_the_last(network: Network, path: str) -> None:
    name, read = ERRORS[path]
    prompt = "a boat [[inference:error]]"
    body = messages(stream=True, messages=[{"role": "user", "content": prompt}], input=prompt)
    body["contents"] = [{"parts": [{"text": prompt}]}]
    *before, (event, told) = events(ask(network, path, body)[1])
    assert before
    assert (event, bool(read(told))) == (name, True)


def test_an_answer_comes_at_the_pace_that_is_set_and_takes_as_long_whole() -> None:
    settings = replace(SIMULATED, first_token=0.3, next_token=0.02)
    simulator = simulator_of(CATALOG.upstreams["newapi"], settings, Files("https://files.example", settings.clock))
    asked = Inbound("POST", "/v1/chat/completions", BEARER, body=compact(messages()))
    with pytest.raises(Late) as whole:
        simulator.answer(asked)
    with pytest.raises(Streamed) as stream:
        simulator.answer(replace(asked, body=compact(messages(stream=True))))
    first, *others = [seconds for seconds, _ in stream.value.lines]
    assert (first, set(others)) == (0.3, {0.02})
    assert whole.value.seconds == pytest.approx(first + sum(others))
