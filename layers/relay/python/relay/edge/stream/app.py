"""The stream endpoint: authenticate, read, act, and write while the client holds the line open."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from aws_lambda_powertools import Logger
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from relay.edge.asking import ask
from relay.edge.operations import Operations
from relay.edge.stream.held import Held
from relay.edge.stream.model_calls import ModelCalls
from relay.edge.stream.requests import ClientGone, read_inbound
from relay.edge.stream.responding import Respond
from relay.edge.stream.routing import Routes, Target
from relay.edge.stream.sending import Pace
from relay.effects.outbound.open_lines import OpenLines
from relay.families import FAMILIES, dialect, dialect_at
from relay.families.dialect import Auth, Dialect
from relay.families.uses import INFER
from relay.flow.access import Access, Caller
from relay.flow.apart import apart
from relay.flow.services import Services
from relay.flow.sources import LINE_SECONDS
from relay.nouns.errors import Internal, RelayError
from relay.nouns.wire import Inbound, Reply

TIDY_SECONDS = 1.0  # between looks at what this process has reserved
THREADS = 32  # for the tables, as many as there are connections: one that waits for a busy account holds up no other
REFRESH_SECONDS = 240.0  # between readings of the secrets, which are kept for 300

logger = Logger(child=True)


class StreamEndpoint:
    """What one process serves. `keep` is for how many ms a reservation takes model calls; 0 makes one for each call.
    `seconds` is how long a call may take."""

    def __init__(
        self,
        services: Services,
        operations: Operations,
        lines: OpenLines,
        keep: int = 0,
        *,
        seconds: float = LINE_SECONDS,
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._services, self._operations = services, operations
        self._access = Access(services)
        self.calls = ModelCalls(services, lines, keep, seconds)
        self._pace = pace or Pace()
        self._held = Held(services, operations, sleep)
        self._routes = Routes(map(dialect, FAMILIES), {*operations, INFER})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace_id = uuid.uuid4().hex
        try:
            answer = await self._answer(scope, receive, trace_id)
        except ClientGone:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, trace_id: str) -> ASGIApp:
        """What sends the answer. Nothing is charged before it runs, but for what is answered at once."""
        refuse = self._refusing(partial(_write_error_at, scope["path"]), trace_id)
        try:
            inbound = await read_inbound(scope, receive, self._pace.body)
            target, params = await apart(len(inbound.body), self._routes.find, inbound)
            inbound = replace(inbound, params=params)
            refuse = self._refusing(target.route.error or target.speaker.write_error, trace_id)
            caller = await self._caller(target, inbound)
            return await self._respond(target, inbound, caller, Respond(refuse, trace_id, pace=self._pace))
        except ClientGone:
            raise
        except Exception as error:
            return Respond(refuse, trace_id).now(refuse(error))

    async def _respond(self, target: Target, inbound: Inbound, caller: Caller | None, respond: Respond) -> ASGIApp:
        if target.route.use is INFER:
            return await self.calls.answer(target.route, inbound, caller, respond)
        base_url = self._services.public_url or f"https://{inbound.headers.get('host', '')}"
        asked = ask(self._services, caller, target.route, inbound, base_url=base_url, trace_id=respond.trace_id)
        return await self._held.answer(target.route, asked, respond)

    async def _caller(self, target: Target, inbound: Inbound) -> Caller | None:
        if target.route.auth is Auth.OPEN:
            return None
        speaker: Dialect = target.speaker
        key = speaker.read_key(inbound)
        find = partial(self._access.caller, key, speaker.family, reading=target.route.use.counted)
        return find() if self._access.remembers(key) else await asyncio.to_thread(find)

    def _refusing(self, write: Callable[[RelayError, str], Reply], trace_id: str) -> Callable[[Exception], Reply]:
        def refuse(error: Exception) -> Reply:
            if not isinstance(error, RelayError):
                logger.error("request failed", exc_info=error, trace_id=trace_id)
                error = Internal()
            return write(error, trace_id)

        return refuse

    async def tend(self, publish: Callable[[], None]) -> None:
        """Close reservations in time, renew shares, read secrets again and publish metrics, while the process lives."""
        loop = asyncio.get_running_loop()
        refreshed = loop.time()
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            try:
                publish()
                await self.calls.tend()
                if loop.time() - refreshed >= REFRESH_SECONDS:
                    refreshed = loop.time()
                    await asyncio.to_thread(self._services.secrets.refresh)
            except Exception:
                logger.exception("upkeep failed")


def _write_error_at(path: str, error: RelayError, trace_id: str) -> Reply:
    """An error of a request that no route took yet."""
    return dialect_at(path).error_at(path)(error, trace_id)


def application(endpoint: StreamEndpoint, publish: Callable[[], None] = lambda: None) -> Starlette:
    """The ASGI application, with what runs beside the requests. `publish` writes the metrics counted so far."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        tending = asyncio.create_task(endpoint.tend(publish))
        try:
            yield
        finally:
            tending.cancel()
            await endpoint.calls.close()
            publish()

    return Starlette(routes=[Mount("/", app=endpoint)], lifespan=lifespan)
