"""The dispatch worker: hand a pending task to an upstream, at most once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import NoAnswer
from relay.families.provider import Order, Provider
from relay.flow.availability import OurFault, busy_for, note_refusal, refuses_key
from relay.flow.clock import wake
from relay.flow.fit import as_charged
from relay.flow.inputs import prepare_inputs
from relay.flow.observe import NOT_ITS_JOB, bind_job, observe
from relay.flow.quoting import quote_for_task
from relay.flow.services import Services
from relay.flow.submission import Submission
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.faults import Fault
from relay.nouns.signing import callback_token
from relay.nouns.task import GRACE, Observation, State, Task

LEASE = 90_000  # ms a claim may be on the wire: more than this function's own timeout
ROUNDS = 3  # times all upstreams may refuse a task before it fails, 2 s apart and doubling
ROUND_PAUSE = 2.0
FAULT_PAUSE = 30.0  # the same after a fault of our own

logger = Logger(child=True)


def dispatch(services: Services, account_id: str, task_id: str) -> None:
    """Submit a task to the first of its sources that takes it.

    A certain refusal goes to the next; an unknown outcome goes nowhere: the job may exist and be billed.
    A message for a task that is already on its way, or gone, does nothing.
    """
    found = services.store.tasks.with_request(account_id, task_id)
    if found is None:
        logger.error("dispatch of an unknown task", account_id=account_id, task_id=task_id)
        return
    task, draft = found
    if not task.unsent or services.clock() >= task.expires_at:
        return
    usable: Draft | None = None
    last: Refused | None = None
    wait: float | None = None
    faulty = False
    for source in _sources(services, draft):
        translator = services.provider(source.upstream)
        if translator is None or refuses_key(services, source.upstream):
            continue
        busy = busy_for(services, source.upstream)
        if busy:
            wait = _sooner(wait, busy)
            continue
        try:
            # both before the claim: whatever fails or crashes here has made nothing, and the task can be tried again
            with _nothing_sent(task):
                usable = usable or prepare_inputs(services, draft)
                submission = _prepared(services, task, usable, source, translator)
            claimed = _claim(services, task, source)
            if claimed is None:
                return  # somebody else dispatches it
            task = claimed
            _send(services, task, submission)
        except Refused as refusal:
            last, faulty = refusal, faulty or isinstance(refusal, OurFault)
            note_refusal(services, task, draft, source.upstream, refusal)
            if not refusal.elsewhere:
                break
            wait = _sooner(wait, refusal.wait)
        else:
            return
    # a fault of ours uses up a round even where another upstream only asked us to wait: else it would repeat for hours
    _handed_back(services, task, last, None if faulty else wait, FAULT_PAUSE if faulty else ROUND_PAUSE)


def _sources(services: Services, draft: Draft) -> list[Source]:
    """The ways to make it as it was charged, in the order to try: by priority, among equals by a draw by `weight`."""
    sources = as_charged(services.catalog, draft)
    return sorted(sources, key=lambda source: (source.priority, random.random() ** (1 / source.weight) * -1))  # noqa: S311


def _sooner(wait: float | None, other: float | None) -> float | None:
    return min((each for each in (wait, other) if each is not None), default=None)


def _claim(services: Services, task: Task, source: Source) -> Task | None:
    """The task marked as on the wire to this upstream, or None where another worker has it."""
    after = replace(
        task,
        state=State.SUBMITTING,
        sending=True,
        upstream=source.upstream,
        api=source.api,
        label=source.label,
        due_at=min(services.clock() + LEASE, task.expires_at),
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
        logger.exception("dispatch failed before anything was sent", **task.log_keys)
        raise OurFault("the request could not be prepared", elsewhere=True) from error


def _prepared(services: Services, task: Task, draft: Draft, source: Source, translator: Provider) -> Submission:
    """The submission to this upstream, as far as it makes nothing yet."""
    upstream = services.catalog.upstreams[source.upstream]
    callback_url = _callback_url(services, task, source.upstream) if upstream.callbacks else None
    submission = Submission(services, translator.apis[source.api], Order(draft, source, callback_url))
    submission.prepare()
    return submission


def _send(services: Services, task: Task, submission: Submission) -> None:
    """Submit and commit what came of it. Raises Refused, and only then is the upstream free of this task."""
    upstream = services.catalog.upstreams[task.upstream or ""]
    try:
        seen = submission.submit()
    except Refused:
        raise
    except Exception as error:  # NoAnswer, UnknownOutcome, or a fault of ours: it may have been sent
        _hold(services, task, error)
        return
    due_at = services.clock() + int(upstream.poll.delay(0) * 1000)
    after = observe(services, task, seen, "submit", due_at, binds=submission.api.events)
    # after the commit: a crash in between leaves a job without its row, not a submission without its answer
    if upstream.callbacks and not (submission.api.events or after.terminal or bind_job(services, after, seen)):
        after = observe(services, after, Observation(State.FAILED, fault=NOT_ITS_JOB), "submit")
    if not after.terminal:
        wake(services, [after])


def _callback_url(services: Services, task: Task, upstream: str) -> str:
    secret = services.secrets.need("callback-secret").encode()
    token = callback_token(secret, upstream, task.account_id, task.task_id)
    return f"{services.public_url}/callbacks/{upstream}/{task.account_id}.{task.task_id}/{token}"


def _hold(services: Services, task: Task, error: Exception) -> None:
    """Keep the money and wait: a callback may still adopt the job; otherwise the deadline ends the task."""
    services.count("UnknownOutcome", upstream=task.upstream)
    reason = quote_for_task(services, task, f"{type(error).__name__}: {error}")
    ours = not isinstance(error, NoAnswer | UnknownOutcome)
    logger.warning("unknown outcome", **task.log_keys, upstream=task.upstream, reason=reason, exc_info=ours)
    services.store.tasks.save(task, replace(task, due_at=task.expires_at, version=task.version + 1))


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
        observe(services, task, Observation(State.FAILED, fault=fault), "submit")
        return
    due_at = min(services.clock() + int(wait * 1000) + GRACE, task.expires_at)
    after = replace(task, sending=False, tries=tries, due_at=due_at, version=task.version + 1)
    if services.store.tasks.save(task, after):
        services.queues.dispatch(task, wait)
