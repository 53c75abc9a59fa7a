"""The one address on this machine: the HTTP API and what is behind the front, the cloud's limits, its own replies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h11
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from local.front import Front, Line
from local.payload import read_answer, write_body, write_event, write_message
from local.routing import Match, Routes
from local.runtime import PAYLOAD_LIMIT
from local.server import Server
from local.sockets import address, listening
from local.worker import Outcome

REQUEST_LIMIT = 10 * 1024 * 1024
INTEGRATION_SECONDS = 30.0
# A client that is still sending would lose the refusal to a connection reset, so this much is read and dropped.
_DRAIN = 64 * 1024 * 1024

Invoke = Callable[[str, bytes], Outcome]


class Gateway:
    """The API's address: it exists at once, and serves when it is given routes."""

    def __init__(self, port: int = 0) -> None:
        """Take the port; requests wait in the socket's queue until `serve`."""
        self._socket = listening(port)
        self.url = address(self._socket)
        self._pool = ThreadPoolExecutor(max_workers=64, thread_name_prefix="gateway")
        self._server: Server | None = None
        self._front: Front | None = None
        self.front_page = ""

    def serve(self, routes: Routes, invoke: Invoke, front: Front | None = None) -> None:
        """Answer requests from now on; those that `front` takes do not go through the API."""
        self._routes, self._invoke, self._front = routes, invoke, front
        self._server = Server(self._serve, self._socket)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return  # before its body was whole: nothing was invoked, and nobody waits for an answer
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response | Line:
        if {"content-length", "transfer-encoding"} <= set(request.headers.keys()):
            return write_message(400, "Bad Request", close=True)  # the two readers on the way may disagree on its end
        body = await _read(request)
        if body is None:
            return write_message(413, "Request Entity Too Large", close=True)
        path: str = request.scope["path"]
        if self.front_page and (request.method, path) == ("GET", "/"):
            return PlainTextResponse(self.front_page)
        if self._front is not None and self._front.takes(path):
            fits = len(json.dumps(write_body(body, request.headers))) <= PAYLOAD_LIMIT
            return self._front.line(request, body) if fits else write_message(413, "Request Entity Too Large")
        match = self._routes.match(request.method, path)
        return write_message(404, "Not Found") if match is None else await self._invoked(request, body, match)

    async def _invoked(self, request: Request, body: bytes, match: Match) -> Response:
        event = write_event(request, body, match)
        try:
            call = asyncio.get_running_loop().run_in_executor(self._pool, self._call, match.route.function, event)
            return await asyncio.wait_for(call, INTEGRATION_SECONDS)
        except (TimeoutError, RuntimeError):  # RuntimeError: the gateway is closing
            return write_message(503, "Service Unavailable")

    def _call(self, function: str, event: dict[str, Any]) -> Response:
        payload = json.dumps(event).encode()
        if len(payload) > PAYLOAD_LIMIT:
            return write_message(413, "Request Entity Too Large")
        outcome = self._invoke(function, payload)
        if outcome.error:
            late = b'"Sandbox.Timedout"' in outcome.payload
            return write_message(503, "Service Unavailable") if late else write_message(500, "Internal Server Error")
        try:
            return read_answer(outcome.payload)
        except (ValueError, TypeError, AttributeError, h11.LocalProtocolError):
            return write_message(500, "Internal Server Error")

    def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        self._socket.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


async def _read(request: Request) -> bytes | None:
    """The body; None where it is larger than the limit."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= REQUEST_LIMIT:
            body += chunk
        elif size > _DRAIN:
            break
    return bytes(body) if size <= REQUEST_LIMIT else None
