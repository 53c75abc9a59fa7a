"""OpenAI's chat completions: a document, or chunks of which each adds a piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from local.upstreams.inference.model import Asked, Said, Tool, digest, pieces, say, text_of, tokens_of
from local.upstreams.inference.openai_errors import error
from local.upstreams.inference.shape import DONE, Body, Event, Request, Shape
from relay.families.reading import as_object, as_objects
from relay.nouns.wire import Json, compact

PATH = "/v1/chat/completions"
PIECE = 6  # characters of a tool's arguments in a chunk


def prompt(body: Body) -> str:
    messages = as_objects(body.get("messages"))
    return text_of(messages[-1].get("content")) if messages else ""


def ask(request: Request) -> Asked:
    body = request.body
    messages = as_objects(body.get("messages"))
    return Asked(
        request.model,
        prompt(body),
        tokens_of(messages, body.get("tools", [])),
        [_tool(as_object(each.get("function"))) for each in as_objects(body.get("tools"))],
        _chosen(body.get("tool_choice", "auto")),
        bool(messages) and messages[-1].get("role") == "tool",
        _schema(as_object(body.get("response_format"))),
        body.get("max_completion_tokens") or body.get("max_tokens"),
        body.get("n") or 1,
    )


def _chosen(choice: Json) -> str:
    if isinstance(choice, dict):
        return str(as_object(choice.get("function")).get("name"))
    return str(choice).replace("required", "any")


def _tool(function: Body) -> Tool:
    return Tool(str(function.get("name")), function.get("parameters", {}))


def _schema(wanted: Body) -> Json | None:
    if wanted.get("type") == "json_schema":
        return as_object(wanted.get("json_schema")).get("schema", {})
    return {} if wanted.get("type") == "json_object" else None


def answer(request: Request) -> Json:
    asked = ask(request)
    said = say(asked)
    choices = [
        {"index": index, "message": _message(each), "logprobs": None, "finish_reason": finish(each)}
        for index, each in enumerate(said)
    ]
    return _head(request, "chat.completion") | {"choices": choices, "usage": usage(asked, said)}


def events(request: Request) -> Iterator[Event]:
    asked, head = ask(request), _head(request, "chat.completion.chunk")
    said, wants_usage = say(asked), as_object(request.body.get("stream_options")).get("include_usage") is True
    more = {"usage": None} if wants_usage else {}
    for index, each in enumerate(said):
        for delta, end in _deltas(each):
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": end}
            yield Event(head | {"choices": [choice]} | more)
    if wants_usage:
        yield Event(head | {"choices": [], "usage": usage(asked, said)})
    yield DONE


def _deltas(said: Said) -> Iterator[tuple[Json, str | None]]:
    yield {"role": "assistant", "content": None if said.call else ""}, None
    for piece in pieces(said.thought):
        yield {"reasoning_content": piece}, None
    for piece in pieces(said.text):
        yield {"content": piece}, None
    if said.call:
        whole = _call(said)
        yield {"tool_calls": [{"index": 0} | whole | {"function": whole["function"] | {"arguments": ""}}]}, None
        for at in range(0, len(said.call.text), PIECE):
            piece = said.call.text[at : at + PIECE]
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, None
    yield {}, finish(said)


def usage(asked: Asked, said: Sequence[Said]) -> dict[str, Json]:
    thinking = sum(each.thinking for each in said)
    made = sum(each.tokens for each in said) + thinking
    return {
        "prompt_tokens": asked.read,
        "completion_tokens": made,
        "total_tokens": asked.read + made,
        "prompt_tokens_details": {"cached_tokens": asked.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": thinking,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def finish(said: Said) -> str:
    return "tool_calls" if said.call else "length" if said.cut else "stop"


def _message(said: Said) -> Json:
    thought = {"reasoning_content": said.thought} if said.thought else {}
    called = {"tool_calls": [_call(said)]} if said.call else {}
    return {"role": "assistant", "content": None if said.call else said.text, "refusal": None} | thought | called


def _call(said: Said) -> dict[str, Json]:
    call = said.call
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.text}} if call else {}


def _head(request: Request, kind: str) -> dict[str, Json]:
    name = f"chatcmpl-{digest(compact(request.body.get('messages')), request.now)[:24]}"
    fingerprint = f"fp_{digest(request.model)[:10]}"
    return {
        "id": name,
        "object": kind,
        "created": request.now,
        "model": request.model,
        "system_fingerprint": fingerprint,
    }


SHAPE = Shape("chat", PATH, ("messages",), prompt, answer, error, events=events)
