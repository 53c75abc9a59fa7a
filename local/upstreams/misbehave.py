"""Owns answers no family documents: HTML, nothing, half a JSON, a broken connection, none at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local.upstreams.faults import Fault
from local.upstreams.jobs import FOREVER, Job
from relay.nouns.errors import RelayError
from relay.nouns.wire import JSON, Reply

_TRANSPORT = "upstreams.transport"
_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>"


class Dropped(Response):
    """Cuts the connection after `sent`; the client sees a reset, or a body shorter than it was told."""

    def __init__(self, sent: bytes = b"", told: int = 0, content_type: str | None = None) -> None:
        super().__init__(sent, 200, media_type=content_type)
        if told:
            self.headers["content-length"] = str(told)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope.get(_TRANSPORT)
        if transport is None:
            raise RuntimeError("only a real connection can be dropped: serve the simulator with Upstreams")
        if self.body:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        transport.close() if self.body else transport.abort()
        await _closed(transport)


async def _closed(transport: Any) -> None:  # noqa: ANN401 - asyncio's
    """The server must learn of the closed line before we return, or it would answer for us."""
    while not transport.is_closing():
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)


class Late(Exception):
    """The answer is there after so many seconds; the connection stays open until then."""

    def __init__(self, seconds: float, reply: Callable[[], Reply]) -> None:
        super().__init__(f"an answer after {seconds:g} s")
        self.seconds, self.reply = seconds, reply


class Silence(Exception):
    """No answer comes: the connection is closed at once, or by a gateway after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"silence for {seconds:g} s" if seconds else "the line is cut")
        self.seconds = seconds


class Streamed(Exception):
    """An answer that is written while it is made: what comes, and the seconds before each; `cut` breaks it off then.

    `left` is called where the other side does not wait for the end.
    """

    def __init__(
        self,
        lines: Iterable[tuple[float, bytes]],
        *,
        cut: bool = False,
        content_type: str = "text/event-stream",
        left: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__("an answer that is streamed")
        self.lines, self.cut, self.content_type, self.left = lines, cut, content_type, left


class Streaming(Response):
    """Sends what was Streamed."""

    def __init__(self, streamed: Streamed) -> None:
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        super().__init__(media_type=streamed.content_type, headers=headers)
        del self.headers["content-length"]
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for seconds, line in self._streamed.lines:
            await asyncio.sleep(seconds)
            if scope[_TRANSPORT].is_closing():
                self._streamed.left()
                return
            await send({"type": "http.response.body", "body": line, "more_body": True})
        if self._streamed.cut:
            scope[_TRANSPORT].close()
            await _closed(scope[_TRANSPORT])
        else:
            await send({"type": "http.response.body"})


def late(job: Job, now: float, patience: float, write: Callable[[], Reply]) -> Late | Silence:
    """What a client gets whose request is answered with the outcome: it, once the job has ended, if it ever does."""
    return Silence(patience) if job.done_at == FOREVER else Late(max(0.0, job.done_at - now), write)


class InOk(Exception):
    """A refusal to be told with the status 200."""

    def __init__(self, refusal: RelayError) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def page(status: int, text: str) -> Reply:
    return Reply(status, _PAGE.format(text).encode(), "text/html; charset=utf-8")


BARE = {
    "http-500": page(500, "500 Internal Server Error"),
    "http-502": page(502, "502 Bad Gateway"),
    "empty": Reply(200),
    "bad-json": Reply(200, b'{"code":200,"msg":"succ', JSON),
}


def misbehave(fault: Fault, patience: float, refusal: Callable[[str], RelayError]) -> Reply:
    """What a fault before the answer looks like; raises it where it is none. A silence lasts `patience` at most."""
    if fault.name in ("hang", "lost-answer-hang"):
        raise Silence(patience if fault.number is None else fault.number)
    if fault.name in ("drop", "lost-answer"):
        raise Silence(0.0)
    if fault.name in BARE:
        return BARE[fault.name]
    if fault.name == "error-in-200":
        raise InOk(refusal(fault.name))
    raise refusal(fault.name)


async def hang(seconds: float) -> Response:
    """Silence, then a gateway's time-out page for the client that is still there."""
    await asyncio.sleep(seconds)
    return HTMLResponse(_PAGE.format("504 Gateway Time-out"), 504)


class KeepTransport:
    """Outermost middleware: notes the connection's transport while the server's own `send` is still in reach."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[_TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await self.app(scope, receive, send)
