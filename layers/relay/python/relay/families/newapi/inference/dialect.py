"""Model calls as clients make them: the routes of each shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from relay.families.chat import ChatWriter
from relay.families.dialect import AnyRoute, Route, Told, WriteError
from relay.families.inference import Completed, EventWriter, Shape, named, with_cost
from relay.families.newapi.inference.errors import write_claude_error, write_google_error
from relay.families.newapi.inference.read import read_content, reader
from relay.families.newapi.inference.shapes import CONTENT_ACTS, MODEL_HOMES, PATHS, SHAPES
from relay.families.newapi.inference.writers import ContentArrayWriter, MessageWriter, ResponseWriter
from relay.families.newapi.words import write_openai_error
from relay.families.uses import INFER
from relay.nouns.inference import Inference
from relay.nouns.wire import Inbound, Reply

Writer = Callable[[Shape, WriteError, Inference], EventWriter]

# By shape, where they are not OpenAI's; one that is not in WRITERS has no stream.
ERRORS: Mapping[str, WriteError] = {"messages": write_claude_error, "generate-content": write_google_error}
WRITERS: Mapping[str, Writer] = {
    "chat": ChatWriter,
    "completions": ChatWriter,
    "responses": ResponseWriter,
    "messages": MessageWriter,
}


def write_completed(told: Told[Completed]) -> Reply:
    asked, document, bill = told.found.asked, told.found.document, told.found.bill
    shown = named(document, asked.said)
    return Reply.json(with_cost(SHAPES[asked.shape], shown, bill) if asked.shows_cost else shown)


def _route(name: str, path: str) -> AnyRoute:
    error, writer = ERRORS.get(name, write_openai_error), WRITERS.get(name)
    events = partial(writer, SHAPES[name], error) if writer else None
    return Route("POST", path, INFER, reader(name), write_completed, error=error, events=events)


def _contents(home: str) -> Iterator[AnyRoute]:
    """One path for answers in one piece, and one for streams: of events for who says so, else of one array."""
    whole, streams = (f"{home}/{{model}}{act}" for act in CONTENT_ACTS)
    error = write_google_error
    yield Route("POST", whole, INFER, partial(read_content, streamed=False), write_completed, error=error)
    writers: tuple[tuple[Writer, Callable[[Inbound], bool] | None], ...]
    writers = (EventWriter, lambda inbound: inbound.query.get("alt") == "sse"), (ContentArrayWriter, None)
    for writer, when in writers:
        events, read = partial(writer, SHAPES["generate-content"], error), partial(read_content, streamed=True)
        yield Route("POST", streams, INFER, read, write_completed, when=when, error=error, events=events)


ROUTES: tuple[AnyRoute, ...] = (
    *(_route(name, path) for name, path in PATHS.items()),
    *(route for home in MODEL_HOMES for route in _contents(home)),
)
