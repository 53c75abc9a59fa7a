"""The clock: every unfinished duty has a due time, and whoever's has come is looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil

from aws_lambda_powertools import Logger

from relay.effects.store.due import Due, Duty
from relay.flow.cancel import pass_on
from relay.flow.observe import observe
from relay.flow.quoting import quote_for_task
from relay.flow.services import Services
from relay.nouns.errors import Unreadable
from relay.nouns.task import BY_CLOCK, GRACE, TERMINAL, Delivery, Observation, State, Task

ASK_SECONDS = 10.0  # an upstream's time to answer a status query, and what is asked beside it
BATCH = 48  # due tasks taken at once: two rounds of the threads, so a lap that starts late still ends in time
LAP = 20_000  # ms one poll invocation works on before it returns to the state machine
RESENT = 300_000  # ms after which a message to the deliverers is taken for lost once more
TURN = 55_000  # ms a shard's poller counts as running: a little less than it does, so that turns overlap
RUN = 60_000  # ms a poller runs, and how far ahead the sweep looks
MAX_PAUSE = 5  # seconds between looks at a quiet shard: new tasks may come due at any moment

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Lap:
    """What one poll invocation tells the state machine: whether to come again, and after how many seconds."""

    more: bool
    wait: int


def sweep(services: Services) -> list[int]:
    """Start the poller for the shards that have something due within the next minute; which ones those are."""
    soon = services.clock() + RUN
    shards = [shard for shard in range(services.store.tasks.shards) if services.store.tasks.due(shard, soon, 1)]
    return _start(services, shards)


def wake(services: Services, tasks: Iterable[Task]) -> None:
    """Make sure a poller runs for tasks that come due before the next sweep could notice them."""
    now = services.clock()
    soon = {services.store.tasks.shard(task.task_id) for task in tasks if task.due_at and task.due_at < now + RUN}
    _start(services, [shard for shard in sorted(soon) if services.woken.get(shard, 0) <= now])


def _start(services: Services, shards: list[int]) -> list[int]:
    now = services.clock()
    ours = [shard for shard in shards if services.store.directory.take_poller_turn(shard, now, now + TURN)]
    services.woken.update(dict.fromkeys(shards, now + TURN // 2))
    if ours:
        services.poller.start(ours, now + RUN)
    return ours


def poll(services: Services, shard: int, until: int) -> Lap:
    """Look at every task of a shard whose time has come. Lag does not grow with the backlog: all are asked at once."""
    lap_ends = min(services.clock() + LAP, until)
    with ThreadPoolExecutor(services.threads) as threads:
        while services.clock() < lap_ends and (dues := services.store.tasks.due(shard, services.clock(), BATCH)):
            list(threads.map(lambda due: _ticked(services, due), dues))
    now = services.clock()
    upcoming = services.store.tasks.due(shard, until, 1)
    pause = ceil((upcoming[0].due_at - now) / 1000) if upcoming else MAX_PAUSE
    return Lap(more=now < until, wait=max(1, min(pause, MAX_PAUSE)))


def _ticked(services: Services, due: Due | Duty) -> None:
    """One task's failure must not keep the others from being looked at."""
    try:
        tick(services, due)
    except Exception:
        logger.exception("tick failed", account_id=due.account_id, task_id=due.task_id)


def tick(services: Services, due: Due | Duty) -> None:
    if isinstance(due, Due):
        _look(services, due)
    elif services.store.tasks.lease_duty(due, services.clock() + RESENT):
        services.queues.renew(due.account_id, due.task_id)


def _look(services: Services, due: Due) -> None:
    """Do what a due task waits for: hand it on, ask about it, end it, or have its client told."""
    task = services.store.tasks.lease(due, _next_due(services, due))
    if task is None:
        return
    if task.terminal:
        if task.delivery is Delivery.OWED:
            services.queues.deliver(task)
    elif services.clock() >= task.expires_at:
        _end(services, task)
    elif task.state is State.STORING:
        services.queues.archive(task)
    elif task.state is State.ASKING:
        return
    elif task.sending:
        services.count("UnknownOutcome", upstream=task.upstream)
        logger.warning("submission never answered; held until its deadline", **task.log_keys, upstream=task.upstream)
    elif task.upstream_task_id is None:
        services.queues.dispatch(task)
    else:
        pass_on(services, task)
        _ask(services, task)


def _next_due(services: Services, due: Due) -> int:
    """When to look again if nothing comes of this look."""
    now = services.clock()
    if due.state in TERMINAL:
        return now + RESENT  # its message may wait among the retries for a while, and a second one would wait behind it
    if due.state is State.STORING or now >= due.expires_at:
        return now + GRACE
    if due.sending or due.state is State.ASKING:
        return due.expires_at  # nobody but the upstream's callback, or the client, can move it before
    if due.state in (State.PENDING, State.SUBMITTING):
        return min(now + GRACE, due.expires_at)
    policy = services.catalog.upstreams[due.upstream or ""].poll
    return min(now + int(policy.delay(due.polls + 1) * 1000), due.expires_at)


def _ask(services: Services, task: Task) -> Task:
    try:
        return observe(services, task, services.ask(task, task.upstream_task_id or "", ASK_SECONDS), "poll")
    except Unreadable as error:
        services.count("UnreadableAnswer", upstream=task.upstream)
        reason = quote_for_task(services, task, error.message)
        logger.warning("status query told nothing", **task.log_keys, upstream=task.upstream, reason=reason)
        return task


def _end(services: Services, task: Task) -> None:
    """The deadline has passed: one last question where there is somebody to ask, then time out."""
    if task.upstream_task_id and task.state is not State.STORING:
        try:
            task = _ask(services, task)
        except Exception:  # else the task would never end, and its money never be returned
            logger.exception("the last question failed", **task.log_keys)
    observe(services, task, Observation(State.TIMEOUT), BY_CLOCK)
