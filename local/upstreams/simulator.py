"""Owns what all simulated upstreams share: the way of a request through faults and checks to a job."""

from __future__ import annotations

import asyncio
import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from local.upstreams import http
from local.upstreams.callbacks import Callbacks, Event, Signer, delivery_of
from local.upstreams.fault_table import Endpoint
from local.upstreams.faults import Fault, Faults, UnknownFault, Visit
from local.upstreams.files import Files, link_of
from local.upstreams.jobs import Book, Job, Order
from local.upstreams.media import check_picture
from local.upstreams.misbehave import BARE, Dropped, hang
from local.upstreams.reading import read_object
from local.upstreams.refusals import Refused
from local.upstreams.settings import Settings

FETCH_SECONDS = 10.0


class Simulator(ABC):
    """One upstream. Families add their routes, their checks and their words; counters are for tests."""

    name: ClassVar[str]

    def __init__(self, settings: Settings, files: Files) -> None:
        self.settings = settings
        self.files = files
        self.faults = Faults()
        self.book = Book()
        self.callbacks = Callbacks(settings.callback_retries, settings.callback_timeout, settings.clock)
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    def app(self) -> Starlette:
        """The HTTP application, without prefix."""

    def secrets(self) -> dict[str, str]:
        """What a relay must hold to use this upstream, by the names it keeps it under."""
        return {"key": self.settings.key(self.name)}

    @abstractmethod
    def write_refusal(self, refused: Refused) -> Response:
        """The family's error answer."""

    @abstractmethod
    def refusal(self, fault: str, http_error: bool) -> Refused:
        """What this family says for a named fault; `http_error` false wants it inside an HTTP 200."""

    @property
    def jobs_created(self) -> int:
        """Jobs that exist here, whether or not the client learned of them."""
        return len(self.book.by_id)

    @property
    def callbacks_sent(self) -> int:
        """Callback attempts that left, genuine and forged, whatever the answer was."""
        return len(self.callbacks.sent)

    @property
    def queries(self) -> int:
        """Status queries that arrived, refused ones included."""
        return self.book.asked.total()

    def submissions(self, prompt: str) -> int:
        """Create calls with a valid key and exactly this prompt that arrived, refused ones included."""
        return self.book.arrived[prompt]

    def jobs(self, prompt: str) -> list[Job]:
        """Jobs created for exactly this prompt."""
        return [job for job in list(self.book.by_id.values()) if job.order.prompt == prompt]

    async def read_body(self, request: Request) -> dict[str, Any]:
        """The JSON object in the body; raises Refused in the family's words."""
        try:
            return await read_object(request)
        except ValueError as error:
            raise self.bad_value(f"the body is not a JSON object: {error}") from error

    def authorise(self, request: Request, *, http_error: bool) -> None:
        """Raises Refused unless the request carries this upstream's key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), self.settings.key(self.name).encode()):
            raise self.refusal("unauthorized", http_error=http_error)

    def tell(self, job: Job, events: Callable[[Job], Sequence[Event]], sign: Signer | None) -> None:
        """Plan a job's callbacks, if somebody wants to be told."""
        if job.order.callback_url is not None:
            fault = self.fate("callback", job)
            self.spawn(self.callbacks.run(delivery_of(job, job.order.callback_url, events, sign, fault)))

    def now(self) -> float:
        return self.settings.clock()

    async def submit(
        self, api: str, prompt: str, create: Callable[[], Job], accepted: Callable[[Job], Response]
    ) -> Response:
        """The way of every create call: fault, checks, job, answer; `create` may raise Refused."""
        number = self.book.arrived[prompt]
        self.book.arrived[prompt] += 1
        try:
            fault = self.faults.at(Visit(self.name, "submit", api, prompt, number=number))
        except UnknownFault as error:
            # Here and not later: from here on the marker is known to be readable.
            raise self.bad_value(str(error)) from error
        if fault and not fault.name.startswith("lost-answer"):
            return await self._misbehave(fault)
        job = self.book.open(create())
        self._start(job)
        if fault is None:
            return accepted(job)
        if fault.name == "lost-answer-hang":
            return await hang(self._patience(fault))
        return Dropped()

    async def query(
        self, api: str, task_id: str, unknown: Refused, record: Callable[[Job, bool], Response]
    ) -> Response:
        """The way of every status call; `record` is told whether to use a status word nobody knows."""
        number = self.book.asked[task_id]
        self.book.asked[task_id] += 1
        job = self.book.find(task_id, api)
        prompt = job.order.prompt if job else ""
        fault = self.faults.at(Visit(self.name, "query", api, prompt, task_id, number))
        if fault and fault.name == "not-found":
            raise unknown
        if fault and fault.name != "unknown-status":
            return await self._misbehave(fault)
        if job is None:
            raise unknown
        return record(job, fault is not None)

    def job_for(self, task_id: str, api: str, order: Order, request: dict[str, Any]) -> Job:
        """A job with its fate drawn and its result links reserved."""
        stages = self.settings.pace.of(order.kind)
        job = Job(task_id, api, order, request, self.now(), stages, self._fate("outcome", task_id, api, order))
        job.urls = [
            self.files.add(link_of(self.name, job, variant, self.settings.links_live, self.faults))
            for variant in range(order.count)
        ]
        return job

    @abstractmethod
    def bad_value(self, message: str) -> Refused:
        """The family's refusal of a value it does not accept."""

    def fate(self, endpoint: Endpoint, job: Job) -> Fault | None:
        """The fault a job meets at an endpoint it passes once."""
        return self._fate(endpoint, job.task_id, job.api, job.order)

    @abstractmethod
    def announce(self, job: Job) -> None:
        """Called when a job starts: the place to plan its callbacks."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` beside the requests; it dies with the server."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fate(self, endpoint: Endpoint, task_id: str, api: str, order: Order) -> Fault | None:
        number = max(0, self.book.arrived[order.prompt] - 1) if endpoint != "file" else 0
        return self.faults.at(Visit(self.name, endpoint, api, order.prompt, task_id, number))

    def _start(self, job: Job) -> None:
        if job.order.image_url is None:
            self.announce(job)
        else:
            job.fetching = True
            self.spawn(self._fetch_input(job, job.order.image_url))

    async def _fetch_input(self, job: Job, url: str) -> None:
        try:
            body = await http.fetch(url, FETCH_SECONDS)
            await asyncio.to_thread(check_picture, body)
            job.background = body
        except (http.Unreachable, ValueError) as error:
            job.problem = f"could not use the input picture {url.partition('?')[0]}: {error}"
        job.fetching = False
        self.announce(job)

    def _patience(self, fault: Fault) -> float:
        return self.settings.hang_seconds if fault.number is None else fault.number

    async def _misbehave(self, fault: Fault) -> Response:
        if fault.name == "hang":
            return await hang(self._patience(fault))
        if fault.name in BARE:
            return BARE[fault.name]()
        raise self.refusal(fault.name, fault.name != "error-in-200")
