"""Withdrawing a task at its client's word."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families.provider import Job
from relay.flow.access import Caller
from relay.flow.find import find
from relay.flow.observe import announce
from relay.flow.services import Services
from relay.nouns.life import advance
from relay.nouns.money import settle
from relay.nouns.task import BY_CLIENT, Observation, State, Task

CANCEL_SECONDS = 5.0  # an upstream's time to answer; the question is not repeated

logger = Logger(child=True)


def cancel(
    services: Services, caller: Caller, task_id: str, platform: str | None = None, client_ref: str | None = None
) -> Task:
    """End a task that no upstream has seen, and give back what it was charged; the task as it now is.

    One that may be at an upstream runs on, and its charge stays until its outcome is known: the wish is noted, and the
    clock passes it on where the upstream's API can stop a job. One that has ended stays as it is. Raises TaskNotFound.
    """
    task = find(services, caller, task_id, platform, client_ref)
    while task.unsent or task.state is State.ASKING:
        after = advance(task, Observation(State.CANCELLED), services.clock(), BY_CLIENT)
        if after and services.store.tasks.save(task, after, settle(task, after)):
            announce(services, after, BY_CLIENT)
            return after
        task = find(services, caller, task_id, platform, client_ref)  # a worker was faster
    now = services.clock()
    noted = _can_be_stopped(task) and services.store.tasks.note_once(task, "cancel_asked_at", now)
    if noted and task.upstream_task_id and not task.sending:  # else the clock would take who sends it for dead
        services.store.tasks.hasten(task, now)
    return task


def pass_on(services: Services, task: Task) -> None:
    """Ask the upstream to stop a job whose client wants it back, once; what comes of it, a query tells.

    Noted before it is sent: a function that is killed in between has asked for nothing, and the task runs on.
    """
    translators = services.provider(task.upstream or "") if _can_be_stopped(task) else None
    if not (translators and task.cancel_asked_at and task.upstream_task_id) or task.cancel_sent_at:
        return
    api = translators.apis[task.api]
    if api.write_cancel is None or not services.store.tasks.note_once(task, "cancel_sent_at", services.clock()):
        return
    call = api.write_cancel(Job(task.upstream_task_id, task.label or task.platform, task.action))
    try:
        services.send(task.upstream or "", api, call, CANCEL_SECONDS)
    except (EgressRefused, NotSent, NoAnswer) as error:
        logger.warning("upstream not asked to cancel", **task.log_keys, upstream=task.upstream, reason=str(error))


def _can_be_stopped(task: Task) -> bool:
    return task.state in (State.SUBMITTING, State.QUEUED, State.PROCESSING)
