"""The Runtime API: the little HTTP server through which a runtime client fetches work and reports back."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol


@dataclass(frozen=True)
class Work:
    """One invocation on its way to the handler."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str


class WorkSource(Protocol):
    """Who gives the work out and takes the reports in."""

    def next_work(self) -> Work | None:
        """Block until there is an invocation; None means there will be no more."""

    def report(self, path: str, body: bytes) -> None:
        """Take a response, a handler error or an initialisation error."""


class RuntimeApi:
    """One listener per worker: the client reports a failed initialisation to a fixed path without an id."""

    def __init__(self, source: WorkSource) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.source = source
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(1.0,), daemon=True).start()

    def close(self) -> None:
        """Stop listening, without waiting for the listener to notice."""
        threading.Thread(target=self._close, daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    source: WorkSource

    def handle_error(self, request: object, client_address: object) -> None:
        """A worker that was killed leaves a broken connection: its outcome is told elsewhere."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Stay quiet: the function's own lines are the log."""

    def do_GET(self) -> None:
        """Hand out the next invocation; the runtime client waits here between two of them."""
        work = self.server.source.next_work()
        if work is None:
            self.close_connection = True
            return
        self.send_response_only(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", work.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(work.deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", work.function_arn)
        self.send_header("Content-Type", "application/json")
        self._finish(work.payload)

    def do_POST(self) -> None:
        """Take what the runtime client reports, and acknowledge it before anyone acts on it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response_only(202)
        self._finish(b"")
        self.server.source.report(self.path, body)

    def _finish(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
