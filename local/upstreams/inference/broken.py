"""What goes wrong in a model's answer, streamed or whole: in its events, their bytes, or their pace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, repeat
from typing import NamedTuple

from local.upstreams.inference.shape import Event, Shape
from relay.nouns.wire import Json, compact

Line = tuple[float, bytes]
HEARTBEAT = 0.1  # seconds between two
SLOW = 0.5  # seconds before each event, where the fault does not say
HUGE = 2 << 20
HALF = '{"id": "half of'
MESSAGE = "the model is overloaded; try again later"


class Paced(NamedTuple):
    """Seconds before the first event and before each other, and until a silence ends."""

    first: float
    between: float
    patience: float


def without_usage(document: Json) -> Json:
    if isinstance(document, dict):
        kept = {name: each for name, each in document.items() if name not in ("usage", "usageMetadata")}
        return {name: without_usage(each) for name, each in kept.items()}
    return [without_usage(each) for each in document] if isinstance(document, list) else document


def mistold(events: Sequence[Event], fault: str, shape: Shape) -> list[Event]:
    """The events with the fault in them."""
    half, failure = len(events) // 2, shape.error(503, MESSAGE)
    before, after = list(events[:half]), list(events[half:])
    if fault == "error-first":
        return [shape.error_event(failure, ())]
    if fault == "error":
        return [*before, shape.error_event(failure, before)]
    if fault == "malformed":
        return [*before, replace(after[0], data=HALF), *after]
    if fault == "huge":
        return [*before, replace(after[0], data=after[0].data | {"padding": "x" * HUGE}), *after[1:]]
    if fault == "no-usage":
        told = [replace(event, data=without_usage(event.data)) for event in events]
        return [event for event in told if not (isinstance(event.data, dict) and event.data.get("choices") == [])]
    return list(events)


def framed(events: Sequence[Event], *, in_array: bool) -> Iterator[bytes]:
    """As bytes: server-sent events, or one JSON array of them in pieces."""
    if not in_array:
        yield from (event.write() for event in events)
        return
    for number, event in enumerate(events):
        document = event.data.encode() if isinstance(event.data, str) else compact(event.data)
        yield (b",\r\n" if number else b"[") + document
    yield b"]"


def timed(pieces: Sequence[bytes], fault: str, number: float | None, pace: Paced, heartbeat: bytes) -> Iterator[Line]:
    """The pieces, each with the seconds before it."""
    if fault == "silence":
        patience = pace.patience if number is None else number
        return repeat((HEARTBEAT, b""), int(patience / HEARTBEAT) + 1)  # asked so often whether anyone still listens
    between = (SLOW if number is None else number) if fault == "slow" else pace.between
    lines = zip(chain([max(pace.first, between)], repeat(between)), pieces, strict=False)
    half = len(pieces) // 2
    if fault == "cut":
        return chain(islice(lines, half), [(between, pieces[half][: len(pieces[half]) // 2])])
    if fault == "endless":
        return chain(islice(lines, half), repeat((HEARTBEAT, heartbeat)))
    return lines
