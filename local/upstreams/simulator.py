"""What all simulated upstreams share: a request's way through faults and checks to a job. Nothing here does I/O."""

from __future__ import annotations

import hmac
import logging
import secrets
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any

from local.upstreams.callbacks import Event, Signer
from local.upstreams.fault_table import UNKNOWN_WORD, Endpoint
from local.upstreams.faults import Fault, Faults, UnknownFault, Visit
from local.upstreams.files import Files
from local.upstreams.jobs import Book, Job, Order
from local.upstreams.misbehave import InOk, Late, Silence, Streamed, misbehave
from local.upstreams.paths import Path, Verb
from local.upstreams.settings import Settings
from relay.nouns.catalog import Upstream
from relay.nouns.errors import Internal, InvalidParameter, NotFound, RelayError, TaskNotFound
from relay.nouns.ids import uuid7
from relay.nouns.wire import Inbound, Reply

logger = logging.getLogger("local.upstreams")


class Simulator(ABC):
    """One upstream of the catalog. `begin` is called with every new job; counters are for tests."""

    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        self.name = upstream.name
        self.settings = settings
        self.files = files
        self.faults = Faults()
        self.book = Book()
        self.money = settings.money  # nanos left of what the relay has paid in
        self.begin: Callable[[Job], None] = lambda job: None
        self.new_id: Callable[[], str] = lambda: uuid7(int(self.now() * 1000), secrets.randbits(74))
        self._intake = upstream.intake
        self._taken: deque[float] = deque()
        self._lock = RLock()

    @abstractmethod
    def paths(self) -> Sequence[Path]:
        """All it serves; the first that matches a request answers it."""

    @abstractmethod
    def read_key(self, inbound: Inbound) -> str:
        """The key of a request. Raises RelayError where there is none."""

    @abstractmethod
    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        """The family's error answer."""

    @abstractmethod
    def refusal(self, fault: str) -> RelayError:
        """What this family says for a named fault."""

    @abstractmethod
    def events(self, job: Job) -> Sequence[Event]:
        """What is told of a job, and when."""

    def signer(self, job: Job) -> Signer | None:
        """What signs a job's callbacks, where the family signs them."""
        return None

    def secrets(self) -> dict[str, str]:
        """What a relay must hold to use this upstream, by the names it keeps it under."""
        return {"key": self.settings.key(self.name)}

    @property
    def jobs_created(self) -> int:
        """Jobs that exist here, whether or not the client learned of them."""
        return len(self.book.by_id)

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

    def answer(self, inbound: Inbound) -> Reply:
        """The answer to any request, as this family gives it. Raises Late or Silence where none comes at once."""
        with self._lock:
            try:
                return self._answered(inbound)
            except RelayError as error:
                return self._refused(error, inbound.path)
            except InOk as inside:
                return replace(self._refused(inside.refusal, inbound.path), status=200)
            except (Late, Silence, Streamed):
                raise
            except Exception as error:
                logger.exception("a simulator failed", exc_info=error)
                return self._refused(Internal(), inbound.path)

    def _refused(self, error: RelayError, path: str) -> Reply:
        trace_id = secrets.token_hex(16)
        reply = self.write_refusal(error, trace_id, path)
        return replace(reply, headers={**reply.headers, "x-trace-id": trace_id})

    def verb(self, inbound: Inbound) -> Verb | None:
        """Whether a request makes a job, takes one back, or asks for something; None where nothing is served."""
        return next((path.verb for path in self.paths() if path.match(inbound)), None)

    def _answered(self, inbound: Inbound) -> Reply:
        for path in self.paths():
            if asked := path.match(inbound):
                return path.answer(asked)
        raise NotFound

    def authorise(self, inbound: Inbound) -> None:
        """Raises RelayError unless the request carries this upstream's key."""
        if not hmac.compare_digest(self.read_key(inbound).encode(), self.settings.key(self.name).encode()):
            raise self.refusal("unauthorized")

    def now(self) -> float:
        return self.settings.clock()

    def submit(self, api: str, prompt: str, create: Callable[[], Job], accepted: Callable[[Job], Reply]) -> Reply:
        """The way of every create call: fault, checks, job, answer; `create` may raise RelayError."""
        fault = self.arrive(api, prompt)
        if fault and not fault.name.startswith("lost-answer"):
            return self.misbehave(fault)
        job = self.book.open(create())
        self.begin(job)
        return accepted(job) if fault is None else self.misbehave(fault)

    def arrive(self, api: str, prompt: str) -> Fault | None:
        """Counts a create call; the fault it meets before anything is made."""
        number = self.book.arrived[prompt]
        self.book.arrived[prompt] += 1
        try:
            return self.faults.at(Visit(self.name, "submit", api, prompt, number=number))
        except UnknownFault as error:
            # Here and not later: from here on the marker is known to be readable.
            raise InvalidParameter("prompt", str(error), str(error)) from error

    def misbehave(self, fault: Fault) -> Reply:
        return misbehave(fault, self.settings.hang_seconds, self.refusal)

    def query(self, api: str | None, task_id: str, record: Callable[[Job, bool], Reply]) -> Reply:
        """The way of every status call; `record` is told whether to use a status word nobody knows."""
        number = self.book.asked[task_id]
        self.book.asked[task_id] += 1
        job = self.book.find(task_id, api)
        fault = self.faults.at(Visit(self.name, "query", api or "", job.order.prompt if job else "", task_id, number))
        if fault and fault.name not in ("unknown-status", "not-found"):
            return self.misbehave(fault)
        if job is None or (fault and fault.name == "not-found"):
            raise TaskNotFound
        return record(job, fault is not None or job.state == UNKNOWN_WORD)

    def job_for(self, task_id: str, api: str, order: Order, request: Any) -> Job:  # noqa: ANN401 (the family's own)
        """A job with its faults chosen, paid for, and its result links reserved. Raises RelayError over a limit."""
        now, intake = self.now(), self._intake
        if intake is not None and self.settings.limits_intake:
            while self._taken and self._taken[0] <= now - intake.seconds:
                self._taken.popleft()
            if len(self._taken) >= intake.limit:
                raise self.refusal("rate-limit")
        if order.cost > self.money:
            raise self.refusal("no-credits")
        self._taken.append(now)
        self.money -= order.cost
        stages = self.settings.pace.of(order.kind)
        job = Job(task_id, api, order, request, now, stages, self._fault_of("outcome", task_id, api, order))
        job.urls = self.files.reserve(self.name, job, self.settings.links_live, self.faults)
        return job

    def fault_at(self, endpoint: Endpoint, job: Job) -> Fault | None:
        """The fault a job meets at an endpoint it passes once."""
        return self._fault_of(endpoint, job.task_id, job.api, job.order)

    def _fault_of(self, endpoint: Endpoint, task_id: str, api: str, order: Order) -> Fault | None:
        number = max(0, self.book.arrived[order.prompt] - 1) if endpoint != "file" else 0
        return self.faults.at(Visit(self.name, endpoint, api, order.prompt, task_id, number))
