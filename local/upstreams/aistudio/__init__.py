"""Owns the simulated relay platform: ten platforms, polled, bare answers and enveloped errors."""

from __future__ import annotations

import base64
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.upstreams.aistudio.answers import RELAY_FAULTS, UNKNOWN_WORD, standard_headers, write_task
from local.upstreams.aistudio.orders import PLATFORMS, TASK_TYPES, missing, read_order, wrong
from local.upstreams.callbacks import Event, Signer
from local.upstreams.files import Files
from local.upstreams.jobs import Job, new_id
from local.upstreams.reading import text_of
from local.upstreams.refusals import Refused, error_handlers
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator

Handler = Callable[[Request], Awaitable[Response]]


class Aistudio(Simulator):
    """A relay platform; it pushes only when `Settings.aistudio_pushes` says so."""

    name = "aistudio"

    def __init__(self, settings: Settings, files: Files) -> None:
        super().__init__(settings, files)
        self.balance_cents = settings.aistudio_balance_cents
        self.spent_cents = 0
        self._created: deque[float] = deque()

    def app(self) -> Starlette:
        routes = [Route("/api/account/balance", self._balance, methods=["POST"])]
        for task_type in TASK_TYPES:
            routes.append(Route(f"/api/{{platform}}/{task_type}", self._create(task_type), methods=["POST"]))
        routes.append(Route("/api/{platform}/tasks", self._task, methods=["POST"]))
        not_found = Refused("NOT_FOUND", "no such path", 404)
        broken = Refused("INTERNAL_ERROR", "the simulator failed, its log says why", 500)
        return Starlette(routes=routes, exception_handlers=error_handlers(self.write_refusal, not_found, broken))

    def write_refusal(self, refused: Refused) -> Response:
        trace = uuid.uuid4().hex
        error = {"code": refused.code, "message": refused.message}
        body = {"success": False, "error": error, "trace_id": trace}
        headers = {"X-Trace-Id": trace} | ({"Retry-After": "3"} if refused.status == 429 else {})
        return JSONResponse(body, refused.status, headers)

    def refusal(self, fault: str, http_error: bool) -> Refused:
        status, code, message = RELAY_FAULTS[fault]
        return Refused(code, message, status if http_error else 200)

    def bad_value(self, message: str) -> Refused:
        return wrong(message)

    def announce(self, job: Job) -> None:
        if not self.settings.aistudio_pushes:
            return
        platform, _, task_type = job.api.partition("/")

        def told(known: Job) -> dict[str, Any]:
            # The end is taken as reached, so that a lie can be told before it.
            return {**write_task(known, task_type, known.done_at), "platform": platform}

        self.tell(job, lambda known: [Event(known.done_at, lambda: told(known))], self._signer())

    def _signer(self) -> Signer | None:
        secret = self.settings.aistudio_webhook_secret
        if secret is None:
            return None
        key = base64.b64decode(secret.removeprefix("whsec_"))
        return lambda body, task_id, stamp: standard_headers(key, f"msg_{task_id}", stamp, body)

    def _create(self, task_type: str) -> Handler:
        async def handle(request: Request) -> Response:
            self._authorise(request)
            platform = self._platform(request)
            body = await self.read_body(request)
            return await self.submit(
                f"{platform}/{task_type}",
                text_of(body.get("prompt")),
                lambda: self._accept(platform, task_type, body),
                lambda job: JSONResponse({"task_id": job.task_id}),
            )

        return handle

    def _accept(self, platform: str, task_type: str, body: dict[str, Any]) -> Job:
        if task_type not in PLATFORMS[platform]:
            raise Refused("API_NOT_IMPLEMENTED", f"{platform} does not make {task_type}", 400)
        order = read_order(platform, task_type, body, self._extendable)
        now, limit = self.now(), self.settings.aistudio_creates_per_minute
        while self._created and self._created[0] <= now - 60.0:
            self._created.popleft()
        if limit is not None and len(self._created) >= limit:
            raise self.refusal("rate-limit", http_error=True)
        if order.cost > self.balance_cents:
            raise self.refusal("no-credits", http_error=True)
        job = self.job_for(new_id("uuid"), f"{platform}/{task_type}", order, body)
        self._created.append(now)
        self.balance_cents -= order.cost
        self.spent_cents += order.cost
        return job

    def _extendable(self, platform: str, task_id: str) -> bool:
        job = self.book.find(task_id, f"{platform}/videos")
        return job is not None and job.stage(self.now()) == "succeeded"

    async def _task(self, request: Request) -> Response:
        self._authorise(request)
        platform = self._platform(request)
        task_id = text_of((await self.read_body(request)).get("task_id"))
        if not task_id:
            raise missing("task_id is required")
        known = self.book.find(task_id)
        api = known.api if known and known.api.startswith(f"{platform}/") else ""

        def record(job: Job, unknown: bool) -> Response:
            body = write_task(job, job.api.partition("/")[2], self.now())
            if unknown:
                body = {field: body[field] for field in ("task_id", "created_at")} | {"status": UNKNOWN_WORD}
            return JSONResponse(body)

        return await self.query(api, task_id, Refused("TASK_NOT_FOUND", "no such task", 404), record)

    async def _balance(self, request: Request) -> Response:
        self._authorise(request)
        made, per_day = self.jobs_created, 1000
        data = {
            "balance_cents": self.balance_cents,
            "balance_display": f"¥{self.balance_cents / 100:.2f}",
            "tier": 1,
            "tier_name": "免费版",
            "usage_today": {"request_count": made, "cost_cents": self.spent_cents},
            "rate_limit": {"per_minute": 20, "per_day": per_day, "remaining_today": max(0, per_day - made)},
        }
        return JSONResponse({"success": True, "data": [data], "trace_id": uuid.uuid4().hex})

    def _authorise(self, request: Request) -> None:
        if not request.headers.get("authorization"):
            raise Refused("UNAUTHORIZED", "send the header Authorization: Bearer <key>", 401)
        self.authorise(request, http_error=True)

    @staticmethod
    def _platform(request: Request) -> str:
        platform = str(request.path_params["platform"])
        if platform not in PLATFORMS:
            raise Refused("NOT_FOUND", f"no platform {platform}", 404)
        return platform


SIMULATOR = Aistudio
