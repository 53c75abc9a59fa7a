"""Whatever an upstream answers to a model call, it is passed on or refused: nothing in it is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import cycle

import pytest

from local.upstreams.aihub.chat import SHAPE as HUB
from local.upstreams.inference import SHAPES
from local.upstreams.inference.shape import Request, Shape
from relay.families import FAMILIES, dialect, provider
from relay.families.dialect import AnyRoute, Told
from relay.families.inference import Completed, Event, EventWriter
from relay.families.inference_answers import read_raw_event
from relay.families.uses import INFER
from relay.nouns.errors import Refused
from relay.nouns.inference import Bill, Inference, Tokens
from relay.nouns.wire import Answer, Json, compact
from tests.contract.test_hostile_answers import NASTY, RAW, STATUSES, places, spoilt
from tests.speaking import NOW, SPOKEN

CALLS = [(family, name) for family in FAMILIES for name in provider(family).inference]
BILL = Bill(Tokens(1, 2), 3, 0.000004)
ASKED: Mapping[str, Json] = {
    "messages": [{"role": "user", "content": "hi"}],
    "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
    **{"input": "hi", "prompt": "hi", "query": "hi", "documents": ["a", "b"], "max_tokens": 4, "stream_options": {}},
}
each_call = pytest.mark.parametrize(("family", "name"), CALLS)


def documents(shape: Shape) -> list[Json]:
    """An answer of each form: whole, and the events that are unlike those before them."""
    request = Request(ASKED, "gpt-4o-mini", NOW // 1000)
    events = [event.data for event in shape.events(request)] if shape.events else []
    unlike = {frozenset(places(data)): data for data in events if isinstance(data, dict)}
    return [shape.answer(request), *unlike.values()]


def hostile(shape: Shape) -> Iterator[bytes]:
    """Every place of every document meets a nasty value; like places meet others elsewhere."""
    turn = cycle(NASTY)
    for document in documents(shape):
        yield from (compact(spoilt(document, place, next(turn))) for place in places(document))
    yield from RAW


def routes_of(family: str, asked: Inference) -> list[tuple[AnyRoute, EventWriter | None]]:
    routes = dialect(family).routes if family in SPOKEN else ()
    made = [(route, route.events(asked) if route.events else None) for route in routes if route.use is INFER]
    return [(route, writer) for route, writer in made if writer is None or writer.shape.name == asked.shape]


@each_call
def test_an_answer_with_anything_in_any_place_is_passed_on_or_refused(family: str, name: str) -> None:
    api = provider(family).inference[name]
    asked = Inference(family, api.shape.name, "m", "m", {}, Tokens(1, 1), streamed=True)
    routes, heard = routes_of(family, asked), 0
    for shape in (*SHAPES, HUB):
        for body in hostile(shape):
            with suppress(Refused):
                document = api.read(Answer(200, body))
                assert api.shape.read_usage(document) is None or isinstance(api.shape.read_usage(document), Tokens)
                for route, _ in routes:
                    route.write(Told(Completed(asked, document, BILL), NOW))
                heard += 1
            with suppress(Refused):
                reader = api.reader(asked, NOW // 1000)
                if event := read_raw_event(b"data: " + body + b"\n\n"):
                    for each in (*reader.read(event), *reader.finish()):
                        heard += pass_on(each, routes)
    assert heard > len(RAW)


def pass_on(event: Event, routes: list[tuple[AnyRoute, EventWriter | None]]) -> int:
    for _, writer in routes:
        if writer:
            writer.shape.ends(event.document)
            assert isinstance(writer.write(event, BILL if writer.shape.read_usage(event.document) else None), bytes)
            assert isinstance(writer.end(BILL), bytes)
    return 1


@each_call
def test_a_refusal_of_any_form_is_a_refusal(family: str, name: str) -> None:
    api = provider(family).inference[name]
    errors = [HUB.error(status, "no") for status in STATUSES] + [shape.error(400, "no") for shape in SHAPES]
    bodies = [compact(spoilt(error, place, bad)) for error in errors for place in places(error) for bad in NASTY[:9:2]]
    for status in STATUSES:
        for body in (*bodies, *RAW):
            assert isinstance(api.refuse(Answer(status, body, {"retry-after": "x"})), Refused)
