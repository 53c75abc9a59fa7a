"""The dispatch worker: send a pending task to an upstream that answers soon, and pass on what takes minutes."""

from __future__ import annotations

from dataclasses import replace

from relay.flow.handover import Worker, hand_over
from relay.flow.services import Services
from relay.nouns.task import Task

SECONDS = 55.0  # of the function's minute
HOLD_GRACE = 120_000  # ms after which a message to the hold worker is taken for lost: it may wait there for its turn


def dispatch(services: Services, account_id: str, task_id: str) -> None:
    """See `hand_over`."""
    hand_over(services, Worker(SECONDS, _pass_on), account_id, task_id)


def _pass_on(services: Services, task: Task) -> None:
    due_at = min(services.clock() + HOLD_GRACE, task.expires_at)
    if services.store.tasks.save(task, later := replace(task, sending=False, due_at=due_at, version=task.version + 1)):
        services.queues.hold(later)
