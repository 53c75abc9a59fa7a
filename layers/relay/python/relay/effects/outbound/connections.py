"""urllib3 connections that use our own dialling, note their first write, and are cut off at a deadline."""

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

POOL = 32  # connections kept per host, at least as many as the poll worker has threads

# its warnings contain whole URLs, which may be presigned
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Attempt:
    """One call: its deadline, whether any byte was sent, and the sockets to shut down at the deadline.

    A socket's timeout bounds each single read; a handshake or answer that comes byte by byte is ended only by shutting
    the socket down from another thread. To a reader that may look like the end, so readers must check `cut`.
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
        """Inside the context, connections made or used in this thread belong to this attempt."""
        token = _ATTEMPT.set(self)
        try:
            yield
        finally:
            _ATTEMPT.reset(token)

    def left(self) -> float:
        """Seconds left. Raises NotSent where there are none: only for use before anything was sent."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise NotSent("the time was up before anything was sent")
        return seconds

    def connect_for(self, host: str, port: int) -> socket.socket:
        line = self._dial(self, host, port)
        self.watch(line)
        return line

    def watch(self, line: socket.socket) -> None:
        """Shut this socket down at the deadline, by a duplicate: TLS detaches the original, a pool may close it."""
        with self._lock:
            self._lines.append(socket.fromfd(line.fileno(), line.family, line.type))
        if self.cut:
            self._cut()

    def note_sending(self) -> None:
        """To be called before each write. Raises NotSent where the deadline passed before the first."""
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
        if self.sock is not None:  # kept from an earlier call, or just connected
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
    """A pool manager of our connections. Use it only inside `Attempt.current`."""
    made = PoolManager(maxsize=POOL)
    made.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return made


@cache
def _trust() -> ssl.SSLContext:
    """Made once, on first use: loading the CA certificates takes 20 ms."""
    return ssl.create_default_context(cafile=certifi.where())
