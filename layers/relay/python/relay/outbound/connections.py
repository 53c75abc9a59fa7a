"""Connections that go only where they are told, and end when they are told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError, SSLError
from urllib3.response import HTTPResponse

from relay.outbound.addresses import EgressRefused

POOL = 32  # connections kept to one host; the poll desk asks from that many threads

Connect = Callable[[str, int, Any], socket.socket]

_LINES: ContextVar[list[socket.socket]] = ContextVar("lines")  # what the call at hand listens on


@contextmanager
def hung_up_after(seconds: float) -> Iterator[threading.Event]:
    """Hang up on whoever is still answering then, and set the event: one cut off may look like one who has finished.

    A socket's own timeout bounds each silence, not the whole answer.
    """
    lines, hung_up = list[socket.socket](), threading.Event()

    def hang_up() -> None:
        hung_up.set()
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, hang_up)
    watch.daemon = True
    token = _LINES.set(lines)
    watch.start()
    try:
        yield hung_up
    finally:
        watch.cancel()
        _LINES.reset(token)


class Adapter(HTTPAdapter):
    """An adapter whose connections are made by `connect`; TLS still names and verifies the original host."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        super().__init__(pool_maxsize=POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in the base class
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._connect)


def _pool_classes(connect: Connect) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(_Plain):
        dial = staticmethod(connect)

    class Secure(_Secure):
        dial = staticmethod(connect)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Plain(HTTPConnection):
    dial: Connect

    def _new_conn(self) -> socket.socket:
        return _dialled(self, self.dial)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        _LINES.get().append(self.sock)
        return super().getresponse()


class _Secure(HTTPSConnection):
    dial: Connect

    def _new_conn(self) -> socket.socket:
        return _dialled(self, self.dial)

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, SSLError) as error:  # without a handshake nothing of the request is sent
            raise NewConnectionError(self, str(error)) from error

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        _LINES.get().append(self.sock)
        return super().getresponse()


def _dialled(connection: HTTPConnection, dial: Connect) -> socket.socket:
    try:
        return dial(connection.host, connection.port, connection.timeout)
    except (OSError, EgressRefused) as error:
        raise NewConnectionError(connection, str(error)) from error


def not_connected(error: BaseException) -> NewConnectionError | None:
    """Why no connection came about, if that is what happened: urllib3 says so deep among the arguments."""
    inner = error.args[0] if error.args else None
    found = (each for each in (inner, getattr(inner, "reason", None)) if isinstance(each, NewConnectionError))
    return next(found, None)
