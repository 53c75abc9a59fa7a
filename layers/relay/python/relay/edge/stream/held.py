"""Every other operation: done in a thread; where a client waits for the end of what it creates, the line stays open."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from relay.edge.asking import applied, tell
from relay.edge.operations import Ask, Operations
from relay.edge.stream.responding import Respond
from relay.edge.stream.sending import Pieces
from relay.families.dialect import AnyRoute, Record
from relay.flow.links import sign_links
from relay.flow.services import Services
from relay.flow.wait import pauses, preferred_wait
from relay.nouns.task import Task

MOST_SECONDS = 840  # a client may wait; a function has 900
QUIET_SECONDS = 110  # the same where nothing may show that the line is open: the front gives up after 120
LONGEST_PAUSE = 3.0  # seconds between two looks at a task


class Held:
    """Answers requests by the operations of the other endpoints."""

    def __init__(self, services: Services, operations: Operations) -> None:
        self._services, self._operations = services, operations

    async def answer(self, route: AnyRoute, asked: Ask[Any], respond: Respond) -> ASGIApp:
        """Raises RelayError for what is wrong with the request."""
        most = MOST_SECONDS if route.padded else QUIET_SECONDS
        preferred = preferred_wait(asked.inbound, most) if route.ended else None
        seconds = (most if route.wait else 0) if preferred is None else preferred
        found = await asyncio.to_thread(self._operations[route.use], asked)
        if not seconds or found.terminal:
            reply = await asyncio.to_thread(partial(tell, asked, route, found, waited=bool(seconds)))
            return respond.now(applied(reply, preferred))
        return respond.later(self._wait(route, asked, found, seconds, preferred), padded=route.padded)

    async def _wait(
        self, route: AnyRoute, asked: Ask[Any], found: Task | Record, seconds: int, preferred: int | None
    ) -> Pieces:
        ended = await self._end(found, seconds)
        signed = await asyncio.to_thread(self._signed, ended, asked.base_url)
        reply = await asyncio.to_thread(partial(tell, asked, route, signed, waited=True))
        yield applied(reply, preferred)

    async def _end(self, found: Task | Record, seconds: float) -> Task | Record:
        """What was made, as it stands at its end or when the time is up."""
        task = found.task if isinstance(found, Record) else found
        for pause in pauses(seconds, LONGEST_PAUSE):
            await asyncio.sleep(pause)
            seen = await asyncio.to_thread(self._services.store.tasks.get, task.account_id, task.task_id)
            task = seen or task
            if task.terminal:
                break
        return found._replace(task=task) if isinstance(found, Record) else task

    def _signed(self, found: Task | Record, base_url: str) -> Task | Record:
        if isinstance(found, Record):
            return found._replace(task=sign_links(self._services, found.task, base_url))
        return sign_links(self._services, found, base_url)
