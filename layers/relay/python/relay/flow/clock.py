"""The clock: every unfinished duty has a due time, and whoever's has come is looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil

from aws_lambda_powertools import Logger

from relay.errors import Unreadable
from relay.flow.house import House
from relay.flow.observe import observe
from relay.flow.quoting import quoted_about
from relay.store.tasks import Due
from relay.task import BY_CLOCK, GRACE, TERMINAL, Delivery, Observation, State, Task

ASK_SECONDS = 10.0  # an upstream's time to answer a status query
BATCH = 48  # due tasks taken at once: two rounds of the threads, so a lap that starts late still ends in time
LAP = 20_000  # ms one poll invocation works on before it lets the state machine breathe
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


def sweep(house: House) -> list[int]:
    """Start the poller for the shards that have something due within the next minute; which ones those are."""
    soon = house.clock() + RUN
    shards = [shard for shard in range(house.store.tasks.shards) if house.store.tasks.due(shard, soon, 1)]
    return _start(house, shards)


def wake(house: House, tasks: Iterable[Task]) -> None:
    """Make sure a poller runs for tasks that come due before the next sweep could notice them."""
    now = house.clock()
    soon = {house.store.tasks.shard(task.task_id) for task in tasks if task.due_at and task.due_at < now + RUN}
    _start(house, [shard for shard in sorted(soon) if house.woken.get(shard, 0) <= now])


def _start(house: House, shards: list[int]) -> list[int]:
    now = house.clock()
    ours = [shard for shard in shards if house.store.directory.take_poller_turn(shard, now, now + TURN)]
    house.woken.update(dict.fromkeys(shards, now + TURN // 2))
    if ours:
        house.poller.start(ours, now + RUN)
    return ours


def poll(house: House, shard: int, until: int) -> Lap:
    """Look at every task of a shard whose time has come. Lag does not grow with the backlog: all are asked at once."""
    lap_ends = min(house.clock() + LAP, until)
    with ThreadPoolExecutor(house.threads) as threads:
        while house.clock() < lap_ends and (dues := house.store.tasks.due(shard, house.clock(), BATCH)):
            list(threads.map(lambda due: _ticked(house, due), dues))
    now = house.clock()
    upcoming = house.store.tasks.due(shard, until, 1)
    pause = ceil((upcoming[0].due_at - now) / 1000) if upcoming else MAX_PAUSE
    return Lap(more=now < until, wait=max(1, min(pause, MAX_PAUSE)))


def _ticked(house: House, due: Due) -> None:
    """One task's failure must not keep the others from being looked at."""
    try:
        tick(house, due)
    except Exception:
        logger.exception("tick failed", account_id=due.account_id, task_id=due.task_id)


def tick(house: House, due: Due) -> None:
    """Do what a due task waits for: hand it on, ask about it, end it, or have its client told."""
    task = house.store.tasks.lease(due, _next_due(house, due))
    if task is None:
        return
    if task.terminal:
        if task.delivery is Delivery.OWED:
            house.queues.deliver(task)
    elif house.clock() >= task.expires_at:
        _end(house, task)
    elif task.state is State.STORING:
        house.queues.archive(task)
    elif task.sending:
        house.count("UnknownOutcome", upstream=task.upstream)
        logger.warning("submission never answered; held until its deadline", **task.log_keys, upstream=task.upstream)
    elif task.upstream_task_id is None:
        house.queues.dispatch(task)
    else:
        _ask(house, task)


def _next_due(house: House, due: Due) -> int:
    """When to look again if nothing comes of this look."""
    now = house.clock()
    if due.state in TERMINAL:
        return now + RESENT  # its message may wait among the retries for a while, and a second one would wait behind it
    if due.state is State.STORING or now >= due.expires_at:
        return now + GRACE
    if due.state in (State.PENDING, State.SUBMITTING):
        return due.expires_at if due.sending else min(now + GRACE, due.expires_at)
    policy = house.catalog.upstreams[due.upstream or ""].poll
    return min(now + int(policy.delay(due.polls + 1) * 1000), due.expires_at)


def _ask(house: House, task: Task) -> Task:
    try:
        return observe(house, task, house.ask(task, task.upstream_task_id or "", ASK_SECONDS), "poll")
    except Unreadable as error:
        house.count("UnreadableAnswer", upstream=task.upstream)
        reason = quoted_about(house, task, error.message)
        logger.warning("status query told nothing", **task.log_keys, upstream=task.upstream, reason=reason)
        return task


def _end(house: House, task: Task) -> None:
    """The deadline has passed: one last question where there is somebody to ask, then time out."""
    if task.upstream_task_id and task.state is not State.STORING:
        try:
            task = _ask(house, task)
        except Exception:  # else the task would never end, and its money never be returned
            logger.exception("the last question failed", **task.log_keys)
    observe(house, task, Observation(State.TIMEOUT), BY_CLOCK)
