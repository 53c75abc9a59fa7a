"""Servers on this machine that do as they are told, for requests over a real wire."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

Behaviour = Callable[[socket.socket], None]


@contextmanager
def server(
    behave: Behaviour, host: str = "127.0.0.1", port: int = 0, secure: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a server that reads a request, inside TLS where told so, then behaves; and what it was sent."""
    heard: list[bytes] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    threading.Thread(target=attend, args=[line], daemon=True).start()

        def attend(line: socket.socket) -> None:
            with closing(line), suppress(OSError):
                inside = secure.wrap_socket(line, server_side=True) if secure else line
                with closing(inside):
                    while request := inside.recv(65536):
                        heard.append(request)
                        behave(inside)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listening.getsockname()[1], heard
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def saying(*parts: bytes, pause: float = 0.0, hang_up: bool = False) -> Behaviour:
    def behave(line: socket.socket) -> None:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
        if hang_up:
            line.shutdown(socket.SHUT_RDWR)

    return behave


def here(host: str, port: int) -> list[str]:
    """A name server that knows every name, as this machine."""
    return ["127.0.0.1"]


@contextmanager
def deaf() -> Iterator[int]:
    """A port where connecting hangs: it listens, accepts nobody, and its queue is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        with ExitStack() as waiting:
            for _ in range(3):
                each = waiting.enter_context(socket.socket())
                each.setblocking(False)
                each.connect_ex(listening.getsockname())
            yield listening.getsockname()[1]


def answer(*headers: bytes, status: bytes = b"200 OK", body: bytes = b"") -> bytes:
    """The bytes of an answer with exactly these header lines."""
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(each + b"\r\n" for each in headers) + b"\r\n" + body


# Answers whose head breaks a rule, each with the body it would have.
DIFFERENT_LENGTHS = answer(b"content-length: 5", b"content-length: 6", body=b"hello!")
LIST_OF_LENGTHS = answer(b"content-length: 5, 6", body=b"hello!")
BAD_LOCATION = answer(b"location: http://[::1", b"content-length: 0", status=b"302 Found")
LOCATION_NOT_UTF8 = answer(b"location: /\xff\xfe\x80", b"content-length: 0", status=b"302 Found")
