"""Withdrawing a task at its client's word."""

from __future__ import annotations

from relay.flow.access import Caller
from relay.flow.find import find
from relay.flow.observe import announce
from relay.flow.services import Services
from relay.nouns.life import advance
from relay.nouns.money import settle
from relay.nouns.task import BY_CLIENT, Observation, State, Task


def cancel(services: Services, caller: Caller, task_id: str, platform: str | None = None) -> Task:
    """End a task that no upstream has seen, and give back what it was charged; the task as it now is.

    One that may be at an upstream runs on unchanged: no upstream so far takes a job back, and a charge is not returned
    for what may be made and billed. One that has ended stays as it is. Raises TaskNotFound.
    """
    task = find(services, caller, task_id, platform)
    while task.unsent or task.state is State.ASKING:
        after = advance(task, Observation(State.CANCELLED), services.clock(), BY_CLIENT)
        if after and services.store.tasks.save(task, after, settle(task, after)):
            announce(services, after, BY_CLIENT)
            return after
        task = find(services, caller, task_id, platform)  # a worker was faster
    return task
