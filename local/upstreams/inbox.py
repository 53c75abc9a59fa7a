"""Owns a receiver of callbacks: it keeps what came and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.server import Server
from local.sockets import address, listening


@dataclass(frozen=True)
class Post:
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
        self.posts: list[Post] = []
        self.answers: deque[int] = deque()
        self._arrival = threading.Condition()
        listener = listening(0)
        self.url = f"{address(listener)}/callback"
        self._server = Server(self._serve, listener)

    def wait(self, count: int, seconds: float = 5.0) -> list[Post]:
        """All posts as soon as there are `count`; raises TimeoutError when they do not come."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: len(self.posts) >= count, seconds):
                raise TimeoutError(f"{len(self.posts)} of {count} callbacks came")
            return list(self.posts)

    def close(self) -> None:
        """Stops listening and ends the thread."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        post = Post(scope["path"], dict(request.headers), await request.body())
        with self._arrival:
            self.posts.append(post)
            self._arrival.notify_all()
            status = self.answers.popleft() if self.answers else 200
        await Response(status_code=status)(scope, receive, send)
