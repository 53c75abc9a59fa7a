"""The life of a task: which moves are legal, and what a fact makes of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from relay.nouns.draft import KINDS
from relay.nouns.faults import Fault
from relay.nouns.task import (
    BY_ARCHIVE,
    BY_CLOCK,
    FAULTS,
    GRACE,
    TERMINAL,
    Asset,
    Delivery,
    Observation,
    Role,
    State,
    Task,
)
from relay.nouns.wire import Json

STORING_TIME = 3_600_000  # ms a result may take to be copied, retries and all
NO_RESULT = Fault("GENERATION_FAILED", upstream_code="NO_RESULT")
TOO_MUCH_TEXT = Fault("GENERATION_FAILED", upstream_code="TOO_MUCH_TEXT")
MAX_FACTS = 300_000  # characters of JSON, in ASCII, of what is said and of the files: a DynamoDB row holds 400 KB
EXTRAS = len(Role) - 1  # files that may come with each result: one of each other role

# The one table of legal transitions. Only forward; what is terminal never changes.
_ORDER = (State.PENDING, State.SUBMITTING, State.QUEUED, State.PROCESSING, State.STORING)
LEGAL: Mapping[State, frozenset[State]] = {
    State.ASKING: frozenset({State.PENDING, State.CANCELLED, State.TIMEOUT}),
    **{state: frozenset(_ORDER[rank + 1 :]) | TERMINAL for rank, state in enumerate(_ORDER)},
    **{state: frozenset() for state in TERMINAL},
}

_ENDS_ASKING = LEGAL[State.ASKING] & TERMINAL


def advance(task: Task, seen: Observation, now: int, learnt: str, *, store: bool = False) -> Task | None:
    """The task after `seen`, or None where `seen` changes nothing. Pure; the caller commits it.

    A success without a result is a failure: nobody can be handed nothing and charged for it. With `store` a success
    first has to be copied, and what only our key can fetch always has; from then on only the copying, or the clock,
    moves the task. One that waits for its client can only end: its answer, which is charged, alone moves it on.
    """
    if not _may_move(task, seen, now, learnt):
        return None
    if seen.state is State.SUCCEEDED and learnt != BY_ARCHIVE:
        seen = _inspect(task, seen)
        if any(store or asset.private for asset in seen.assets if asset.data is None):
            return _made(task, seen, now, learnt)
    state = seen.state if seen.state in LEGAL[task.state] else task.state
    after = replace(
        task,
        state=state,
        sending=False,
        upstream_task_id=task.upstream_task_id or seen.upstream_task_id,
        progress=100.0 if state is State.SUCCEEDED else max(task.progress, min(seen.progress, 100.0)),
        preview=_preview(seen.facts) if seen.facts and seen.state not in TERMINAL else task.preview,
    )
    if after == task:
        return None
    if state not in TERMINAL:
        return replace(after, version=task.version + 1)
    after = replace(after, learnt=task.learnt or learnt)
    if state is State.SUCCEEDED:
        return _ended(replace(after, assets=seen.assets, used=_used(task, seen)), now)
    return _ended(replace(after, assets=(), fault=seen.fault or FAULTS[state]), now)


def _preview(facts: Mapping[str, Json]) -> str:
    """What tells the words of one look from those of another."""
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _may_move(task: Task, seen: Observation, now: int, learnt: str) -> bool:
    if seen.state is State.TIMEOUT and learnt == BY_CLOCK and now < task.expires_at:
        return False  # the deadline was moved while the clock looked
    if task.state is State.STORING:
        return learnt in (BY_ARCHIVE, BY_CLOCK)
    return seen.state in _ENDS_ASKING if task.state is State.ASKING else not task.terminal


def _inspect(task: Task, seen: Observation) -> Observation:
    """The success with what is kept of it, or the failure that it is."""
    seen = replace(seen, assets=_select_assets(seen.assets, task.most))
    fault = _find_shortfall(task, seen)
    return replace(seen, state=State.FAILED, assets=(), fault=fault) if fault else seen


def _select_assets(assets: tuple[Asset, ...], most: int) -> tuple[Asset, ...]:
    """The first results, as many as were asked for, and what came with them, a bounded number."""
    results = [asset for asset in assets if asset.role is Role.MAIN]
    extras = [asset for asset in assets if asset.role is not Role.MAIN]
    return (*results[:most], *extras[: EXTRAS * most])


def _find_shortfall(task: Task, seen: Observation) -> Fault | None:
    """Why a success is none. What is sold as a file has to be one; anything else may be a file or words."""
    if not any(asset.role is Role.MAIN for asset in seen.assets) and not (seen.facts and not KINDS[task.kind].file):
        return NO_RESULT
    files = [(asset.url, asset.title, asset.ref) for asset in seen.assets]  # of which addresses may be long
    return TOO_MUCH_TEXT if max(len(json.dumps(said)) for said in (dict(seen.facts), files)) > MAX_FACTS else None


def _used(task: Task, seen: Observation) -> int | None:
    return task.used if seen.usage is None else max(0, seen.usage)


def _made(task: Task, seen: Observation, now: int, learnt: str) -> Task:
    """Made, and to be copied: the deadline moves, for the upstream has done its part."""
    return replace(
        task,
        version=task.version + 1,
        state=State.STORING,
        sending=False,
        upstream_task_id=task.upstream_task_id or seen.upstream_task_id,
        assets=seen.assets,
        used=_used(task, seen),
        learnt=learnt,
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
