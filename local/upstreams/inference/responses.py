"""OpenAI's responses: a document, or named events that tell how it comes about and end with all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from local.upstreams.inference.model import Asked, Said, Tool, digest, pieces, say, text_of, tokens_of
from local.upstreams.inference.openai_errors import error
from local.upstreams.inference.shape import Body, Event, Request, Shape
from relay.families.reading import as_object, as_objects
from relay.nouns.wire import Json, compact

PATH = "/v1/responses"
PIECE = 6  # characters of a tool's arguments in an event
Step = tuple[str, dict[str, Json]]


def prompt(body: Body) -> str:
    asked = body.get("input")
    if isinstance(asked, str):
        return asked
    last = as_objects(asked)[-1:]
    return text_of(last[0].get("content", last[0].get("output"))) if last else ""


def ask(request: Request) -> Asked:
    body = request.body
    form, choice = as_object(as_object(body.get("text")).get("format")), body.get("tool_choice", "auto")
    tools = [tool for tool in as_objects(body.get("tools")) if tool.get("type") == "function"]
    last = as_objects(body["input"])[-1:] if isinstance(body.get("input"), list) else []
    return Asked(
        request.model,
        prompt(body),
        tokens_of(body.get("instructions"), body.get("input"), tools),
        [Tool(str(tool.get("name")), tool.get("parameters") or {}) for tool in tools],
        str(choice.get("name")) if isinstance(choice, dict) else str(choice).replace("required", "any"),
        bool(last) and last[0].get("type") == "function_call_output",
        {"json_schema": form.get("schema", {}), "json_object": {}}.get(str(form.get("type"))),
        body.get("max_output_tokens"),
    )


def answer(request: Request) -> Json:
    asked = ask(request)
    (said,) = say(asked)
    ended = "incomplete" if said.cut else "completed"
    return _head(request, ended) | {
        "output": [item for item, _ in _items(request, said)],
        "incomplete_details": {"reason": "max_output_tokens"} if said.cut else None,
        "usage": usage(asked, said),
    }


def events(request: Request) -> Iterator[Event]:
    number, begun = count(), _head(request, "in_progress")
    whole = answer(request)
    (said,) = say(ask(request))
    steps: list[Step] = [(f"response.{name}", {"response": begun}) for name in ("created", "in_progress")]
    for index, (item, inside) in enumerate(_items(request, said)):
        first = item | {"status": "in_progress"} | {name: type(item[name])() for name in _GROWS if name in item}
        steps.append(("response.output_item.added", {"output_index": index, "item": first}))
        steps += [(name, {"item_id": item["id"], "output_index": index} | more) for name, more in inside]
        steps.append(("response.output_item.done", {"output_index": index, "item": item}))
    steps.append((f"response.{whole['status']}", {"response": whole}))
    for name, told in steps:
        yield Event({"type": name, "sequence_number": next(number)} | told, name)


_GROWS = ("content", "arguments")  # fields of an item that are empty when it begins


def _items(request: Request, said: Said) -> Iterator[tuple[dict[str, Json], list[Step]]]:
    """What is put out, each with the events that it comes in."""
    made = digest(compact(request.body.get("input")), request.now)[:24]
    if said.thought:
        yield {"id": f"rs_{made}", "type": "reasoning", "summary": [], "status": "completed"}, []
    if said.call:
        call = {"id": f"fc_{made}", "type": "function_call", "call_id": said.call.id, "status": "completed"}
        yield call | {"name": said.call.name, "arguments": said.call.text}, list(_arguments(said.call.text))
        return
    done = {"id": f"msg_{made}", "type": "message", "role": "assistant", "status": "completed"}
    yield done | {"content": [_part(said.text)]}, list(_text(said.text))


def _arguments(text: str) -> Iterator[Step]:
    for at in range(0, len(text), PIECE):
        yield "response.function_call_arguments.delta", {"delta": text[at : at + PIECE]}
    yield "response.function_call_arguments.done", {"arguments": text}


def _text(text: str) -> Iterator[Step]:
    inside: dict[str, Json] = {"content_index": 0}
    yield "response.content_part.added", inside | {"part": _part("")}
    for piece in pieces(text):
        yield "response.output_text.delta", inside | {"delta": piece, "logprobs": []}
    yield "response.output_text.done", inside | {"text": text, "logprobs": []}
    yield "response.content_part.done", inside | {"part": _part(text)}


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def usage(asked: Asked, said: Said) -> Json:
    made = said.tokens + said.thinking
    return {
        "input_tokens": asked.read,
        "input_tokens_details": {"cached_tokens": asked.cached},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": said.thinking},
        "total_tokens": asked.read + made,
    }


def _head(request: Request, status: str) -> dict[str, Json]:
    kept = ("instructions", "max_output_tokens", "metadata", "previous_response_id", "temperature", "top_p", "user")
    return {
        "id": f"resp_{digest(compact(request.body.get('input')), request.now)[:32]}",
        "object": "response",
        "created_at": request.now,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": request.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": request.body.get("tool_choice", "auto"),
        "tools": request.body.get("tools", []),
        "usage": None,
        **{name: request.body.get(name) for name in kept},
    }


def error_event(document: Json, sent: Sequence[Event]) -> Event:
    """A response that has begun has failed."""
    told, place = document["error"], {"sequence_number": len(sent)}
    if not sent:
        return Event(
            {"type": "error", "code": told["type"], "message": told["message"], "param": None} | place, "error"
        )
    failed = {"status": "failed", "error": {"code": told["type"], "message": told["message"]}}
    name, begun = "response.failed", sent[0].data["response"]
    return Event({"type": name, "response": begun | failed} | place, name)


SHAPE = Shape("responses", PATH, ("input",), prompt, answer, error, error_event, events)
