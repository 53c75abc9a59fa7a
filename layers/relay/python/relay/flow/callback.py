"""The callback door: a provider's word is a hint to ask; its body never moves state or money."""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.errors import Forbidden, TaskNotFound, Unreadable
from relay.flow.clock import wake
from relay.flow.house import House
from relay.flow.observe import bind_job, observe
from relay.flow.quoting import quoted_about
from relay.signing import callback_token, same
from relay.task import Observation, State, Task
from relay.wire import Inbound

ASK_SECONDS = 5.0  # well inside the 15 s KIE waits for us
ASK_PAUSE = 5_000  # ms between two questions that callbacks make us ask about one task

logger = Logger(child=True)


def receive(house: House, upstream: str, task_ref: str, token: str, inbound: Inbound) -> None:
    """Take a provider's callback. Raises Forbidden, TaskNotFound or BadInput; else the sender may forget it.

    Raises Unreadable where the job cannot be confirmed and nobody but the sender knows it: then it must come again.

    `task_ref` is `<account>.<task>` as in the URL we gave out. Repeats and reordering are harmless.
    """
    account_id, _, task_id = task_ref.partition(".")
    secret = house.secrets.need("callback-secret").encode()
    if not same(token, callback_token(secret, upstream, account_id, task_id)):
        raise Forbidden("this callback URL was not given out by us")
    translator = house.provider(upstream) if upstream in house.catalog.upstreams else None
    if translator is None:
        raise Forbidden("this upstream is switched off")
    hinted = translator.read_callback(inbound, house.clock() // 1000)
    task = house.store.tasks.get(account_id, task_id)
    if task is None:
        raise TaskNotFound
    if task.upstream != upstream or hinted not in (None, task.upstream_task_id or hinted):
        raise Forbidden("this callback speaks of another job")
    job = task.upstream_task_id or hinted
    ended = task.terminal and (task.state is not State.TIMEOUT or task.late_outcome)
    # once made, a task waits for our own copying alone; to hasten it would start a second copy beside the first
    if not job or ended or task.state is State.STORING:
        return
    if task.upstream_task_id and not _may_ask(house, task):
        _hasten(house, task, _next_ask(house, task))
    else:
        _ask(house, task, job)


def _may_ask(house: House, task: Task) -> bool:
    """One question per task and pause, however many callbacks come and however many containers take them."""
    now = house.clock()
    return (task.next_ask_at or 0) <= now and house.store.tasks.take_ask_turn(task, now, now + ASK_PAUSE)


def _next_ask(house: House, task: Task) -> int:
    now = house.clock()
    known = task.next_ask_at or 0
    return known if known > now else now + ASK_PAUSE  # else another container has asked since we read the task


def _hasten(house: House, task: Task, due_at: int) -> None:
    """Have the clock ask, by `due_at`: a hint that is not acted on now may be the last that comes."""
    if task.due_at and task.due_at > due_at and house.store.tasks.hasten(task, due_at):
        wake(house, [replace(task, due_at=due_at)])


def _ask(house: House, task: Task, job: str) -> None:
    try:
        seen = house.ask(task, job, ASK_SECONDS)
    except Unreadable as error:
        reason = quoted_about(house, task, error.message)
        logger.warning("callback not confirmed yet", **task.log_keys, upstream=task.upstream, reason=reason)
        if task.upstream_task_id is None:
            raise
        _hasten(house, task, house.clock())
        return
    if task.upstream_task_id is None:
        _adopt(house, task, seen)
    else:
        observe(house, task, seen, "callback")


def _adopt(house: House, task: Task, seen: Observation) -> None:
    """The submission's answer never came, but its job did: from here on it is asked about like any other.

    Raises Forbidden where the job is another task's: its result would be shown to the wrong account.
    """
    if not bind_job(house, task, seen):
        raise Forbidden("this job belongs to another task")
    policy = house.catalog.upstreams[task.upstream or ""].poll
    after = observe(house, task, seen, "callback", house.clock() + int(policy.delay(0) * 1000))
    if not after.terminal:
        wake(house, [after])
