"""What is measured of AI Studio: its clients' requests, and its API as the measured upstream speaks it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.jobs import Jobs

NAME = "aistudio"
# Example events, with the paths they are sent to.
SUBMIT = ("submit.aistudio.image", "/api/{platform}/images")
STATUS = ("status.aistudio.succeeded", "/api/{platform}/tasks")
UPLOAD = ("upload.aistudio.file", "/api/upload/file")
MESSAGE = "dispatch.aistudio.one"


def routes(jobs: Jobs) -> list[Route]:
    async def create(request: Request) -> Response:
        return await jobs.answer({"task_id": jobs.make((await request.json())["prompt"])})

    async def status(request: Request) -> Response:
        job = (await request.json())["task_id"]
        said: dict[str, Any] = {"task_id": job, "status": jobs.word(job, "processing", "succeeded", "failed")}
        said["created_at"] = "2026-01-01T08:00:30+08:00"
        if said["status"] == "succeeded":
            said["images"] = [{"url": jobs.result(job)}]
        if said["status"] == "failed":
            said["error"] = {"code": "GENERATION_FAILED", "message": "the picture could not be made"}
        return await jobs.answer(said)

    return [
        Route("/api/{platform}/tasks", status, methods=["POST"]),
        Route("/api/{platform}/{kind}", create, methods=["POST"]),
    ]
