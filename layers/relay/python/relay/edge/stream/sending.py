"""An answer that is sent while it is made: bytes as they come, heartbeats between them, and an end in every case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send

from relay.nouns.wire import Reply

Pieces = AsyncGenerator[bytes | Reply, None]  # of a stream bytes, of an answer in one piece the Reply


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that are waited for a client."""

    body: float = 60.0  # for its request to arrive
    heartbeat: float = 12.0  # of silence after which proxies on the way are shown that the line is open
    # A JSON document may have spaces before it, so proxies on the way can be kept from giving up. From the first on the
    # answer's status is 200, so an error that follows stands in its body alone; therefore they begin as late as proxies
    # that give up after a minute allow.
    patience: float = 55.0
    stuck: float = 60.0  # it may take to read what it was sent


@dataclass(slots=True)
class Sending:
    """An ASGI application that sends `pieces`. `begin` is how a stream answers, before its first piece.

    What `pieces` raise before anything was sent is answered by `refuse`; later `broken` says it inside the answer.
    `heartbeat` is what may stand between two pieces. A client that goes away, or reads nothing, ends the pieces.
    """

    pieces: Pieces
    begin: Reply
    heartbeat: bytes
    refuse: Callable[[Exception], Reply]
    broken: Callable[[Exception], bytes]
    quiet: float  # seconds until the first heartbeat, which settles that the answer is a success
    pace: Pace = field(default_factory=Pace)
    _send: Send = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _started: bool = False
    _sending_since: float = 0.0
    _sent_at: float = 0.0
    _gone: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._send = send
        loop, own = asyncio.get_running_loop(), asyncio.current_task()
        self._sent_at = loop.time()
        leaving = loop.create_task(self._watch_client(receive, own))
        beating = loop.create_task(self._beat(own))
        try:
            await self._pass_on()
        except asyncio.CancelledError:
            if not self._gone:
                raise
        finally:
            leaving.cancel()
            beating.cancel()
            with suppress(RuntimeError):  # it is being closed already
                await self.pieces.aclose()

    async def _pass_on(self) -> None:
        try:
            async for piece in self.pieces:
                await self._write(piece)
        except Exception as error:
            if not self._started:
                await self._write(self.refuse(error))
            else:
                await self._write(self.broken(error))
        await self._emit({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, piece: bytes | Reply) -> None:
        async with self._turn:
            if not self._started:
                await self._start(piece if isinstance(piece, Reply) else self.begin)
            body = piece.body if isinstance(piece, Reply) else piece
            await self._emit({"type": "http.response.body", "body": body, "more_body": True})

    async def _start(self, reply: Reply) -> None:
        self._started = True
        headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        if reply.content_type:
            headers.append((b"content-type", reply.content_type.encode()))
        await self._emit({"type": "http.response.start", "status": reply.status, "headers": headers})

    async def _emit(self, message: Message) -> None:
        loop = asyncio.get_running_loop()
        self._sending_since = loop.time()
        await self._send(message)
        self._sending_since, self._sent_at = 0.0, loop.time()

    async def _watch_client(self, receive: Receive, own: asyncio.Task[None] | None) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        self._leave(own)

    async def _beat(self, own: asyncio.Task[None] | None) -> None:
        """Heartbeats while nothing comes, and an end where the client reads nothing."""
        loop, pause = asyncio.get_running_loop(), self.quiet
        while True:
            await asyncio.sleep(pause)
            if self._sending_since:
                if loop.time() - self._sending_since >= self.pace.stuck:
                    break
            elif loop.time() - self._sent_at >= pause and self.heartbeat:
                try:
                    async with asyncio.timeout(self.pace.stuck):  # what was sent before may be unread
                        await self._write(self.heartbeat)
                except TimeoutError:
                    break
                pause = self.pace.heartbeat
        self._leave(own)

    def _leave(self, own: asyncio.Task[None] | None) -> None:
        self._gone = True
        if own:
            own.cancel()
