"""How the family's clients speak to us: its routes.

A client that asks for a task is answered at once, one that asks for a stream watches it being made, and any other waits
as long as a request may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from relay.families.dialect import AnyRoute, Dialect, Route, Told
from relay.families.sora2api import films, read, write
from relay.families.sora2api.messages import names_model, read_chat
from relay.families.sora2api.streams import Progress
from relay.families.sora2api.words import (
    ANIMATE,
    CHARACTER,
    CHARACTER_FILM,
    CHAT,
    DRAW,
    FAMILY,
    FILM,
    LANGUAGE,
    PLATFORM,
    REDRAW,
    REMIX,
    STORYBOARD,
    TASKS,
)
from relay.families.uses import CREATE_RECORD, RECORD_FACTS, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.errors import RelayError
from relay.nouns.wire import Inbound, Reply, compact

WAIT = 25  # seconds; the gateway gives up after 30


def _task_route(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> AnyRoute:
    return Route("POST", path, CREATE_RECORD, reader, write.write_accepted, ended=write.write_status)


def _watched(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    asked = _task_route(path, reader)
    yield replace(asked, when=read.asks_async)
    yield replace(asked, when=read.asks_stream, progress=Progress)


def _characters(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    """Nobody waits there for an answer in one piece: the last only refuses."""
    yield from _watched(path, reader)
    yield _task_route(path, reader)


def _routes(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    yield from _watched(path, reader)
    waited = write.write_unfinished
    yield Route("POST", path, CREATE_RECORD, reader, waited, ended=write.write_completion, wait=WAIT)


def _asks_chat_stream(inbound: Inbound) -> bool:
    return names_model(inbound) and read.asks_stream(inbound)


def _chat() -> Iterator[AnyRoute]:
    """Another family's path: theirs are the requests for their own models."""
    whole, waited = write.write_completion, write.write_unfinished
    yield replace(_task_route(CHAT, read_chat), when=_asks_chat_stream, progress=Progress)
    yield Route("POST", CHAT, CREATE_RECORD, read_chat, waited, when=names_model, ended=whole, wait=WAIT)


class Sora2apiDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    hooked = (PLATFORM,)  # the wire has no callbacks
    routes = (
        *_routes(FILM, films.read_video),
        *_routes(ANIMATE, films.read_transformed_video),
        *_routes(REMIX, films.read_remix),
        *_routes(STORYBOARD, films.read_storyboard),
        *_routes(DRAW, read.read_image),
        *_routes(REDRAW, read.read_transformed_image),
        *_characters(CHARACTER, read.read_character),
        *_characters(CHARACTER_FILM, read.read_character_film),
        *_chat(),
        Route("GET", f"{TASKS}/{{task_id}}", RECORD_FACTS, read.read_query, write.write_status),
    )

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write.write_error(error, trace_id)

    def write_callback(self, told: Told[Record]) -> bytes:
        return compact(write.write_task(told.found))


DIALECT = Sora2apiDialect()
