"""Every other operation: done in a thread; where a client waits for the end of what it creates, the line stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from starlette.types import ASGIApp

from relay.edge.asking import applied, tell, told
from relay.edge.operations import Ask, Operations
from relay.edge.stream.responding import Respond
from relay.edge.stream.sending import Pieces
from relay.families.dialect import AnyRoute, Told
from relay.families.progress import ProgressWriter
from relay.families.uses import Record
from relay.flow.links import sign_links
from relay.flow.services import Services
from relay.flow.sources import LINE_SECONDS
from relay.flow.wait import pauses, preferred_wait
from relay.nouns.task import Task

MOST_SECONDS = int(LINE_SECONDS)  # a client may wait, as long as a model call may take
QUIET_SECONDS = 110  # the same where nothing may show that the line is open: the front gives up after 120
LONGEST_PAUSE = 3.0  # seconds between two looks at a task
# Looks at tasks at the same time, of all clients: each takes a thread for one read, and the threads are everybody's.
LOOKS_AT_ONCE = 2

logger = Logger(child=True)
Made = Task | Record


class Held:
    """Answers requests by the operations of the other endpoints. A client that goes ends its looks, and no task."""

    def __init__(
        self,
        services: Services,
        operations: Operations,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._services, self._operations, self._sleep = services, operations, sleep
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def answer(self, route: AnyRoute, asked: Ask[Any], respond: Respond) -> ASGIApp:
        """Raises RelayError for what is wrong with the request."""
        waits, most = route.ended or route.progress, MOST_SECONDS if route.padded else QUIET_SECONDS
        preferred = preferred_wait(asked.inbound, most) if waits else None
        seconds = (most if route.wait or route.progress else 0) if preferred is None else preferred
        found = await asyncio.to_thread(self._operations[route.use], asked)
        if waits:
            respond = replace(respond, headers={"x-task-id": _task(found).task_id})
        if route.progress:
            writer = route.progress()
            pieces = self._watch(route, asked, found, seconds, writer)
            return respond.stream(pieces, writer.content_type, writer.heartbeat, writer.broken)
        if not seconds or found.terminal:
            reply = await asyncio.to_thread(partial(self._tell, asked, route, found, waited=bool(seconds)))
            return respond.now(applied(reply, preferred))
        return respond.later(self._wait(route, asked, found, seconds, preferred), padded=route.padded)

    async def _wait(self, route: AnyRoute, asked: Ask[Any], found: Made, seconds: int, preferred: int | None) -> Pieces:
        async with aclosing(self._changes(found, seconds)) as changes:
            async for each in changes:
                found = each
        reply = await asyncio.to_thread(partial(self._tell, asked, route, found, waited=True))
        yield applied(reply, preferred)

    async def _watch(
        self, route: AnyRoute, asked: Ask[Any], found: Made, seconds: int, writer: ProgressWriter
    ) -> Pieces:
        async with aclosing(self._changes(found, seconds)) as changes:
            async for each in changes:
                found = each
                yield writer.write(await asyncio.to_thread(self._told, asked, route, found))
        if not found.terminal:
            yield writer.unfinished(await asyncio.to_thread(self._told, asked, route, found))

    async def _changes(self, found: Made, seconds: float) -> AsyncGenerator[Made, None]:
        """What is made as it stands now, and whenever that has changed, until it has ended or the time is up."""
        yield found
        task = _task(found)
        for pause in pauses(0 if task.terminal else seconds, LONGEST_PAUSE):
            await self._sleep(pause)
            seen = await self._look(task)
            if (seen.status, seen.progress) != (task.status, task.progress):
                task = seen
                yield found._replace(task=task) if isinstance(found, Record) else task
            if task.terminal:
                return

    async def _look(self, task: Task) -> Task:
        """The task as it stands. A look that fails says nothing of it: there is another."""
        try:
            async with self._looks:
                seen = await asyncio.to_thread(self._services.store.tasks.get, task.account_id, task.task_id)
        except Exception:
            logger.exception("a look at a task failed", task_id=task.task_id)
            return task
        return seen or task

    def _tell(self, asked: Ask[Any], route: AnyRoute, found: Any, *, waited: bool) -> Any:  # noqa: ANN401 - as the use case says
        return tell(asked, route, self._signed(found, asked.base_url) if waited else found, waited=waited)

    def _told(self, asked: Ask[Any], route: AnyRoute, found: Made) -> Told[Any]:
        return told(asked, route, self._signed(found, asked.base_url))

    def _signed(self, found: Made, base_url: str) -> Made:
        if isinstance(found, Record):
            return found._replace(task=sign_links(self._services, found.task, base_url))
        return sign_links(self._services, found, base_url)


def _task(found: Made) -> Task:
    return found.task if isinstance(found, Record) else found
