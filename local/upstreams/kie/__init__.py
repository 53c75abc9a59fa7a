"""The simulated KIE: what no dialect of ours speaks (Veo, Suno), its limits and its way with errors."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from local.upstreams.callbacks import Event, Signer
from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.kie import shared, suno, veo
from local.upstreams.kie.shared import Api, Refused
from local.upstreams.mirror import Mirror
from local.upstreams.paths import Path
from local.upstreams.reading import read_object, text_of
from local.upstreams.settings import Settings
from relay.families.dialect import Download
from relay.nouns.catalog import Upstream
from relay.nouns.errors import RelayError, TaskNotFound
from relay.nouns.money import NANOS
from relay.nouns.signing import sign_id
from relay.nouns.wire import Inbound, Reply

APIS: Mapping[str, Api] = {api.name: api for api in (veo.API, suno.API)}
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


class Kie(Mirror):
    """What our dialect has; Veo and Suno beside it."""

    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        super().__init__(upstream, settings, files)
        self.new_id = lambda: f"task_{uuid.uuid4().hex[:24]}"
        self._asked: dict[str, deque[float]] = {}

    def paths(self) -> Sequence[Path]:
        return (
            *super().paths(),
            Path("GET", "/api/v1/chat/credit", self._credit),
            Path("POST", "/api/v1/common/download-url", self._common_download),
            *(Path("POST", api.create, partial(self._create_by, api)) for api in APIS.values()),
            *(Path("GET", api.query, partial(self._query_by, api)) for api in APIS.values()),
        )

    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        if isinstance(error, TaskNotFound):
            error = Refused(422, "recordInfo is null")
        if isinstance(error, Refused):
            reply = shared.envelope(error.number, error.message, None)
            return replace(reply, status=error.number if error.number in HTTP_CODES else 200)
        reply = super().write_refusal(error, trace_id, path)
        return replace(reply, status=reply.status if reply.status in HTTP_CODES else 200)

    def refusal(self, fault: str) -> RelayError:
        return Refused(*KIE_FAULTS[fault])

    def events(self, job: Job) -> Sequence[Event]:
        return APIS[job.api].events(job) if job.api in APIS else super().events(job)

    def signer(self, job: Job) -> Signer | None:
        key, task_id = self.settings.webhook_key, job.task_id
        if key is None:
            return None
        return lambda _, at: {"x-webhook-timestamp": str(at), "x-webhook-signature": sign_id(key, task_id, at)}

    def query(self, api: str | None, task_id: str, record: Callable[[Job, bool], Reply]) -> Reply:
        limit = self.settings.queries_per_second
        if limit is not None:
            seen, now = self._asked.setdefault(task_id, deque(maxlen=limit)), self.now()
            if len(seen) == limit and now - seen[0] < 1.0:
                self.book.asked[task_id] += 1
                raise self.refusal("rate-limit")
            seen.append(now)
        return super().query(api, task_id, record)

    def _create_by(self, api: Api, inbound: Inbound) -> Reply:
        self.authorise(inbound)
        body = read_object(inbound.body)

        def job() -> Job:
            order = api.read(body)
            return self.job_for(self.new_id(), api.name, replace(order, cost=order.cost * NANOS), body)

        return self.submit(
            api.name, api.prompt(body), job, lambda made: shared.envelope(200, "success", {"taskId": made.task_id})
        )

    def _query_by(self, api: Api, inbound: Inbound) -> Reply:
        self.authorise(inbound)
        task_id = inbound.query.get("taskId", "")
        if not task_id:
            raise shared.invalid("taskId cannot be empty")
        return self.query(
            api.name,
            task_id,
            lambda job, unknown: shared.envelope(200, "success", api.record(job, self.now(), unknown)),
        )

    def _credit(self, inbound: Inbound) -> Reply:
        self.authorise(inbound)
        return shared.envelope(200, "success", self.money // NANOS)

    def _common_download(self, inbound: Inbound) -> Reply:
        self.authorise(inbound)
        body = read_object(inbound.body)
        asked = Download(text_of(body.get("taskId")) or None, text_of(body.get("url")))
        return shared.envelope(200, "success", self.fresh_link(asked))


SIMULATOR = Kie
