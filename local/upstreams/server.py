"""The simulated upstreams behind one address: each of the catalog's under its name, and their files beside them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.server import Server
from local.sockets import address, listening
from local.upstreams import http
from local.upstreams.callbacks import Callbacks, delivery_of
from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.media import check_picture
from local.upstreams.mirror import Mirror
from local.upstreams.misbehave import Dropped, KeepTransport, Late, Silence, Streamed, Streaming, hang
from local.upstreams.paths import IMAGE_HOST
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator
from relay.catalog.file import shipped
from relay.nouns.catalog import Upstream
from relay.nouns.wire import Inbound

FETCH_SECONDS = 10.0


def simulator_of(upstream: Upstream, settings: Settings, files: Files) -> Simulator:
    """The simulator of an upstream: its family's own, where it has wires that no dialect of ours speaks."""
    own = Path(__file__).parent / upstream.family / "__init__.py"
    made = import_module(f"{__package__}.{upstream.family}").SIMULATOR if own.exists() else Mirror
    simulator: Simulator = made(upstream, settings, files)
    return simulator


def addresses(base: Callable[[str], str]) -> dict[str, str]:
    """Where the simulator of each upstream is, and the image hosts of those that have one, at paths of the same."""
    upstreams = shipped().upstreams
    hosts = {f"{name}.image_host": base(name) + IMAGE_HOST for name, each in upstreams.items() if each.image_host}
    return {name: base(name) for name in upstreams} | hosts


class Upstreams:
    """Each simulation there is of an upstream's family, from construction to `close`; port 0 is any."""

    def __init__(self, settings: Settings | None = None, port: int = 0) -> None:
        self.settings = settings or Settings()
        listener = listening(port)
        try:
            self.url = address(listener)
            self.files = Files(f"{self.url}/files", self.settings.clock)
            self.simulators = {
                name: simulator_of(upstream, self.settings, self.files)
                for name, upstream in shipped().upstreams.items()
            }
            self.callbacks = Callbacks(
                self.settings.callback_retries, self.settings.callback_timeout, self.settings.clock
            )
            for simulator in self.simulators.values():
                simulator.begin = partial(self._begin, simulator)
            self._tasks: set[asyncio.Task[None]] = set()
            self._server = Server(KeepTransport(self._app()), listener)
        except BaseException:
            listener.close()
            raise

    def __getitem__(self, name: str) -> Simulator:
        return self.simulators[name]

    @property
    def urls(self) -> dict[str, str]:
        """Each upstream's base address, to put before the paths of its API, and those of their image hosts."""
        return addresses(lambda name: f"{self.url}/{name}")

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
                *(
                    Route(f"/{name}{{path:path}}", partial(_serve, simulator), methods=["GET", "POST", "PUT", "DELETE"])
                    for name, simulator in self.simulators.items()
                ),
            ]
        )

    def _begin(self, simulator: Simulator, job: Job) -> None:
        if job.order.image_url is None or job.order.image_url.startswith("data:"):
            self._announce(simulator, job)
        else:
            job.fetching = True
            self._spawn(self._fetch_input(simulator, job, job.order.image_url))

    def _announce(self, simulator: Simulator, job: Job) -> None:
        if job.callback_url:
            fault, signer = simulator.fault_at("callback", job), simulator.signer(job)
            told = delivery_of(job, job.callback_url, simulator.events, signer, fault)
            self._spawn(self.callbacks.run(told))

    async def _fetch_input(self, simulator: Simulator, job: Job, url: str) -> None:
        try:
            body = _inline(url) if url.startswith("data:") else await http.fetch(url, FETCH_SECONDS)
            await asyncio.to_thread(check_picture, body)
            job.background = body
        except (http.Unreachable, ValueError) as error:
            job.problem = f"could not use the input picture {url.partition('?')[0]}: {error}"
        job.fetching = False
        self._announce(simulator, job)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` beside the requests; it dies with the server."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _inline(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


async def _serve(simulator: Simulator, request: Request) -> Response:
    headers = {name.lower(): value for name, value in request.headers.items()}
    path, query = request.path_params["path"], dict(request.query_params)
    inbound = Inbound(request.method, path, headers, {}, query, await request.body())
    try:
        reply = simulator.answer(inbound)
    except Late as late:
        await asyncio.sleep(late.seconds)
        reply = late.reply()
    except Silence as silence:
        return await hang(silence.seconds) if silence.seconds else Dropped()
    except Streamed as streamed:
        return Streaming(streamed)
    return Response(reply.body, reply.status, dict(reply.headers), reply.content_type or None)
