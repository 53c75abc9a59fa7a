"""The life of a task: which moves are legal, and what a fact makes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from relay.nouns.faults import Fault
from relay.nouns.task import BY_ARCHIVE, BY_CLOCK, FAULTS, GRACE, TERMINAL, Delivery, Observation, State, Task

STORING_TIME = 3_600_000  # ms a result may take to be copied, retries and all
NO_RESULT = Fault("GENERATION_FAILED", upstream_code="NO_RESULT")


# The one table of legal transitions. Only forward; what is terminal never changes.
_ORDER = (State.PENDING, State.SUBMITTING, State.QUEUED, State.PROCESSING, State.STORING)
LEGAL: Mapping[State, frozenset[State]] = {
    **{state: frozenset(_ORDER[rank + 1 :]) | TERMINAL for rank, state in enumerate(_ORDER)},
    **{state: frozenset() for state in TERMINAL},
}


def advance(task: Task, seen: Observation, now: int, learnt: str, *, store: bool = False) -> Task | None:
    """The task after `seen`, or None where `seen` changes nothing. Pure; the caller commits it.

    A success without a result is a failure: nobody can be handed nothing and charged for it. Of more results than
    were asked for the first are kept. With `store` a success first has to be copied; from then on only the copying,
    or the clock, moves the task.
    """
    seen = replace(seen, assets=seen.assets[: task.most])
    if task.terminal or (task.state is State.STORING and learnt not in (BY_ARCHIVE, BY_CLOCK)):
        return None
    if seen.state is State.SUCCEEDED and not seen.assets:
        seen = replace(seen, state=State.FAILED, fault=NO_RESULT)
    if seen.state is State.SUCCEEDED and store and learnt != BY_ARCHIVE:
        return _made(task, seen, now, learnt)
    state = seen.state if seen.state in LEGAL[task.state] else task.state
    after = replace(
        task,
        state=state,
        sending=False,
        upstream_task_id=task.upstream_task_id or seen.upstream_task_id,
        progress=100.0 if state is State.SUCCEEDED else max(task.progress, min(seen.progress, 100.0)),
    )
    if after == task:
        return None
    if state not in TERMINAL:
        return replace(after, version=task.version + 1)
    if state is State.SUCCEEDED:
        return _ended(replace(after, assets=seen.assets, learnt=task.learnt or learnt), now)
    return _ended(replace(after, assets=(), fault=seen.fault or FAULTS[state], learnt=task.learnt or learnt), now)


def _made(task: Task, seen: Observation, now: int, learnt: str) -> Task:
    """Made, and to be copied: the deadline moves, for the upstream has done its part."""
    return replace(
        task,
        version=task.version + 1,
        state=State.STORING,
        sending=False,
        upstream_task_id=task.upstream_task_id or seen.upstream_task_id,
        assets=seen.assets,
        learnt=learnt,
        tries=0,
        due_at=now + GRACE,
        expires_at=max(task.expires_at, now + STORING_TIME),
    )


def _ended(task: Task, now: int) -> Task:
    owed = task.delivery is Delivery.WAITING
    return replace(
        task,
        version=task.version + 1,
        completed_at=now,
        delivery=Delivery.OWED if owed else task.delivery,
        due_at=now + GRACE if owed else None,
    )
