"""Waiting for a task's end inside the request that creates it, where the client prefers that (RFC 7240, `wait`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relay.flow.services import Services
from relay.nouns.task import Task
from relay.nouns.wire import Inbound

MAX_SECONDS = 25  # from the request's arrival: the gateway gives up after 30
STEP = 0.5  # seconds by which the pauses grow, so that 25 seconds take ten reads

_WAIT = re.compile(r'wait *= *"?([0-9]{1,9})"?', re.IGNORECASE)


def preferred_wait(inbound: Inbound, most: int = MAX_SECONDS) -> int | None:
    """For how many seconds, `most` at most, the client would rather wait than ask again; None where it does not say so.

    A preference that cannot be read is no error: RFC 7240 has it ignored. Of several the first counts.
    """
    preferences = (each.partition(";")[0].strip() for each in inbound.headers.get("prefer", "").split(","))
    found = next(filter(None, map(_WAIT.fullmatch, preferences)), None)
    return min(int(found[1]), most) if found else None


def wait_for_end(services: Services, task: Task, until: int) -> Task:
    """The task as it stands when it has ended, or at `until` (Unix ms). Each pause costs one read of its row."""
    for pause in pauses((until - services.clock()) / 1000):
        if task.terminal:
            break
        services.pause(pause)
        task = services.store.tasks.get(task.account_id, task.task_id) or task
    return task


def pauses(seconds: float, longest: float = MAX_SECONDS) -> Iterator[float]:
    """The seconds between looks at a task, ever longer ones, `seconds` of them in all."""
    pause = STEP
    while seconds > 0:
        yield min(pause, seconds)
        seconds -= pause
        pause = min(pause + STEP, longest)
