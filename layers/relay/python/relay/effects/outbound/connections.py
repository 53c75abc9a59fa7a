"""Connections that go only where they are told, know whether they have sent anything, and end when they are told."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any

import certifi
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from relay.effects.outbound.errors import NotSent

POOL = 32  # connections kept to one host; the poll worker asks from that many threads

# it warns about a strange answer with the whole URL, which may be a presigned one
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Attempt:
    """One call: what is left of its time, whether any of it was sent, and the line to cut when the time is up.

    A socket's own timeout bounds each silence; only cutting the line from outside bounds a handshake or an answer
    that comes byte by byte. What was cut off may look finished, so readers must look at `cut`.
    """

    def __init__(self, seconds: float, dial: Callable[[Attempt, str, int], socket.socket]) -> None:
        self._dial, self._ends = dial, time.monotonic() + seconds
        self.sent = self.cut = False
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Attempt:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            while self._lines:
                self._lines.pop().close()

    @contextmanager
    def current(self) -> Iterator[None]:
        """While this lasts, connections made or used in this thread belong to this attempt."""
        token = _ATTEMPT.set(self)
        try:
            yield
        finally:
            _ATTEMPT.reset(token)

    def left(self) -> float:
        """Seconds. Raises NotSent where there are none: only for use before anything was sent."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise NotSent("the time was up before anything was sent")
        return seconds

    def connect_for(self, host: str, port: int) -> socket.socket:
        line = self._dial(self, host, port)
        self.watch(line)
        return line

    def watch(self, line: socket.socket) -> None:
        """Cut this line when the time is up. By a handle of our own: TLS takes the socket's away, a pool closes it."""
        with self._lock:
            self._lines.append(socket.fromfd(line.fileno(), line.family, line.type))
        if self.cut:
            self._cut()

    def note_sending(self) -> None:
        """To be called before each write. Raises NotSent where the time was up before the first."""
        if not self.sent:
            self.left()
            self.sent = True

    def _cut(self) -> None:
        self.cut = True
        with self._lock:
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


_ATTEMPT: ContextVar[Attempt] = ContextVar("attempt")


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _ATTEMPT.get().connect_for(self.host, self.port or self.default_port)

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in the base class
        if self.sock is not None:  # kept from an earlier call, or through with its handshake
            _ATTEMPT.get().watch(self.sock)
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:  # noqa: ANN401 - as in the base class
        if self.sock is None:
            self.connect()
        _ATTEMPT.get().note_sending()
        super().send(data)


class _Secure(_Plain, HTTPSConnection):
    def connect(self) -> None:
        self.ssl_context = _trust()
        super().connect()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def pools() -> PoolManager:
    """Where connections are made and kept. It may be used only while an attempt is `current`."""
    made = PoolManager(maxsize=POOL)
    made.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return made


@cache
def _trust() -> ssl.SSLContext:
    """Made once, on first use: reading the authorities takes 20 ms."""
    return ssl.create_default_context(cafile=certifi.where())
