"""What is measured of KIE: its Market, as the measured upstream speaks it, its callback and the plain way to ask it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.jobs import Jobs
from relay.nouns.signing import sign_id

NAME = "kie"
WEBHOOK_KEY = "example-hmac"
ENDED = "callback.kie.success"  # an example event
_QUERY = "/api/v1/jobs/recordInfo"


def routes(jobs: Jobs) -> list[Route]:
    async def create(request: Request) -> Response:
        job = jobs.make((await request.json())["input"]["prompt"])
        return await jobs.answer({"code": 200, "msg": "success", "data": {"taskId": job}})

    async def record(request: Request) -> Response:
        job = request.query_params["taskId"]
        data: dict[str, Any] = {"taskId": job, "model": "m", "state": jobs.word(job, "generating", "success", "fail")}
        data |= {"param": "{}", "resultJson": "", "failCode": "", "failMsg": "", "costTime": 2, "createTime": 1}
        if data["state"] == "success":
            data["resultJson"] = json.dumps({"resultUrls": [jobs.result(job)]})
        if data["state"] == "fail":
            data |= {"failCode": "501", "failMsg": "the picture could not be made"}
        return await jobs.answer({"code": 200, "msg": "success", "data": data})

    return [Route("/api/v1/jobs/createTask", create, methods=["POST"]), Route(_QUERY, record, methods=["GET"])]


def callback(job: str, now: int) -> tuple[Mapping[str, str], object]:
    """The headers and the body that say a job has ended, signed at `now` (Unix seconds)."""
    headers = {"x-webhook-timestamp": str(now), "x-webhook-signature": sign_id(WEBHOOK_KEY, job, now)}
    return headers, {"code": 200, "msg": "success", "data": {"taskId": job, "state": "success"}}


def ask(http: urllib3.PoolManager, base_url: str, key: str, job: str) -> None:
    """Ask about a job by the least code that does it."""
    headers = {"authorization": f"Bearer {key}"}
    answer = http.request("GET", base_url + _QUERY, fields={"taskId": job}, headers=headers, timeout=5.0)
    json.loads(answer.json()["data"]["resultJson"])
