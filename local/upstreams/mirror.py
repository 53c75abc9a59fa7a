"""An upstream for every wire that a dialect of ours speaks: it reads as we read clients, and tells as we tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from local.upstreams.callbacks import Event, Signer
from local.upstreams.files import Files
from local.upstreams.jobs import Job, like_parent, with_words
from local.upstreams.made import (
    assets_of,
    facts_of,
    found,
    order_of,
    record,
    refusal,
    shipped_catalog,
    sold_by,
    strange,
    task_of,
)
from local.upstreams.misbehave import late
from local.upstreams.paths import Path
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator
from relay.families import dialect
from relay.families.asked import Completion, Download, TaskQuery
from relay.families.dialect import AnyRoute, Auth, Dialect, Told
from relay.families.reading import parse
from relay.nouns.account import Balance, FilePart, Upload
from relay.nouns.catalog import Upstream
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import InvalidParameter, RelayError, TaskNotFound
from relay.nouns.listing import TaskIds
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound, Json, Reply


class Mirror(Simulator):
    """An upstream of any family that has a dialect. A family with wires beyond it adds paths to these."""

    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        super().__init__(upstream, settings, files)
        self.dialect: Dialect = dialect(upstream.family)
        self.catalog = sold_by(shipped_catalog(), upstream.family)
        served = [route for route in self.dialect.routes if route.use.name in USES]
        self._own_paths = [Path.of(route, partial(self._serve, route, USES[route.use.name])) for route in served]

    def paths(self) -> Sequence[Path]:
        return self._own_paths

    def read_key(self, inbound: Inbound) -> str:
        return self.dialect.read_key(inbound)

    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        return self.dialect.error_at(path)(error, trace_id)

    def refusal(self, fault: str) -> RelayError:
        return refusal(fault)

    def events(self, job: Job) -> Sequence[Event]:
        # The end is taken as reached, so that a forged callback can tell of it before.
        write, told = self.dialect.write_callback, self._told
        return [Event(job.done_at, lambda: write(told(record(job, self.task(job, job.done_at), self.facts(job)))))]

    @property
    def signs(self) -> bool:
        """Whether the family signs its callbacks, and this upstream has signatures switched on."""
        return type(self.dialect).sign_callback is not Dialect.sign_callback and bool(self.settings.webhook_key)

    def signer(self, job: Job) -> Signer | None:
        key, task = self.settings.webhook_key or "", self.task(job)
        return (lambda body, stamp: self.dialect.sign_callback(task, key, stamp)) if self.signs else None

    def secrets(self) -> dict[str, str]:
        return super().secrets() | ({"webhook-key": self.settings.webhook_key or ""} if self.signs else {})

    def task(self, job: Job, now: float | None = None) -> Task:
        """A job as the dialect tells it: the task it would be here."""
        return task_of(job, self.now() if now is None else now, self.name, self.dialect.family)

    def _told(self, found: object) -> Told[Any]:
        return Told(found, int(self.now() * 1000), self.files.base_url)

    def _serve(self, route: AnyRoute, use: Callable[..., Reply], inbound: Inbound) -> Reply:
        if route.auth is Auth.KEY:
            self.authorise(inbound)
        return use(self, route, route.read(inbound, self.catalog))

    def _create(self, route: AnyRoute, draft: Draft) -> Reply:
        draft = with_words(draft)

        def accepted(job: Job) -> Reply:
            if route.ended and route.wait:
                told = partial(self._tell, replace(route, write=route.ended), job)
                raise late(job, self.now(), self.settings.hang_seconds, lambda: told(self.task(job, job.done_at)))
            return self._tell(route, job)

        return self.submit(draft.platform, draft.prompt, lambda: self.job(draft), accepted)

    def _tell(self, route: AnyRoute, job: Job, task: Task | None = None) -> Reply:
        task = task or self.task(job)
        if route.inline:
            task = replace(task, assets=tuple(replace(each, data=self.files.made(each.url)) for each in task.assets))
        return route.write(self._told(found(route, job, task, self.facts(job))))

    def job(self, draft: Draft) -> Job:
        if draft.parent is not None:
            draft = like_parent(draft, self.ended(draft.parent.task_id, draft.platform).request)
        order = order_of(draft, self.catalog.models[draft.model])
        if not draft.asks:
            job = self.job_for(self.new_id(), draft.platform, order, draft)
            if draft.kind is Kind.MUSIC:
                picture = replace(job, order=replace(order, kind="image"))
                job.covers = self.files.reserve(self.name, picture, self.settings.links_live, self.faults)
            return job
        free = replace(order, count=0, cost=0, callback_url=None)
        return replace(self.job_for(self.new_id(), draft.platform, free, draft), state="asking")

    def facts(self, job: Job) -> Mapping[str, Json]:
        """What the outcome of a job says."""
        return facts_of(job)

    def _answer(self, route: AnyRoute, given: Completion) -> Reply:
        job = self.book.find(given.query.task_id, given.query.platform)
        if job is None or job.state != "asking":
            raise InvalidParameter(given.field, "waits for no answer", "不在等待补充")
        draft = replace(given.complete(job.request), asks=False)
        order = order_of(draft, self.catalog.models[draft.model])
        job = self.book.open(self.job_for(job.task_id, draft.platform, order, draft))
        self.begin(job)
        return self._tell(route, job)

    def ended(self, task_id: str, platform: str | None) -> Job:
        job = self.book.find(task_id, platform)
        if job is None or job.stage(self.now()) != "succeeded":
            raise TaskNotFound
        return job

    def _query(self, route: AnyRoute, asked: TaskQuery) -> Reply:
        def record(job: Job, unknown: bool) -> Reply:
            if not unknown:
                return self._tell(route, job)
            task = self.task(replace(job, state="processing"))
            states, made = (State.PROCESSING, State.SUCCEEDED, State.FAILED), assets_of(job)
            told = [self._tell(route, job, replace(task, state=state, assets=made)) for state in states]
            return Reply.json(strange(*(parse(each.body) for each in told)))

        return self.query(asked.platform, asked.task_id, record)

    def _many(self, route: AnyRoute, asked: TaskIds) -> Reply:
        jobs = [job for task_id in asked.task_ids if (job := self.book.find(task_id))]
        return route.write(self._told([found(route, job, self.task(job), self.facts(job)) for job in jobs]))

    def _cancel(self, route: AnyRoute, asked: TaskQuery) -> Reply:
        job = self.book.find(asked.task_id, asked.platform)
        if job is None:
            raise TaskNotFound
        if job.stage(self.now()) not in ("succeeded", "failed", "cancelled"):
            job.state = "cancelled"
        return route.write(self._told(self.task(job)))

    def _download(self, route: AnyRoute, asked: Download) -> Reply:
        """Tells another link to a result."""
        if asked.task_id and asked.url not in self.ended(asked.task_id, None).urls:
            raise TaskNotFound
        link = self.files.again(asked.url, self.now() + self.settings.download_links_live)
        if link is None:
            raise InvalidParameter("url", "was not generated here", "不是此处生成的文件")
        return route.write(self._told(link))

    def _balance(self, route: AnyRoute, asked: None) -> Reply:
        spent, tier = self.settings.money - self.money, next(iter(self.catalog.tiers.values()))
        return route.write(self._told(Balance(self.money, tier, self.jobs_created, spent, spent, self.catalog.usd)))

    def _upload(self, route: AnyRoute, part: FilePart) -> Reply:
        until = self.now() + self.settings.links_live
        url, kind = self.files.keep(part.body)
        return route.write(self._told(Upload(url, part.filename, len(part.body), kind, int(until))))


USES: Mapping[str, Callable[..., Reply]] = {
    "create": Mirror._create,
    "answer": Mirror._answer,
    "query": Mirror._query,
    "record": Mirror._query,
    "many": Mirror._many,
    "cancel": Mirror._cancel,
    "download": Mirror._download,
    "balance": Mirror._balance,
    "upload": Mirror._upload,
}
