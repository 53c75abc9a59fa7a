"""Anthropic's messages: a document, or named events that begin, fill and end its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from local.upstreams.inference.model import Asked, Said, Tool, digest, pieces, say, text_of, tokens_of
from local.upstreams.inference.shape import Body, Event, Request, Shape
from relay.families.reading import as_object, as_objects
from relay.nouns.wire import Json, compact

PATH = "/v1/messages"
PIECE = 6  # characters of a tool's input in an event
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


def prompt(body: Body) -> str:
    messages = as_objects(body.get("messages"))
    content = messages[-1].get("content") if messages else ""
    results = [part for part in as_objects(content) if part.get("type") == "tool_result"]
    return text_of(results[-1].get("content")) if results else text_of(content)


def ask(request: Request) -> Asked:
    body = request.body
    choice, tools = as_object(body.get("tool_choice")), as_objects(body.get("tools"))
    last = as_objects(as_objects(body.get("messages"))[-1].get("content"))
    return Asked(
        request.model,
        prompt(body),
        tokens_of(body.get("system"), body.get("messages"), tools),
        [Tool(str(tool.get("name")), tool.get("input_schema", {})) for tool in tools],
        str(choice.get("name") or choice.get("type") or "auto"),
        any(part.get("type") == "tool_result" for part in last),
        limit=body.get("max_tokens"),
    )


def answer(request: Request) -> Json:
    asked = ask(request)
    (said,) = say(asked)
    usage = read_usage(request, asked) | {"output_tokens": _made(said)}
    return _head(request) | {"content": _blocks(said), "stop_reason": _reason(said), "usage": usage}


def events(request: Request) -> Iterator[Event]:
    asked = ask(request)
    (said,) = say(asked)
    begun = _head(request) | {"usage": read_usage(request, asked) | {"output_tokens": 1}}
    yield _event("message_start", message=begun)
    for index, block in enumerate(_blocks(said)):
        yield _event("content_block_start", index=index, content_block=_empty(block))
        yield _event("ping")
        for delta in _deltas(block, said):
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    # The count is of all until then: who adds them up counts some twice.
    yield _event("message_delta", delta={"stop_reason": None}, usage={"output_tokens": _made(said) // 2})
    ended = {"stop_reason": _reason(said), "stop_sequence": None}
    yield _event("message_delta", delta=ended, usage={"output_tokens": _made(said)})
    yield _event("message_stop")


def read_usage(request: Request, asked: Asked) -> dict[str, Json]:
    """What is marked for the cache is taken from it in the system prompt, and put there from messages."""
    cached, kept = (_marked(request.body.get(name)) for name in ("system", "messages"))
    return {
        "input_tokens": asked.read - cached - kept,
        "cache_creation_input_tokens": kept,
        "cache_read_input_tokens": cached,
    }


def _marked(value: Json) -> int:
    if isinstance(value, list):
        return sum(_marked(each) for each in value)
    if not isinstance(value, dict):
        return 0
    return tokens_of(value) if value.get("cache_control") else _marked(value.get("content"))


def _made(said: Said) -> int:
    return said.tokens + said.thinking


def _reason(said: Said) -> str:
    return "tool_use" if said.call else "max_tokens" if said.cut else "end_turn"


def _blocks(said: Said) -> list[dict[str, Json]]:
    thought = {"type": "thinking", "thinking": said.thought, "signature": digest(said.thought)}
    told: dict[str, Json] = {"type": "text", "text": said.text}
    if said.call:
        made = f"toolu_{said.call.id.removeprefix('call_')}"
        told = {"type": "tool_use", "id": made, "name": said.call.name, "input": said.call.arguments}
    return [thought, told] if said.thought else [told]


def _empty(block: dict[str, Json]) -> Json:
    grows = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: grows.get(name, value) for name, value in block.items()}


def _deltas(block: dict[str, Json], said: Said) -> Iterator[Json]:
    if said.call and block["type"] == "tool_use":
        for at in range(0, len(said.call.text), PIECE):
            yield {"type": "input_json_delta", "partial_json": said.call.text[at : at + PIECE]}
        return
    for piece in pieces(block[block["type"]]):
        yield {"type": f"{block['type']}_delta", block["type"]: piece}
    if block["type"] == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


def _event(name: str, **told: Json) -> Event:
    return Event({"type": name, **told}, name)


def _head(request: Request) -> dict[str, Json]:
    return {
        "id": f"msg_{digest(compact(request.body.get('messages')), request.now)[:24]}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def error(status: int, message: str) -> Json:
    return {"type": "error", "error": {"type": TYPES.get(status, "api_error"), "message": message}}


def error_event(document: Json, sent: Sequence[Event]) -> Event:
    return Event(document, "error")


SHAPE = Shape(
    "messages",
    PATH,
    ("messages", "max_tokens"),
    prompt,
    answer,
    error,
    error_event,
    events,
    heartbeat=_event("ping").write(),
    refuses=True,
)
