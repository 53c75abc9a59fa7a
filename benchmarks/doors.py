"""CPU of the three doors beside bare handlers that make the same AWS calls, turn about in one process."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from statistics import median
from typing import Any

import boto3

from benchmarks import events
from benchmarks.events import Context, Event
from benchmarks.ground import FUNCTIONS
from benchmarks.handlers import Tape, document
from benchmarks.paths import KIE, PROMPT, RELAY
from relay.task import Delivery, Kind, State, Task, uuid7
from relay.wiring import house

WARM, TIMES = 20, 300

Handler = Callable[[Event, Any], Any]


@dataclass(frozen=True)
class Compared:
    """Median CPU milliseconds per request of ours and of the bare one, and the AWS calls both made."""

    ours: float
    bare: float
    calls: tuple[str, ...]

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def measure() -> dict[str, Compared]:
    """Submit, status and callback; RuntimeError where a bare handler does not make the same calls."""
    sys.stdout = Tape()
    sys.path.insert(0, str(FUNCTIONS))
    boto3.setup_default_session()
    calls = Calls(boto3._get_default_session())
    bare = importlib.import_module("benchmarks.bare")
    requests = {"status": _statuses(), "callback": _callbacks(), "submit": _submits()}
    return {
        door: _compared(importlib.import_module(door).lambda_handler, getattr(bare, door), events_, calls)
        for door, events_ in requests.items()
    }


class Calls:
    """The shape of every AWS call of this process: its operation, and each write's table in a transaction."""

    def __init__(self, session: boto3.Session) -> None:
        self.seen: list[str] = []
        self._shape = ""
        session.events.register("provide-client-params.*.*", self._provided)
        session.events.register("before-call.*.*", self._called)

    def of(self, once: Callable[[], object]) -> tuple[str, ...]:
        self.seen.clear()
        once()
        return tuple(self.seen)

    def _provided(self, params: Mapping[str, Any], **_: object) -> None:
        steps = [(verb, step) for item in params.get("TransactItems", ()) for verb, step in item.items()]
        self._shape = ", ".join(f"{verb} {step['TableName']}" for verb, step in steps)

    def _called(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's operation model
        self.seen.append(f"{model.name}({self._shape})" if self._shape else model.name)


def _compared(ours: Handler, bare: Handler, requests: Iterator[Event], calls: Calls) -> Compared:
    for _ in range(WARM):
        document(ours(next(requests), Context()))
        document(bare(next(requests), Context()))
    made = calls.of(lambda: document(ours(next(requests), Context())))
    theirs = calls.of(lambda: document(bare(next(requests), Context())))
    if made != theirs:
        raise RuntimeError(f"the bare handler makes other AWS calls: {theirs}, ours {made}")
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(TIMES):
        for which in (0, 1) if number % 2 else (1, 0):
            spent[which].append(_cpu((ours, bare)[which], next(requests)))
    return Compared(median(spent[0]) * 1000, median(spent[1]) * 1000, made)


def _cpu(handler: Handler, event: Event) -> float:
    before = time.process_time()
    answer = handler(event, Context())
    spent = time.process_time() - before
    document(answer)
    return spent


def _submits() -> Iterator[Event]:
    key, body = os.environ["CLIENT_KEY"], {"prompt": PROMPT, "size": "1024x1024"}
    return (events.submit(key, RELAY, body) for _ in repeat(None))


def _statuses() -> Iterator[Event]:
    task_id = _seeded(1)[0]
    return (events.status(os.environ["CLIENT_KEY"], KIE, task_id) for _ in repeat(None))


def _callbacks() -> Iterator[Event]:
    account_id = os.environ["ACCOUNT_ID"]
    tasks = _seeded(2 * (WARM + TIMES + 1))
    return (events.kie_callback(account_id, task_id, f"works-{task_id}") for task_id in tasks)


def _seeded(number: int) -> list[str]:
    """So many tasks that wait for KIE's callback, put straight into the table; their ids."""
    now = int(time.time() * 1000)
    first = Task(
        os.environ["ACCOUNT_ID"], "", "relay", KIE, Kind.IMAGE, "grok-imagine", 200_000_000, now, now + 900_000
    )
    first = replace(first, state=State.QUEUED, version=2, due_at=now + 60_000, upstream="kie", api="market")
    first = replace(first, delivery=Delivery.WAITING)
    ids = [uuid7(now, house().random_bits(74)) for _ in range(number)]
    rows = [house().store.tasks.row(replace(first, task_id=each, upstream_task_id=f"works-{each}")) for each in ids]
    table = os.environ["TASKS_TABLE"]
    for start in range(0, number, 25):
        puts = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        boto3.client("dynamodb").batch_write_item(RequestItems={table: puts})
    return ids
