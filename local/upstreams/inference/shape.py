"""The form of a shape: what a request of it is asked, answered and refused with, as functions of documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from relay.nouns.wire import Inbound, Json, compact

Body = Mapping[str, Json]


@dataclass(frozen=True)
class Request:
    """A request's document, with the model it names there or in its path; `now` in seconds since 1970."""

    body: Body
    model: str
    now: int


@dataclass(frozen=True)
class Event:
    """One event of a stream; a text as its data is sent as it stands."""

    data: Json
    name: str = ""

    def write(self) -> bytes:
        data = self.data.encode() if isinstance(self.data, str) else compact(self.data)
        return (f"event: {self.name}\n".encode() if self.name else b"") + b"data: " + data + b"\n\n"


DONE = Event("[DONE]")


def _asks_stream(inbound: Inbound, body: Body) -> bool:
    return body.get("stream") is True


@dataclass(frozen=True)
class Shape:
    """`error` takes a status and a message; `error_event` makes an event of that document, after what was sent."""

    name: str
    path: str
    needs: tuple[str, ...]  # fields a request must have
    prompt: Callable[[Body], str]  # where the marker of a fault may stand
    answer: Callable[[Request], Json]
    error: Callable[[int, str], Json]
    error_event: Callable[[Json, Sequence[Event]], Event] = lambda document, sent: Event(document)
    events: Callable[[Request], Iterator[Event]] | None = None  # None: it is never streamed
    streams: Callable[[Inbound, Body], bool] = _asks_stream
    in_array: Callable[[Inbound], bool] = lambda inbound: False  # streamed as one JSON array instead of events
    heartbeat: bytes = b": keep-alive\n\n"
    refuses: bool = False  # refusals of requests to its path are in its own words, not in the family's

    def lies_at(self, path: str) -> bool:
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path) is not None
