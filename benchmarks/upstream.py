"""The upstreams that are measured, in one server that answers after a given time, and a client's callback URL."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from benchmarks.jobs import Jobs
from benchmarks.measured import UPSTREAMS
from local.sockets import listening

RESULT = "https://files.example.com/generated/2026/01/01/{}/0c1d2e3f4a5b6c7d8e9f.png"


def application(jobs: Jobs) -> Starlette:
    """Each upstream under its name, and a client's callback URL under /client."""

    async def take(request: Request) -> Response:
        await request.body()
        return await jobs.take()

    apis = [Mount(f"/{each.NAME}", routes=each.routes(jobs)) for each in UPSTREAMS]
    return Starlette(routes=[*apis, Route("/client", take, methods=["POST"])])


def serve(ready: Connection, seconds: float, result: str) -> None:
    """Serve until the other end of `ready` closes; says the base URL there first."""
    server_socket = listening(0)
    config = uvicorn.Config(
        application(Jobs(seconds, result)), loop="asyncio", lifespan="off", access_log=False, log_config=None
    )
    server = uvicorn.Server(config)
    ready.send(f"http://127.0.0.1:{server_socket.getsockname()[1]}")

    async def until_closed() -> None:
        serving = asyncio.create_task(server.serve([server_socket]))
        await asyncio.to_thread(_closed, ready)
        server.should_exit = server.force_exit = True
        await serving

    asyncio.run(until_closed())


def _closed(pipe: Connection) -> None:
    try:
        pipe.recv()
    except EOFError:
        return
