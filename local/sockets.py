"""How servers listen on this machine."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket that listens on a port of this machine, 0 for any free one. Raises OSError where it is taken.

    asyncio switches Nagle's algorithm off only where a socket names its protocol, which `create_server` leaves out:
    answers on kept connections would then come 40 ms late.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, port))
        server.listen(256)
    except OSError:
        server.close()
        raise
    return server


def address(server: socket.socket) -> str:
    """The URL of a listening socket."""
    return f"http://{HOST}:{server.getsockname()[1]}"
