"""Handing a pending task to an upstream, at most once: what the dispatch and the hold worker share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from aws_lambda_powertools import Logger

from relay.families.provider import Api, MediaForm
from relay.flow.availability import OurFault, busy_for, note_refusal, refuses_key
from relay.flow.fit import as_charged
from relay.flow.inlining import host_inputs, inline_inputs
from relay.flow.inputs import PROBES_SECONDS, prepare_inputs
from relay.flow.observe import observe
from relay.flow.sending import prepare, send
from relay.flow.services import Services
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.errors import Refused
from relay.nouns.faults import Fault
from relay.nouns.task import GRACE, Observation, State, Task

MARGIN = 70_000  # ms a claim outlasts what its submission may take, before the clock takes the sender for dead
ROUNDS = 3  # times all upstreams may refuse a task before it fails, 2 s apart and doubling
ROUND_PAUSE = 2.0
FAULT_PAUSE = 30.0  # the same after a fault of our own
IN_FORM = {MediaForm.URL: prepare_inputs, MediaForm.DATA: inline_inputs, MediaForm.HOSTED: host_inputs}

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Worker:
    """One that sends tasks: `seconds` is what one run may take.

    `pass_on` is given a task whose turn it is to be sent by the hold worker; None where this is that worker.
    """

    seconds: float
    pass_on: Callable[[Services, Task], None] | None = None


def hand_over(services: Services, worker: Worker, account_id: str, task_id: str) -> None:
    """Submit a task to the first of its sources that takes it.

    A certain refusal goes to the next; an unknown outcome goes nowhere: the job may exist and be billed.
    A message for a task that is already on its way, or gone, does nothing.
    """
    found = services.store.tasks.with_request(account_id, task_id)
    if found is None:
        logger.error("an unknown task was to be sent", account_id=account_id, task_id=task_id)
        return
    task, draft = found
    if task.unsent and services.clock() < task.expires_at:
        _Round(services, worker, task, draft).run()


class _Round:
    """All sources of a task, each tried once."""

    def __init__(self, services: Services, worker: Worker, task: Task, draft: Draft) -> None:
        self._services, self._worker, self._task, self._draft = services, worker, task, draft
        self._until = services.clock() + int(worker.seconds * 1000)
        self._usable: dict[MediaForm, Draft] = {}
        self._last: Refused | None = None
        self._wait: float | None = None
        self._faulty = False

    def run(self) -> None:
        for source in _sources(self._services, self._draft):
            provider = self._services.provider(source.upstream)
            if provider is None or refuses_key(self._services, source.upstream):
                continue
            api = provider.apis[source.api]
            if api.held and self._worker.pass_on:
                self._worker.pass_on(self._services, self._task)
                return
            if not self._has_time_for(source, api):
                break
            if self._sent(source, api):
                return
            if self._last and not self._last.elsewhere:
                break
        # a fault of ours uses up a round even where another upstream only asked us to wait: else it would repeat for
        # hours
        wait, pause = (None, FAULT_PAUSE) if self._faulty else (self._wait, ROUND_PAUSE)
        _handed_back(self._services, self._task, self._last, wait, pause)

    def _has_time_for(self, source: Source, api: Api) -> bool:
        seconds = api.seconds + (0 if self._form(source, api) in self._usable else PROBES_SECONDS)
        return self._services.clock() + seconds * 1000 <= self._until

    def _form(self, source: Source, api: Api) -> MediaForm:
        hosted = api.image_host and self._services.catalog.upstreams[source.upstream].image_host
        return MediaForm.HOSTED if hosted else api.media_form

    def _draft_for(self, source: Source, api: Api) -> Draft:
        """The draft with its inputs in the form this source takes them in."""
        form = self._form(source, api)
        if form not in self._usable:
            self._usable[form] = IN_FORM[form](self._services, self._draft)
        return self._usable[form]

    def _sent(self, source: Source, api: Api) -> bool:
        """Whether the task is on its way, by us or by another worker; False where this upstream takes it not now."""
        busy = busy_for(self._services, source.upstream)
        if busy:
            self._wait = _sooner(self._wait, busy)
            return False
        try:
            # both before the claim: whatever fails or crashes here has made nothing, and the task can be tried again
            with _nothing_sent(self._task):
                submission = prepare(self._services, self._task, self._draft_for(source, api), source, api)
            claimed = _claim(self._services, self._task, source, api)
            if claimed is not None:
                self._task = claimed
                send(self._services, claimed, submission)
        except Refused as refusal:
            self._last, self._faulty = refusal, self._faulty or isinstance(refusal, OurFault)
            note_refusal(self._services, self._task, self._draft, source.upstream, refusal)
            self._wait = _sooner(self._wait, refusal.wait) if refusal.elsewhere else self._wait
            return False
        return True


def _sources(services: Services, draft: Draft) -> list[Source]:
    """The ways to make it as it was charged, in the order to try: by priority, among equals by a draw by `weight`."""
    sources = as_charged(services.catalog, draft)
    return sorted(sources, key=lambda source: (source.priority, random.random() ** (1 / source.weight) * -1))  # noqa: S311


def _sooner(wait: float | None, other: float | None) -> float | None:
    return min((each for each in (wait, other) if each is not None), default=None)


def _claim(services: Services, task: Task, source: Source, api: Api) -> Task | None:
    """The task marked as on the wire to this upstream, or None where another worker has it."""
    after = replace(
        task,
        state=State.SUBMITTING,
        sending=True,
        upstream=source.upstream,
        api=source.api,
        label=source.label,
        due_at=min(services.clock() + int(api.seconds * 1000) + MARGIN, task.expires_at),
        version=task.version + 1,
    )
    return after if services.store.tasks.save(task, after) else None


@contextmanager
def _nothing_sent(task: Task) -> Iterator[None]:
    """Whatever fails meanwhile is a certain refusal, and counts as one."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        logger.exception("failed before anything was sent", **task.log_keys)
        raise OurFault("the request could not be prepared", elsewhere=True) from error


def _handed_back(services: Services, task: Task, last: Refused | None, wait: float | None, pause: float) -> None:
    """No upstream took it: come back later, or fail it and return the money.

    Where one said when to come back, or had no slot free, waiting may last until the deadline; otherwise
    it is tried for a few rounds, `pause` seconds apart and doubling.
    """
    final, tries = last is not None and not last.elsewhere, task.tries
    if not final and wait is None and tries + 1 < ROUNDS:
        wait, tries = pause * 2**tries, tries + 1
    if final or wait is None:
        code = last.task_code if last else "API_ERROR"
        fault = Fault(code, last.words if last else "", last.upstream_code if last else "")
        observe(services, task, Observation(State.FAILED, fault=fault, facts=last.facts if last else {}), "submit")
        return
    due_at = min(services.clock() + int(wait * 1000) + GRACE, task.expires_at)
    after = replace(task, sending=False, tries=tries, due_at=due_at, version=task.version + 1)
    if services.store.tasks.save(task, after):
        services.queues.dispatch(task, wait)
