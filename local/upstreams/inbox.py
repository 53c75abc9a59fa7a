"""Owns a receiver of callbacks for tests: it keeps what came and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Letter:
    """One POST as it came; header names are in lower case, `at` is the monotonic clock's seconds."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def body(self) -> Any:  # noqa: ANN401  # JSON of any shape
        return json.loads(self.raw)


class Inbox:
    """Listens from construction to `close`; answers 200 unless `answers` holds other statuses to give first."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answers: deque[int] = deque()
        self._arrival = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def wait(self, count: int, seconds: float = 5.0) -> list[Letter]:
        """All letters as soon as there are `count`; raises TimeoutError when they do not come."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self.letters) >= count, seconds):
                raise TimeoutError(f"{len(self.letters)} of {count} callbacks came")
            return list(self.letters)

    def close(self) -> None:
        """Stops listening and ends the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self, letter: Letter) -> int:
        with self._arrival:
            self.letters.append(letter)
            self._arrival.notify_all()
            return self.answers.popleft() if self.answers else 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receive = self._receive

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receive(Letter(self.path, headers, raw)))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                """Silence: what came is in `letters`."""

        return Handler
