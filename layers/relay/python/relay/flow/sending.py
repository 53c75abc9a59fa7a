"""One submission of a task: what is sent, what is stored while it goes on, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import NoAnswer
from relay.families.provider import Api, Order
from relay.flow.clock import wake
from relay.flow.observe import NOT_ITS_JOB, bind_job, note_progress, observe
from relay.flow.quoting import quote_for_task
from relay.flow.services import Services
from relay.flow.submission import Submission
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.signing import callback_token
from relay.nouns.task import Observation, State, Task

PROGRESS_PAUSE = 15_000  # ms between two writes of how far a submission is

logger = Logger(child=True)


def prepare(services: Services, task: Task, draft: Draft, source: Source, api: Api) -> Submission:
    """The submission to this upstream, as far as it makes nothing yet."""
    upstream = services.catalog.upstreams[source.upstream]
    callback_url = _callback_url(services, task, source.upstream) if upstream.callbacks else None
    submission = Submission(services, api, Order(draft, source, callback_url), task.expires_at)
    submission.prepare()
    return submission


def send(services: Services, task: Task, submission: Submission) -> None:
    """Submit and commit what came of it. Raises Refused, and only then is the upstream free of this task."""
    upstream = services.catalog.upstreams[task.upstream or ""]
    progress = _Progress(services, task)
    try:
        seen = submission.submit(progress.note)
    except Refused:
        raise
    except Exception as error:  # NoAnswer, UnknownOutcome, or a fault of ours: it may have been sent
        _hold(services, progress.task, error)
        return
    due_at = services.clock() + int(upstream.poll.delay(0) * 1000)
    after = observe(services, progress.task, seen, "submit", due_at, binds=submission.api.events)
    # after the commit: a crash in between leaves a job without its row, not a submission without its answer
    if upstream.callbacks and not (submission.api.events or after.terminal or bind_job(services, after, seen)):
        after = observe(services, after, Observation(State.FAILED, fault=NOT_ITS_JOB), "submit")
    if not after.terminal:
        wake(services, [after])


class _Progress:
    """Stores how far a submission is, not too often; `task` is the row as it now is."""

    def __init__(self, services: Services, task: Task) -> None:
        self._services, self.task = services, task
        self._next = 0

    def note(self, seen: Observation) -> None:
        """Nothing that fails here may end the submission: it is progress, and the next report comes."""
        if self._services.clock() < self._next:
            return
        self._next = self._services.clock() + PROGRESS_PAUSE
        try:
            self.task = note_progress(self._services, self.task, seen)
        except Exception:
            logger.exception("progress not stored", **self.task.log_keys)


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
