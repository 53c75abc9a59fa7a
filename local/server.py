"""Serves an ASGI application on this machine, from a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

_START_SECONDS = 15.0


class Server:
    """Serves from construction to `close`."""

    def __init__(self, app: ASGIApp, listener: socket.socket, lifespan: Literal["on", "off"] = "off") -> None:
        """Return when requests are answered; the socket is closed with the server."""
        config = uvicorn.Config(
            app,
            interface="asgi3",
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan=lifespan,
            proxy_headers=False,  # or any client could choose the address it is seen to come from
            server_header=False,
            access_log=False,
            log_config=None,
            log_level="critical",  # a connection that broke is no error of the server
            timeout_keep_alive=75,
            timeout_graceful_shutdown=0,
        )
        self._server, self._socket = uvicorn.Server(config), listener
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise RuntimeError("a server of this process did not start: its reason is on standard error")
            time.sleep(0.005)

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._server.serve([self._socket]))
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=1.0))
        finally:
            loop.close()

    def close(self) -> None:
        """End every connection and whatever the application still does, within seconds."""
        self._server.should_exit = True
        self._thread.join(5.0)
        self._socket.close()
