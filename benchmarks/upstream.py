"""An upstream that speaks both families' APIs and answers after a given time; the job's id says how it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sockets import listening

# What a job comes to stands in its prompt, or for jobs nobody submitted in their id: "fails", "after-3".
_AFTER = re.compile(r"after-(\d+)")
RESULT = "https://files.example.com/generated/2026/01/01/{}/0c1d2e3f4a5b6c7d8e9f.png"


class Upstream:
    """KIE's Market under /kie, AI Studio's API under /aistudio, and a client's callback URL under /client."""

    def __init__(self, seconds: float, result: str) -> None:
        self._seconds, self._result = seconds, result
        self._numbers = count(1)
        self._looks: Counter[str] = Counter()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/kie/api/v1/jobs/createTask", self._kie_create, methods=["POST"]),
                Route("/kie/api/v1/jobs/recordInfo", self._kie_record, methods=["GET"]),
                Route("/aistudio/api/{platform}/tasks", self._aistudio_status, methods=["POST"]),
                Route("/aistudio/api/{platform}/{kind}", self._aistudio_create, methods=["POST"]),
                Route("/client", self._client, methods=["POST"]),
            ]
        )

    async def _kie_create(self, request: Request) -> Response:
        job = self._job((await request.json())["input"]["prompt"])
        return await self._say({"code": 200, "msg": "success", "data": {"taskId": job}})

    async def _kie_record(self, request: Request) -> Response:
        job = request.query_params["taskId"]
        data: dict[str, Any] = {"taskId": job, "model": "m", "state": self._word(job, "generating", "success", "fail")}
        data |= {"param": "{}", "resultJson": "", "failCode": "", "failMsg": "", "costTime": 2, "createTime": 1}
        if data["state"] == "success":
            data["resultJson"] = json.dumps({"resultUrls": [self._result.format(job)]})
        if data["state"] == "fail":
            data |= {"failCode": "501", "failMsg": "the picture could not be made"}
        return await self._say({"code": 200, "msg": "success", "data": data})

    async def _aistudio_create(self, request: Request) -> Response:
        return await self._say({"task_id": self._job((await request.json())["prompt"])})

    async def _aistudio_status(self, request: Request) -> Response:
        job = (await request.json())["task_id"]
        said: dict[str, Any] = {"task_id": job, "status": self._word(job, "processing", "succeeded", "failed")}
        said["created_at"] = "2026-01-01T08:00:30+08:00"
        if said["status"] == "succeeded":
            said["images"] = [{"url": self._result.format(job)}]
        if said["status"] == "failed":
            said["error"] = {"code": "GENERATION_FAILED", "message": "the picture could not be made"}
        return await self._say(said)

    async def _client(self, request: Request) -> Response:
        await request.body()
        await asyncio.sleep(self._seconds)
        return Response(status_code=204)

    def _job(self, prompt: str) -> str:
        fate = "fails" if "fails" in prompt else (_AFTER.search(prompt) or ["works"])[0]
        return f"{fate}-{next(self._numbers):024d}"

    def _word(self, job: str, running: str, succeeded: str, failed: str) -> str:
        self._looks[job] += 1
        wanted = _AFTER.search(job)
        if wanted and self._looks[job] < int(wanted[1]):
            return running
        return failed if job.startswith("fails") else succeeded

    async def _say(self, document: object) -> Response:
        await asyncio.sleep(self._seconds)
        return JSONResponse(document)


def serve(ready: Connection, seconds: float, result: str) -> None:
    """Serve until the other end of `ready` closes; says the base URL there first."""
    server_socket = listening(0)
    config = uvicorn.Config(
        Upstream(seconds, result).app(), loop="asyncio", lifespan="off", access_log=False, log_config=None
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
