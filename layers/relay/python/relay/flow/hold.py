"""The hold worker: send a task to an upstream whose answer takes minutes, and keep the connection open until it ends.

A connection that breaks, falls silent or dies with its function is an unknown outcome, as everywhere: the upstream may
go on and bill it, so the task is not sent again. The deadline ends it and returns the money.
"""

from __future__ import annotations

from relay.flow.handover import Worker, hand_over
from relay.flow.services import Services

SECONDS = 875.0  # of the function's fifteen minutes


def hold(services: Services, account_id: str, task_id: str) -> None:
    """See `hand_over`."""
    hand_over(services, Worker(SECONDS), account_id, task_id)
