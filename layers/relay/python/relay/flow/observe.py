"""The one entry for facts: whatever was learnt of a task, however, is committed here, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger

from relay.effects.store.jobs import JobTaken
from relay.flow.quoting import quote_for_task
from relay.flow.result_files import NotStored, store_inline
from relay.flow.services import Services
from relay.nouns.faults import Fault
from relay.nouns.life import advance
from relay.nouns.money import settle
from relay.nouns.task import Delivery, Observation, State, Task
from relay.nouns.wire import Json

MOVE_SECONDS = 2  # from a move to its announcement, which tells of all there were by then
MOVE_TURN = 30_000  # ms after which an announcement that was not told is taken for lost

NOT_ITS_JOB = Fault("API_ERROR", "the upstream answered with the job of another task; the charge was returned")

logger = Logger(child=True)


def observe(
    services: Services, task: Task, seen: Observation, learnt: str, due_at: int | None = None, *, binds: bool = False
) -> Task:
    """Move a task by what was seen, with its money and what is then owed, in one write; the task as it now is.

    `learnt` says how: submit, callback, poll or clock. `due_at` (Unix ms) is when to look again if it goes on.
    Losing a race means somebody else wrote first: then the fact is held against what they wrote. `binds`: the job is
    made this task's alone in the same write; a task whose job is another's fails.
    """
    if seen.unknown_word:
        _note_unknown_word(services, task, seen.unknown_word)
    while not task.terminal:
        after = advance(task, seen, services.clock(), learnt, store=services.archive)
        if after is None:
            return task
        if due_at is not None and after.state is not State.STORING and not after.terminal:
            after = replace(after, due_at=min(due_at, task.expires_at))
        try:
            after = store_inline(services, after)
            facts, binding = _news(task, after, seen), _binding(services, after) if binds else None
            if services.store.tasks.save(task, after, settle(task, after), facts, binding):
                announce(services, after, learnt)
                return after
            task = services.store.tasks.get(task.account_id, task.task_id) or task
        except NotStored as error:  # no later look would find better bytes
            seen = replace(seen, state=State.FAILED, fault=Fault("GENERATION_FAILED", str(error), "RESULT_UNAVAILABLE"))
        except JobTaken:
            seen, binds = Observation(State.FAILED, fault=NOT_ITS_JOB), False
    _note_late(services, task, seen, learnt)
    return task


def note_progress(services: Services, task: Task, seen: Observation) -> Task:
    """Store how far a submission is that is not over yet; the task as it now is. It owes nobody anything."""
    moved = advance(task, replace(seen, state=State.PROCESSING), services.clock(), "submit")
    after = replace(moved, sending=True) if moved else task
    if after == replace(task, version=after.version):
        return task
    if services.store.tasks.save(task, after, facts=_news(task, after, seen)):
        announce(services, after, "submit")
        return after
    return services.store.tasks.get(task.account_id, task.task_id) or task


def _news(task: Task, after: Task, seen: Observation) -> Mapping[str, Json] | None:
    """What is to be kept of what was said in words: that of an outcome, and of a job that is being made what is new."""
    as_said = after.made or (after.terminal and after.state is seen.state)  # a success without a result says nothing
    return seen.facts if as_said or after.preview != task.preview else None


def _note_unknown_word(services: Services, task: Task, said: str) -> None:
    services.count("UnknownStatusWord", upstream=task.upstream)
    word = quote_for_task(services, task, said)
    logger.warning("unknown status word", **task.log_keys, upstream=task.upstream, word=word)


def _note_late(services: Services, task: Task, seen: Observation, learnt: str) -> None:
    if task.state is State.TIMEOUT and seen.state is State.SUCCEEDED and not task.late_outcome:
        services.count("LateSuccess", upstream=task.upstream)
        logger.warning("success after the deadline", **task.log_keys, upstream=task.upstream, learnt=learnt)
        services.store.tasks.note_late(task, seen.state)


def _binding(services: Services, task: Task) -> dict[str, Any] | None:
    """The write that makes a job its task's alone, where the task has one."""
    if task.upstream_task_id is None:
        return None
    return services.store.jobs.binding(task.upstream or "", task.upstream_task_id, _owner(task), services.clock())


def _owner(task: Task) -> str:
    return f"{task.account_id}.{task.task_id}"


def bind_job(services: Services, task: Task, seen: Observation) -> bool:
    """Make the job this task's alone; False where it is another's, which an upstream that lies or errs may name.

    Needed where an upstream sends callbacks: for a submission that was never answered, one may name any job at all.
    """
    return services.store.jobs.bind(task.upstream or "", seen.upstream_task_id or "", _owner(task), services.clock())


def announce(services: Services, task: Task, learnt: str) -> None:
    about = {**task.log_keys, "state": task.state, "upstream": task.upstream, "learnt": learnt}
    if task.state is State.STORING:
        services.queues.archive(task)
    elif not task.terminal:
        _announce_move(services, task)
    if not task.terminal:
        logger.info("task moved", **about)
        return
    services.count(f"Task{task.state.capitalize()}", upstream=task.upstream)
    logger.info("task ended", **about, **_reason(services, task))
    if task.delivery is Delivery.OWED:
        services.queues.deliver(task)


def _announce_move(services: Services, task: Task) -> None:
    """Have the client told how its task stands, where its callback is told of moves: soon, so that several are one.

    One announcement of a task is under way at a time. Nothing that fails here may end what moved the task.
    """
    now = services.clock()
    turn = now + MOVE_TURN
    try:
        if (task.next_move_at or turn) <= now and services.store.tasks.take_move_turn(task, now, turn):
            services.queues.deliver_later({**task.log_keys, "move": turn}, MOVE_SECONDS)
    except Exception:
        logger.exception("move not announced", **task.log_keys)


def _reason(services: Services, task: Task) -> dict[str, Any]:
    """Why a task failed, for the log: our code, and what the upstream said, code and words."""
    if task.fault is None:
        return {}
    said = f"{task.fault.upstream_code} {task.fault.words}".strip()
    return {"code": task.fault.code, "words": quote_for_task(services, task, said)}
