"""Owns the simulated KIE upstream: its endpoints, its limits and its signatures; each API has its own file."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.upstreams.files import Files
from local.upstreams.jobs import Job, new_id
from local.upstreams.kie import gpt4o, market, shared, suno, veo
from local.upstreams.kie.shared import Api, Body
from local.upstreams.reading import text_of
from local.upstreams.refusals import Refused, error_handlers
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator

APIS = (gpt4o.API, market.API, veo.API, suno.API)
KIE_FAULTS: dict[str, tuple[int, str]] = {
    "rate-limit": (429, "Too many requests, please try again later"),
    "server-error": (500, "Server exception, please try again later or contact customer service"),
    "error-in-200": (500, "Server exception, please try again later or contact customer service"),
    "unauthorized": (401, "You do not have access permissions"),
    "refuse": (400, shared.POLICY_TEXT),
    "no-credits": (402, "Credits insufficient"),
    "maintenance": (455, "Service is currently undergoing maintenance"),
    "queue-full": (550, "Connection denied due to job queue full"),
}
# The only codes KIE also says as an HTTP status; all else is an envelope inside a 200.
HTTP_CODES = {429, 500}
Handler = Callable[[Request], Awaitable[Response]]


def sign(key: str, task_id: str, timestamp: int) -> str:
    """KIE's signature; it covers the task and the time, and nothing of the body."""
    digest = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Kie(Simulator):
    """4o image, Market, Veo and Suno behind one key."""

    name = "kie"

    def __init__(self, settings: Settings, files: Files) -> None:
        super().__init__(settings, files)
        self.credits = settings.kie_credits
        self._intake: deque[float] = deque()
        self._asked: dict[str, deque[float]] = {}
        self._apis = {api.name: api for api in APIS}

    def secrets(self) -> dict[str, str]:
        key = self.settings.kie_webhook_key
        return super().secrets() | ({"webhook-key": key} if key else {})

    def app(self) -> Starlette:
        routes = [
            Route("/api/v1/chat/credit", self._credit, methods=["GET"]),
            Route("/api/v1/gpt4o-image/download-url", self._download, methods=["POST"]),
            Route("/api/v1/common/download-url", self._download, methods=["POST"]),
        ]
        for api in APIS:
            routes.append(Route(api.create, self._create(api), methods=["POST"]))
            routes.append(Route(api.query, self._query(api), methods=["GET"]))
        broken = Refused(500, "the simulator failed, its log says why", 500)
        return Starlette(
            routes=routes, exception_handlers=error_handlers(self.write_refusal, Refused(404, "Not Found", 404), broken)
        )

    def write_refusal(self, refused: Refused) -> Response:
        return JSONResponse(shared.envelope(int(refused.code), refused.message, None), refused.status)

    def refusal(self, fault: str, http_error: bool) -> Refused:
        code, message = KIE_FAULTS[fault]
        return Refused(code, message, code if http_error and code in HTTP_CODES else 200)

    def bad_value(self, message: str) -> Refused:
        return shared.bad(message)

    def announce(self, job: Job) -> None:
        key = self.settings.kie_webhook_key
        sign = (lambda body, task_id, stamp: _headers(key, task_id, stamp)) if key else None
        self.tell(job, self._apis[job.api].events, sign)

    def _create(self, api: Api) -> Handler:
        async def handle(request: Request) -> Response:
            self.authorise(request, http_error=False)
            body = await self.read_body(request)
            return await self.submit(api.name, api.prompt(body), lambda: self._accept(api, body), _accepted)

        return handle

    def _accept(self, api: Api, body: Body) -> Job:
        now = self.now()
        while self._intake and self._intake[0] <= now - self.settings.intake_window:
            self._intake.popleft()
        if len(self._intake) >= self.settings.intake_limit:
            raise self.refusal("rate-limit", http_error=True)
        order = api.read(body)
        if not self.settings.kie_fetches_inputs:
            order = replace(order, image_url=None)
        if order.cost > self.credits:
            raise self.refusal("no-credits", http_error=True)
        job = self.job_for(new_id("kie"), api.name, order, body)
        self._intake.append(now)
        self.credits -= order.cost
        return job

    def _query(self, api: Api) -> Handler:
        async def handle(request: Request) -> Response:
            self.authorise(request, http_error=False)
            task_id = request.query_params.get("taskId", "")
            if not task_id:
                raise shared.invalid("taskId cannot be empty")
            self._slow_down(task_id)

            def record(job: Job, unknown: bool) -> Response:
                return JSONResponse(shared.envelope(200, "success", api.record(job, self.now(), unknown)))

            return await self.query(api.name, task_id, Refused(422, "recordInfo is null"), record)

        return handle

    def _slow_down(self, task_id: str) -> None:
        limit = self.settings.queries_per_second
        if limit is None:
            return
        seen, now = self._asked.setdefault(task_id, deque(maxlen=limit)), self.now()
        if len(seen) == limit and now - seen[0] < 1.0:
            self.book.asked[task_id] += 1
            raise self.refusal("rate-limit", http_error=True)
        seen.append(now)

    async def _credit(self, request: Request) -> Response:
        self.authorise(request, http_error=False)
        return JSONResponse(shared.envelope(200, "success", self.credits))

    async def _download(self, request: Request) -> Response:
        self.authorise(request, http_error=False)
        body = await self.read_body(request)
        url = text_of(body.get("url")) or text_of(body.get("imageUrl"))
        if not url:
            raise shared.invalid("url cannot be empty")
        task_id = text_of(body.get("taskId"))
        job = self.book.find(task_id) if task_id else None
        if task_id and (job is None or url not in job.urls or job.stage(self.now()) != "succeeded"):
            raise shared.invalid("The record does not exist or has not succeeded")
        link = self.files.again(url, self.now() + self.settings.download_links_live)
        if link is None:
            raise shared.invalid("The file was not generated here")
        return JSONResponse(shared.envelope(200, "success", link))


def _accepted(job: Job) -> Response:
    return JSONResponse(shared.envelope(200, "success", {"taskId": job.task_id}))


def _headers(key: str, task_id: str, stamp: int) -> dict[str, str]:
    return {"X-Webhook-Timestamp": str(stamp), "X-Webhook-Signature": sign(key, task_id, stamp)}


SIMULATOR = Kie
