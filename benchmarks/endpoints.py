"""CPU of three HTTP functions beside bare handlers that make the same AWS calls, turn about in one process."""

from __future__ import annotations

import importlib
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median
from typing import Any

import boto3

from benchmarks import events
from benchmarks.bare import Bare, Call
from benchmarks.cloud import FUNCTIONS
from benchmarks.events import Context, Event
from benchmarks.handlers import OutputCounter, document
from benchmarks.measured import BY_CALLBACK, BY_POLLING
from benchmarks.paths import PROMPT
from relay.edge.wiring import services
from relay.nouns.ids import uuid7
from relay.nouns.task import Delivery, State

WARM, TIMES, BLOCKS = 20, 300, 10

# One round: the event, its task's id where it is known before (else the answer tells it), the other task for the bare
# handler, and that one's job where the upstream is asked.
Round = tuple[Event, str | None, str, str | None]


@dataclass(frozen=True)
class Compared:
    """Median CPU milliseconds per request of ours and of the bare one, and the AWS calls both made.

    `low` and `high` are the least and the greatest ratio of the run's ten parts.
    """

    ours: float
    bare: float
    low: float
    high: float
    calls: tuple[str, ...]

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def measure() -> dict[str, Compared]:
    """Submit, status and callback, in the environment of `embedded_cloud`."""
    sys.stdout = OutputCounter()
    sys.path.insert(0, str(FUNCTIONS))
    boto3.setup_default_session()
    calls = Calls(boto3._get_default_session())
    bare = Bare()
    rounds = {"status": _statuses(), "callback": _callbacks(), "submit": _submits()}
    return {
        name: _compared(importlib.import_module(name).lambda_handler, bare, each, calls)
        for name, each in rounds.items()
    }


class Calls:
    """Every AWS call of this process since `clear`."""

    def __init__(self, session: boto3.Session) -> None:
        self.made: list[Call] = []
        session.events.register("provide-client-params.*.*", self._provided)

    def _provided(self, params: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's model
        self.made.append(Call(model.service_model.service_name, model.name, params))


def _compared(ours: Callable[[Event, Any], Any], bare: Bare, rounds: Iterator[Round], calls: Calls) -> Compared:
    """The bare handler repeats what ours has just done, for another task, so both always make the same calls."""
    tried = (_round(ours, bare, each, calls) for each in rounds)
    spent = list(islice((spent for spent in tried if spent), WARM + TIMES))[WARM:]
    size = TIMES // BLOCKS
    blocks = [spent[start : start + size] for start in range(0, TIMES, size)]
    ratios = [median(mine for mine, _ in block) / median(theirs for _, theirs in block) for block in blocks]
    return Compared(
        median(mine for mine, _ in spent) * 1000,
        median(theirs for _, theirs in spent) * 1000,
        min(ratios),
        max(ratios),
        tuple(call.shape for call in calls.made),
    )


def _round(ours: Callable[[Event, Any], Any], bare: Bare, each: Round, calls: Calls) -> tuple[float, float] | None:
    """CPU seconds of both; None where a new minute began in between, which makes the repeated charge another one."""
    event, task_id, other, job = each
    calls.made.clear()
    mine, answer = _cpu(lambda: ours(event, Context()))
    made = [call for call in calls.made if call.service != "ssm"]  # once per container, so in the warm-up alone
    known = task_id or answer["task_id"]
    again = [call.of_task(known, other) for call in made]
    try:
        theirs, _ = _cpu(lambda: bare.handle(event, again, job))
    except bare.refused:
        return None
    calls.made[:] = made
    return mine, theirs


def _cpu(once: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this process's CPU, and the document that was answered."""
    before = time.process_time()
    answer = once()
    spent = time.process_time() - before
    return spent, document(answer)


def _submits() -> Iterator[Round]:
    key, body = os.environ["CLIENT_KEY"], {"prompt": PROMPT, "size": "1024x1024"}
    while True:
        yield events.submit(key, BY_POLLING.platform, body), None, str(uuid.uuid4()), None


def _statuses() -> Iterator[Round]:
    (task_id,) = _insert_tasks(1)
    while True:
        yield events.status(os.environ["CLIENT_KEY"], BY_CALLBACK.platform, task_id), task_id, task_id, None


def _callbacks() -> Iterator[Round]:
    account_id = os.environ["ACCOUNT_ID"]
    tasks = _insert_tasks(2 * (WARM + TIMES + 5))
    for task_id, other in zip(tasks[::2], tasks[1::2], strict=True):
        yield events.callback(account_id, task_id, f"works-{task_id}"), task_id, other, f"works-{other}"


def _insert_tasks(number: int) -> list[str]:
    """Insert tasks that wait for their upstream's callback; their ids."""
    now = int(time.time() * 1000)
    first = BY_CALLBACK.task(os.environ["ACCOUNT_ID"], now, 200_000_000)
    first = replace(first, state=State.QUEUED, version=2, due_at=now + 60_000, delivery=Delivery.WAITING)
    first = replace(first, upstream=BY_CALLBACK.upstream, api=BY_CALLBACK.api)
    ids = [uuid7(now, services().random_bits(74)) for _ in range(number)]
    rows = [services().store.tasks.row(replace(first, task_id=each, upstream_task_id=f"works-{each}")) for each in ids]
    table = os.environ["TASKS_TABLE"]
    for start in range(0, number, 25):
        puts = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        boto3.client("dynamodb").batch_write_item(RequestItems={table: puts})
    return ids
