"""The callback endpoint: a provider's word is a hint to ask; its body never moves state or money."""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.families.provider import Provider
from relay.flow.clock import wake
from relay.flow.observe import bind_job, observe
from relay.flow.quoting import quote_for_task
from relay.flow.services import Services
from relay.nouns.errors import Forbidden, TaskNotFound, Unreadable
from relay.nouns.signing import callback_token, same
from relay.nouns.task import Observation, State, Task
from relay.nouns.wire import Inbound

ASK_SECONDS = 5.0  # well inside the 15 s that senders of callbacks wait for us
ASK_PAUSE = 5_000  # ms between two questions that callbacks make us ask about one task

logger = Logger(child=True)


def receive(services: Services, upstream: str, task_ref: str, token: str, inbound: Inbound) -> None:
    """Take a provider's callback. Raises Forbidden, TaskNotFound or BadInput; else the sender may forget it.

    Raises Unreadable where the job cannot be confirmed and nobody but the sender knows it: then it must come again.

    `task_ref` is `<account>.<task>` as in the URL we gave out. Repeats and reordering are harmless.
    """
    account_id, _, task_id = task_ref.partition(".")
    secret = services.secrets.need("callback-secret").encode()
    if not same(token, callback_token(secret, upstream, account_id, task_id)):
        raise Forbidden("this callback URL was not given out by us")
    translator, webhook_key = _speaker(services, upstream)
    hinted = translator.read_callback(inbound, services.clock() // 1000, webhook_key)
    task = services.store.tasks.get(account_id, task_id)
    if task is None:
        raise TaskNotFound
    _act(services, task, upstream, hinted)


def receive_event(services: Services, upstream: str, inbound: Inbound) -> None:
    """Take a webhook that names no task, at the address that all jobs of an upstream share. Raises Forbidden, BadInput.

    It has to be signed. One about a job that is nobody's is dropped: the sender's account may have jobs that are not
    ours, and the clock asks about those that are.
    """
    translator, webhook_key = _speaker(services, upstream)
    if not webhook_key:
        raise Forbidden("this upstream's events cannot be checked")
    job = translator.read_event(inbound, services.clock() // 1000, webhook_key)
    owner = services.store.jobs.owner(upstream, job) if job else None
    account_id, _, task_id = (owner or "").partition(".")
    task = services.store.tasks.get(account_id, task_id) if owner else None
    if task is None:
        logger.info("event of no job of ours", upstream=upstream)
        return
    _act(services, task, upstream, job)


def _speaker(services: Services, upstream: str) -> tuple[Provider, str | None]:
    """Who reads an upstream's callbacks, and what they are signed with. Raises Forbidden where it is switched off."""
    translator = services.provider(upstream) if upstream in services.catalog.upstreams else None
    if translator is None:
        raise Forbidden("this upstream is switched off")
    return translator, services.secrets.find(f"upstreams/{upstream}/webhook-key")


def _act(services: Services, task: Task, upstream: str, hinted: str | None) -> None:
    """Ask about the task's job now, or have the clock ask soon."""
    if task.upstream != upstream or hinted not in (None, task.upstream_task_id or hinted):
        raise Forbidden("this callback speaks of another job")
    job = task.upstream_task_id or hinted
    ended = task.terminal and (task.state is not State.TIMEOUT or task.late_outcome)
    # once made, a task waits for our own copying alone; to hasten it would start a second copy beside the first
    if not job or ended or task.state is State.STORING:
        return
    if task.upstream_task_id and not _may_ask(services, task):
        _hasten(services, task, _next_ask(services, task))
    else:
        _ask(services, task, job)


def _may_ask(services: Services, task: Task) -> bool:
    """One question per task and pause, however many callbacks come and however many containers take them."""
    now = services.clock()
    return (task.next_ask_at or 0) <= now and services.store.tasks.take_ask_turn(task, now, now + ASK_PAUSE)


def _next_ask(services: Services, task: Task) -> int:
    now = services.clock()
    known = task.next_ask_at or 0
    return known if known > now else now + ASK_PAUSE  # else another container has asked since we read the task


def _hasten(services: Services, task: Task, due_at: int) -> None:
    """Have the clock ask, by `due_at`: a hint that is not acted on now may be the last that comes."""
    if task.due_at and task.due_at > due_at and services.store.tasks.hasten(task, due_at):
        wake(services, [replace(task, due_at=due_at)])


def _ask(services: Services, task: Task, job: str) -> None:
    try:
        seen = services.ask(task, job, ASK_SECONDS)
    except Unreadable as error:
        reason = quote_for_task(services, task, error.message)
        logger.warning("callback not confirmed yet", **task.log_keys, upstream=task.upstream, reason=reason)
        if task.upstream_task_id is None:
            raise
        _hasten(services, task, services.clock())
        return
    if task.upstream_task_id is None:
        _adopt(services, task, seen)
    else:
        observe(services, task, seen, "callback")


def _adopt(services: Services, task: Task, seen: Observation) -> None:
    """The submission's answer never came, but its job did: from here on it is asked about like any other.

    Raises Forbidden where the job is another task's: its result would be shown to the wrong account.
    """
    if not bind_job(services, task, seen):
        raise Forbidden("this job belongs to another task")
    policy = services.catalog.upstreams[task.upstream or ""].poll
    after = observe(services, task, seen, "callback", services.clock() + int(policy.delay(0) * 1000))
    if not after.terminal:
        wake(services, [after])
