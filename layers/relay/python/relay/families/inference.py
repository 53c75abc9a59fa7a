"""Calls to language models: what is known of their wires, and the two sides that meet in one.

A shape is one wire of model calls (OpenAI's chat completions, Anthropic's messages, …). A request passes from a client
to an upstream that speaks the same shape as it was sent, but for the model's name: `Shape` says what has to be known of
a wire for that. A family with a wire of its own for one of the shapes translates to it and from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from relay.nouns.draft import Kind
from relay.nouns.errors import Refused, RelayError
from relay.nouns.inference import Bill, Inference, Tokens
from relay.nouns.wire import Answer, Call, Json, Reply, compact


@dataclass(frozen=True, slots=True)
class Shape:
    """One wire of model calls. `name` is its platform word in menus and that of its API at an upstream.

    `needs` are the fields a request must have. The first of `bounds` that a request has, a path of names, is the most
    tokens of one answer; `answers` tells how many answers it wants. `read_usage` finds what was used in an answer or in
    an event of a stream, `ends` whether an event is the last that matters. `usage_path` leads to the object that has
    space for the cost, `event_usage_path` to that of an event where it differs. `adds`: the text in an event was not in
    one before. `lacks_usage`: clients' libraries fail at the event unless the writer puts in what was used so far.
    """

    name: str
    needs: tuple[str, ...]
    read_usage: Callable[[Mapping[str, Json]], Tokens | None]
    bounds: tuple[tuple[str, ...], ...] = ()
    answers: Callable[[Mapping[str, Json]], int] = lambda document: 1
    ends: Callable[[Mapping[str, Json]], bool] = lambda document: False
    adds: Callable[[Mapping[str, Json]], bool] = lambda document: True
    lacks_usage: Callable[[Mapping[str, Json]], bool] = lambda document: False
    usage_path: tuple[str, ...] = ("usage",)
    event_usage_path: tuple[str, ...] = ()
    kind: Kind = Kind.CHAT


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream, as it came (`raw`, with the empty line that ends it) and what it says."""

    raw: bytes
    name: str = ""
    document: Mapping[str, Json] = field(default_factory=dict)

    def saying(self, document: Mapping[str, Json]) -> Event:
        """The same event with another document."""
        name = f"event: {self.name}\n".encode() if self.name else b""
        return Event(name + b"data: " + compact(document) + b"\n\n", self.name, document)


class EventReader:
    """Reads one stream of an upstream: as it comes, where its events are the shape's. `now` is Unix seconds."""

    def __init__(self, asked: Inference, now: int) -> None:
        self.asked, self.now = asked, now

    def read(self, event: Event) -> Iterable[Event]:
        """The shape's events of one that came. Raises Refused."""
        return (event,)

    def finish(self) -> Iterable[Event]:
        """What the shape's stream has before its end that this one had not; it has said that it is whole."""
        return ()


@dataclass(frozen=True, slots=True)
class InferenceApi:
    """How one upstream is asked in a shape.

    `write` makes the call, from the request and the upstream's name for its model. `read` makes the shape's document of
    an answer with a 2xx status, and a `reader` the shape's events of one stream. `refuse` tells what another status
    means. All raise Refused; none raises anything else. `lacks` names a field of the request that this API cannot
    carry, so that it is asked of another; empty where there is none.
    """

    shape: Shape
    write: Callable[[Inference, str], Call]
    refuse: Callable[[Answer], Refused]
    read: Callable[[Answer], Mapping[str, Json]]
    reader: Callable[[Inference, int], EventReader] = EventReader
    lacks: Callable[[Inference], str] = lambda asked: ""


class EventWriter:
    """Writes one stream to a client: events as they came, in the client's name for the model."""

    content_type: ClassVar[str] = "text/event-stream"
    heartbeat: ClassVar[bytes] = b": keep-alive\n\n"  # a comment, which readers of events pass over
    ending: ClassVar[bytes] = b""

    def __init__(self, shape: Shape, write_error: Callable[[RelayError, str], Reply], asked: Inference) -> None:
        self.shape, self.write_error, self.asked = shape, write_error, asked

    def write(self, event: Event, bill: Bill | None) -> bytes:
        """What the client gets of an event; `bill` is how the call stands where the event tells what was used."""
        shown = self.show(named(event.document, self.asked.said), bill)
        if shown is event.document:
            return event.raw
        return event.saying(shown).raw if shown else b""

    def show(self, document: Mapping[str, Json], bill: Bill | None) -> Mapping[str, Json]:
        """The document as this client sees it; empty where it sees none."""
        told = bill is not None and bill.final and self.asked.shows_cost
        return with_cost(self.shape, document, bill) if bill and told else document

    def end(self, bill: Bill) -> bytes:
        """What follows the last event of a stream that ended well."""
        return self.ending

    def broken(self, error: RelayError) -> bytes:
        """What ends a stream that broke off, or that never began although its answer had: the error as an event."""
        return b"data: " + self.write_error(error, "").body + b"\n\n" + self.ending


@dataclass(frozen=True, slots=True)
class Completed:
    """A call that was answered in one piece."""

    asked: Inference
    document: Mapping[str, Json]
    bill: Bill


def named(document: Mapping[str, Json], said: str) -> Mapping[str, Json]:
    """The document with the client's name for the model, wherever a shape says it; itself where it does already."""
    for name in ("model", "modelVersion"):
        if isinstance(document.get(name), str) and document[name] != said:
            document = {**document, name: said}
    for name in ("message", "response"):
        inner = document.get(name)
        if isinstance(inner, dict) and (told := named(inner, said)) is not inner:
            document = {**document, name: told}
    return document


def with_cost(shape: Shape, document: Mapping[str, Json], bill: Bill) -> Mapping[str, Json]:
    """The document, or the event with the document in it, that says what the call cost, in US dollars, where the shape
    has space."""
    told = _put_cost(document, shape.usage_path, bill.usd)
    other = shape.event_usage_path
    return _put_cost(document, other, bill.usd) if other and told is document else told


def _put_cost(document: Mapping[str, Json], path: tuple[str, ...], usd: float) -> Mapping[str, Json]:
    if not path:
        return {**document, "cost": usd}
    inner = document.get(path[0])
    if not isinstance(inner, dict):
        return document
    told = _put_cost(inner, path[1:], usd)
    return document if told is inner else {**document, path[0]: told}
