"""Owns the HTTP side of the API: connections, the cloud's limits, and its own replies when a function fails."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.bodies import BadBodyError, TooLargeError, read_body
from local.payload import HttpReply, HttpRequest, message, read_answer, write_event
from local.routing import Routes
from local.runtime import PAYLOAD_LIMIT
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
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.gateway = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._pool = ThreadPoolExecutor(max_workers=64, thread_name_prefix="gateway")
        self._thread: threading.Thread | None = None
        self.front_page = ""

    def serve(self, routes: Routes, invoke: Invoke) -> None:
        """Answer requests from now on."""
        self._routes, self._invoke = routes, invoke
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def front(self, request: HttpRequest) -> HttpReply | None:
        """The page at /, where the API has nothing and a person looks first; None for anything else."""
        if not self.front_page or (request.method, request.path) != ("GET", "/"):
            return None
        return HttpReply(200, (("content-type", "text/plain; charset=utf-8"),), self.front_page.encode())

    def answer(self, request: HttpRequest) -> HttpReply:
        """What the cloud's gateway would answer."""
        match = self._routes.match(request.method, request.path)
        if match is None:
            return message(404, "Not Found")
        event = json.dumps(write_event(request, match)).encode()
        if len(event) > PAYLOAD_LIMIT:
            return message(413, "Request Entity Too Large")
        try:
            call = self._pool.submit(self._invoke, match.route.function, event)
            outcome = call.result(timeout=INTEGRATION_SECONDS)
        except (FutureTimeoutError, CancelledError, RuntimeError):  # the last two: we are closing
            return message(503, "Service Unavailable")
        if outcome.error:
            late = b'"Sandbox.Timedout"' in outcome.payload
            return message(503, "Service Unavailable") if late else message(500, "Internal Server Error")
        try:
            return read_answer(outcome.payload)
        except (ValueError, TypeError, AttributeError):
            return message(500, "Internal Server Error")

    def close(self) -> None:
        """Stop listening and end every connection."""
        if self._thread is not None:
            self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    gateway: Gateway

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        self._connections.add(request)
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that broke is the client's business; the next one is served."""

    def end_connections(self) -> None:
        for connection in list(self._connections):
            self.shutdown_request(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Stay quiet: the functions' own lines are the log."""

    def _handle(self) -> None:
        try:
            body = read_body(self.headers, self.rfile, REQUEST_LIMIT)
        except TooLargeError:
            self._refuse(message(413, "Request Entity Too Large"))
            self._drain()
            return
        except BadBodyError:
            self._refuse(message(400, "Bad Request"))
            return
        headers = (*self.headers.items(), *self._forwarded())
        source = str(self.client_address[0])
        request = HttpRequest(self.command, self.path, headers, body, source)
        self._send(self.server.gateway.front(request) or self.server.gateway.answer(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def _forwarded(self) -> tuple[tuple[str, str], ...]:
        port = str(self.server.server_address[1])
        return (
            ("x-forwarded-for", str(self.client_address[0])),
            ("x-forwarded-port", port),
            ("x-forwarded-proto", "http"),
        )

    def _refuse(self, reply: HttpReply) -> None:
        # What follows on this connection is the rest of a body nobody reads.
        self.close_connection = True
        self._send(reply)

    def _drain(self) -> None:
        self.connection.settimeout(2)
        dropped = 0
        while dropped < _DRAIN and (data := self.rfile.read1(1 << 16)):
            dropped += len(data)

    def _send(self, reply: HttpReply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status >= 200 and reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and reply.status not in {204, 304}:
            self.wfile.write(reply.body)
        self.wfile.flush()
