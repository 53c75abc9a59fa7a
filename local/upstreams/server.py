"""Owns the server: one port, one thread, all simulators under their prefixes and their files beside them."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from local.sockets import HOST, listening
from local.upstreams.aistudio import Aistudio
from local.upstreams.files import Files
from local.upstreams.kie import Kie
from local.upstreams.misbehave import KeepTransport
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator

START_SECONDS = 10.0


class Upstreams:
    """Serves every simulated upstream from construction to `close`; port 0 takes a free one."""

    def __init__(self, settings: Settings | None = None, port: int = 0) -> None:
        self.settings = settings or Settings()
        self._socket = listening(port)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.files = Files(f"{self.url}/files", self.settings.clock)
        self.kie = Kie(self.settings, self.files)
        self.aistudio = Aistudio(self.settings, self.files)
        self._server = uvicorn.Server(
            uvicorn.Config(
                KeepTransport(self._app()),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                # A dropped or hung connection is what was asked for, not news.
                log_level="critical",
            )
        )
        self._thread = threading.Thread(target=self._run, name="simulated-upstreams", daemon=True)
        self._thread.start()
        self._wait_until_ready()

    @property
    def kie_url(self) -> str:
        """Base to put before /api/v1/…"""
        return f"{self.url}/kie"

    @property
    def aistudio_url(self) -> str:
        """Base to put before /api/{platform}/…"""
        return f"{self.url}/relay"

    @property
    def every(self) -> tuple[Simulator, ...]:
        return self.kie, self.aistudio

    def close(self) -> None:
        """Ends the thread at once: hanging requests and waiting callbacks are dropped."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(5.0)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/files/{name}", self.files.serve, methods=["GET"]),
                Mount("/kie", self.kie.app()),
                Mount("/relay", self.aistudio.app()),
            ]
        )

    def _run(self) -> None:
        # asyncio.run cancels what is still running, which is how callbacks and hangs end.
        asyncio.run(self._server.serve([self._socket]))

    def _wait_until_ready(self) -> None:
        pause = threading.Event()
        for _ in range(int(START_SECONDS / 0.01)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            pause.wait(0.01)
        raise RuntimeError("the simulated upstreams did not start")
