"""How a simulated upstream serves a shape: key, faults, document, and an answer in one piece or as it is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from local.upstreams.faults import Fault, Visit
from local.upstreams.inference.broken import MESSAGE, Paced, framed, mistold, timed
from local.upstreams.inference.shape import Body, Event, Request, Shape
from local.upstreams.misbehave import Late, Streamed, page
from local.upstreams.paths import Path
from local.upstreams.simulator import Simulator
from relay.families.reading import parse
from relay.nouns.errors import InvalidParameter, MissingField, RelayError
from relay.nouns.wire import JSON, Inbound, Json, Reply, compact

EVENTS = "text/event-stream"
GOOGLE = re.compile(r"/v1beta/.*|/v1/models/[^/]+:[A-Za-z]+")
IN_BYTES = ("cut", "endless", "silence")  # faults that a whole answer has as well, piece by piece


def paths(simulator: Simulator, shapes: Iterable[Shape]) -> Sequence[Path]:
    return [Path("POST", shape.path, partial(serve, simulator, shape), verb="submit") for shape in shapes]


def google_key(inbound: Inbound) -> str:
    """The key where Google's clients put it; empty for other paths, and where there is none."""
    if not GOOGLE.fullmatch(inbound.path):
        return ""
    return inbound.headers.get("x-goog-api-key") or inbound.query.get("key", "")


def in_shape(shapes: Iterable[Shape], reply: Reply, error: RelayError, path: str) -> Reply:
    """A refusal in the words of the shape that was asked for, where it has its own."""
    asked = next((shape for shape in shapes if shape.refuses and shape.lies_at(path)), None)
    return reply if asked is None else Reply.json(asked.error(reply.status, error.message), reply.status, reply.headers)


def serve(simulator: Simulator, shape: Shape, inbound: Inbound) -> Reply:
    """Raises Late, Silence or Streamed where it does not come at once, and RelayError."""
    simulator.authorise(inbound)
    body = read(shape, inbound)
    prompt = shape.prompt(body)
    if refused := simulator.arrive(shape.name, prompt):
        return simulator.misbehave(refused)
    number = simulator.book.arrived[prompt] - 1
    fault = simulator.faults.at(Visit(simulator.name, "inference", shape.name, prompt, number=number))
    request = Request(body, inbound.params.get("model") or body["model"], int(simulator.now()))
    streamed = shape.events is not None and shape.streams(inbound, body)
    if fault and fault.name == "html":
        return page(200, "502 Bad Gateway")
    if fault and (fault.name == "status" or (fault.name in ("error", "error-first") and not streamed)):
        status = int(fault.number) if fault.name == "status" and fault.number else 503
        return Reply.json(shape.error(status, MESSAGE), status)
    return (
        _streamed(simulator, shape, inbound, request, fault) if streamed else _whole(simulator, shape, request, fault)
    )


def read(shape: Shape, inbound: Inbound) -> Body:
    """Raises BadInput, of the fields that every model needs."""
    body = parse(inbound.body)
    if not isinstance(body, dict):
        raise InvalidParameter("body", "must be a JSON object", "必须是 JSON 对象")
    for name in (*shape.needs, *(() if "model" in inbound.params else ("model",))):
        if body.get(name) in (None, "", []):
            raise MissingField(name)
    for names, kind, is_kind in KINDS:
        for name in names:
            if body.get(name) is not None and not is_kind(body[name]):
                raise InvalidParameter(name, f"must be {kind}", f"必须是 {kind}")
    return body


def _objects(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


KINDS: tuple[tuple[tuple[str, ...], str, Callable[[Json], bool]], ...] = (
    (("stream",), "a boolean", lambda value: isinstance(value, bool)),
    (("model", "query"), "a string", lambda value: isinstance(value, str)),
    (("messages", "contents", "tools"), "a list of objects", _objects),
    (("documents",), "a list", lambda value: isinstance(value, list)),
    (
        ("max_tokens", "max_completion_tokens", "max_output_tokens", "n", "dimensions", "top_n"),
        "a positive integer",
        lambda value: type(value) is int and value > 0,
    ),
)


def _streamed(simulator: Simulator, shape: Shape, inbound: Inbound, request: Request, fault: Fault | None) -> Reply:
    assert shape.events is not None
    name, in_array = fault.name if fault else "", shape.in_array(inbound)
    pieces = list(framed(mistold(list(shape.events(request)), name, shape), in_array=in_array))
    heartbeat = b"\n" if in_array else shape.heartbeat
    raise _sent(simulator, pieces, fault, heartbeat, JSON if in_array else EVENTS)


def _whole(simulator: Simulator, shape: Shape, request: Request, fault: Fault | None) -> Reply:
    document, name = shape.answer(request), fault.name if fault else ""
    if name in IN_BYTES:
        raise _sent(simulator, [compact(document)], fault, b"\n", JSON)
    (told, *_) = mistold([Event(document)], name, shape)
    reply = Reply(200, told.data.encode() if isinstance(told.data, str) else compact(told.data), JSON)
    if name == "slow" or any(_pace(simulator)[:2]):
        raise Late(_seconds(simulator, shape, request, fault), lambda: reply)
    return reply


def _seconds(simulator: Simulator, shape: Shape, request: Request, fault: Fault | None) -> float:
    """How long a whole answer takes: as long as it would be streamed."""
    events = [event.write() for event in shape.events(request)] if shape.events else [b""]
    lines = timed(events, fault.name if fault else "", fault.number if fault else None, _pace(simulator), b"")
    return sum(seconds for seconds, _ in lines)


def _sent(simulator: Simulator, pieces: Sequence[bytes], fault: Fault | None, heartbeat: bytes, kind: str) -> Streamed:
    name, number = (fault.name, fault.number) if fault else ("", None)
    lines = timed(pieces, name, number, _pace(simulator), heartbeat)
    simulator.book.streams["begun"] += 1

    def left() -> None:
        simulator.book.streams["left"] += 1

    return Streamed(lines, cut=name in ("cut", "silence"), content_type=kind, left=left)


def _pace(simulator: Simulator) -> Paced:
    settings = simulator.settings
    return Paced(settings.first_token, settings.next_token, settings.hang_seconds)
