"""How the family's clients speak to us: its routes.

A client that asks for a task is answered at once, any other waits as long as a request may take. No streams are served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from relay.families.dialect import CREATE_RECORD, RECORD_FACTS, AnyRoute, Dialect, Record, Route, Told
from relay.families.sora2api import read, write
from relay.families.sora2api.words import (
    ANIMATE,
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
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.errors import RelayError
from relay.nouns.wire import Inbound, Reply, compact

WAIT = 25  # seconds; the gateway gives up after 30


def _routes(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    made = write.write_accepted
    yield Route("POST", path, CREATE_RECORD, reader, made, when=read.asks_async, ended=write.write_status)
    waited = write.write_unfinished
    yield Route("POST", path, CREATE_RECORD, reader, waited, ended=write.write_completion, wait=WAIT)


class Sora2apiDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    hooked = (PLATFORM,)  # the wire has no callbacks
    routes = (
        *_routes(FILM, read.read_video),
        *_routes(ANIMATE, read.read_transformed_video),
        *_routes(REMIX, read.read_remix),
        *_routes(STORYBOARD, read.read_storyboard),
        *_routes(DRAW, read.read_image),
        *_routes(REDRAW, read.read_transformed_image),
        Route("GET", f"{TASKS}/{{task_id}}", RECORD_FACTS, read.read_query, write.write_status),
    )

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return write.write_error(error, trace_id)

    def write_callback(self, told: Told[Record]) -> bytes:
        return compact(write.write_task(told.found))


DIALECT = Sora2apiDialect()
