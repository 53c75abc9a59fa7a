"""The simulated upstreams: one server, each family under its name, and their files beside them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from local.server import Server
from local.sockets import address, listening
from local.upstreams.files import Files
from local.upstreams.misbehave import KeepTransport
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator
from relay.catalog.file import shipped


class Upstreams:
    """Each simulation there is of an upstream's family, from construction to `close`; port 0 is any."""

    def __init__(self, settings: Settings | None = None, port: int = 0) -> None:
        self.settings = settings or Settings()
        listener = listening(port)
        try:
            self.url = address(listener)
            self.files = Files(f"{self.url}/files", self.settings.clock)
            self.simulators: dict[str, Simulator] = {
                family: import_module(f"local.upstreams.{family}").SIMULATOR(self.settings, self.files)
                for family in sorted({upstream.family for upstream in shipped().upstreams.values()})
                if (Path(__file__).parent / family / "__init__.py").is_file()
            }
            self._server = Server(KeepTransport(self._app()), listener)
        except BaseException:
            listener.close()
            raise

    def __getitem__(self, family: str) -> Simulator:
        return self.simulators[family]

    @property
    def urls(self) -> dict[str, str]:
        """Each simulated family's base address, to put before the paths of its API."""
        return {family: f"{self.url}/{family}" for family in self.simulators}

    def close(self) -> None:
        """Ends the thread at once: hanging requests and waiting callbacks are dropped."""
        self._server.close()

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
                *(Mount(f"/{family}", simulator.app()) for family, simulator in self.simulators.items()),
            ]
        )
