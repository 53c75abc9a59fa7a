"""Poll lag: from a task's due time to the instant its outcome was observed, by the poller's own code over one shard.

`relay.flow.clock.poll` runs lap after lap with the pauses it asks for, as the state machine would run it; the upstream
says "succeeded" to every question. The lag includes lease, query and transaction.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from statistics import quantiles

import boto3

from benchmarks.handlers import OutputCounter
from benchmarks.measured import BY_POLLING
from relay.edge.wiring import services
from relay.flow.clock import poll
from relay.nouns.ids import uuid7
from relay.nouns.task import State

SPREAD = 10  # seconds over which due times are spread


@dataclass(frozen=True)
class Lag:
    """Seconds of lag; how many tasks were open; CPU milliseconds of the poller for each."""

    tasks: int
    spread: int
    p50: float
    p95: float
    most: float
    cpu: float


def measure(tasks: int, spread: int) -> Lag:
    """All tasks due at once (`spread` 0) or spread over that many seconds. Needs `embedded_cloud`'s environment."""
    sys.stdout = OutputCounter()
    poll(services(), 0, int(time.time() * 1000) + 1)  # warm: clients, secrets, connections
    dues = _insert_tasks(tasks, spread)
    until = max(dues.values()) + 20_000 + 40 * tasks
    cpu = time.process_time()
    while time.time() * 1000 < until and services().store.tasks.due(0, until, 1):
        lap = poll(services(), 0, until)
        time.sleep(lap.wait)
    cpu = time.process_time() - cpu
    seen = [services().store.tasks.get(os.environ["ACCOUNT_ID"], task_id) for task_id in dues]
    lags = [(task.completed_at - dues[task.task_id]) / 1000 for task in seen if task and task.completed_at]
    if len(lags) < tasks:
        raise RuntimeError(f"{tasks - len(lags)} of {tasks} tasks were not observed in time")
    cuts = quantiles(lags, n=20, method="inclusive")
    return Lag(tasks, spread, cuts[9], cuts[18], max(lags), cpu * 1000 / tasks)


def _insert_tasks(tasks: int, spread: int) -> dict[str, int]:
    """Insert tasks that wait at the polled upstream; when each is due (Unix ms)."""
    now = int(time.time() * 1000)
    # those due at once fall due when all are in the table
    first_due = now + 1000 + 5 * tasks
    base = BY_POLLING.task(os.environ["ACCOUNT_ID"], now, 1)
    base = replace(base, state=State.QUEUED, version=2, upstream=BY_POLLING.upstream)
    dues = {uuid7(now, services().random_bits(74)): first_due + n * spread * 1000 // tasks for n in range(tasks)}
    rows = [
        services().store.tasks.row(replace(base, task_id=each, upstream_task_id=f"works-{each}", due_at=due_at))
        for each, due_at in dues.items()
    ]
    for start in range(0, tasks, 25):
        puts = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        boto3.client("dynamodb").batch_write_item(RequestItems={os.environ["TASKS_TABLE"]: puts})
    return dues
