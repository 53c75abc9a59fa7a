"""The images API as clients speak it to us: its routes.

A client that asks for a task is answered at once; any other waits for the pictures as long as a request may take, and
is then told where its task is. An error instead would be sent again by OpenAI's clients, and paid again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from relay.families.dialect import AnyRoute, Route, Told
from relay.families.newapi.images import read, write
from relay.families.newapi.images.words import EDITS, GENERATIONS, MOST_INSIDE, PLATFORM
from relay.families.newapi.task_documents import WAIT, prefers_async
from relay.families.newapi.words import write_openai_error
from relay.families.uses import CREATE, QUERY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Reply


def _routes(path: str, reader: Callable[[Inbound, Catalog], Draft]) -> Iterator[AnyRoute]:
    error, told = write_openai_error, write.write_status
    prefers, asks = prefers_async, read.wants_task
    yield Route("POST", path, CREATE, reader, write.write_preferred, when=prefers, error=error, ended=told)
    yield Route("POST", path, CREATE, reader, write.write_accepted, when=asks, error=error, ended=told)
    yield Route("POST", path, CREATE, reader, write.write_accepted, error=error, ended=write.write_made, wait=WAIT)
    yield Route("GET", f"{path}/{{image_id}}", QUERY, read.read_query, told, error=error)


def _inside(write: Callable[..., Reply]) -> Callable[[Told[Task]], Reply]:
    return partial(write, inside=True)


def _with_bytes(route: AnyRoute) -> AnyRoute:
    """The same for a client that wants the pictures in the answer."""

    def when(inbound: Inbound) -> bool:
        return read.wants_bytes(inbound) and (route.when is None or route.when(inbound))

    ended = _inside(route.ended) if route.ended else None
    return replace(route, when=when, write=_inside(route.write), ended=ended, inline=MOST_INSIDE)


_ROUTES = (*_routes(GENERATIONS, read.read_generation), *_routes(EDITS, read.read_edit))
ROUTES: tuple[AnyRoute, ...] = (*map(_with_bytes, _ROUTES), *_ROUTES)
CALLBACKS = {PLATFORM: write.write_callback}
