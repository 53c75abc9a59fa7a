"""The images API as clients speak it to us: its routes.

A client that asks for a task is answered at once; any other waits for the pictures as long as a request may take, and
is then told where its task is. An error instead would be sent again by OpenAI's clients, and paid again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from relay.families.dialect import CREATE, QUERY, AnyRoute, Route
from relay.families.newapi.images import read, write
from relay.families.newapi.images.words import EDITS, GENERATIONS, PLATFORM
from relay.families.newapi.words import write_openai_error
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.wire import Inbound

WAIT = 25  # seconds; the gateway gives up after 30


def _routes(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    error, told = write_openai_error, write.write_status
    prefers, asks = read.prefers_async, read.asks_async
    yield Route("POST", path, CREATE, reader, write.write_preferred, when=prefers, error=error, ended=told)
    yield Route("POST", path, CREATE, reader, write.write_accepted, when=asks, error=error, ended=told)
    yield Route("POST", path, CREATE, reader, write.write_accepted, error=error, ended=write.write_made, wait=WAIT)
    yield Route("GET", f"{path}/{{image_id}}", QUERY, read.read_query, told, error=error)


ROUTES: tuple[AnyRoute, ...] = (
    *_routes(GENERATIONS, read.read_generation),
    *_routes(EDITS, read.read_edit),
)
CALLBACKS = {PLATFORM: write.write_callback}
