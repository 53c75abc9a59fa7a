"""Kling's API as clients speak it to us: its routes and answers."""

from __future__ import annotations

from relay.families.dialect import AnyRoute, Route, Told
from relay.families.newapi.kling.read import read_create, read_query
from relay.families.newapi.kling.words import ACTIONS, HOME, PATH, PLATFORM, WORDS, write_error
from relay.families.newapi.words import LANGUAGE
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS, TERMINAL, Asset, State
from relay.nouns.wire import Json, Reply, compact


def write_task(told: Told[Record]) -> Reply:
    task = told.found.task
    data = _data(told.found, task.completed_at or task.created_at)
    return Reply.json({"code": 0, "message": "SUCCEED", "request_id": told.trace_id, "data": data})


def write_callback(told: Told[Record]) -> bytes:
    """How a task stands, of an end and of every move before it."""
    return compact(_data(told.found, told.found.task.completed_at or told.now))


CALLBACKS = {PLATFORM: write_callback}


def _data(record: Record, updated_at: int) -> dict[str, Json]:
    task = record.task
    failed = task.state in TERMINAL - {State.SUCCEEDED}
    fault = task.fault or FAULTS[task.state] if failed else None
    document = {
        "task_id": task.task_id,
        "task_status": WORDS[task.status],
        "task_status_msg": sentence(fault.code, LANGUAGE) if fault else "",
        "created_at": task.created_at,
        "updated_at": updated_at,
    }
    made = task.state is State.SUCCEEDED
    return document | ({"task_result": {"videos": [_video(record, each) for each in task.results]}} if made else {})


def _video(record: Record, film: Asset) -> dict[str, Json]:
    seconds = film.duration or record.draft.duration or 0
    length = str(int(seconds) if float(seconds).is_integer() else seconds) if seconds else ""
    return {"id": film.ref or record.task.task_id, "url": film.url, "duration": length}


ROUTES: tuple[AnyRoute, ...] = tuple(
    route
    for action in ACTIONS
    for route in (
        Route(
            "POST",
            f"{HOME}{PATH}/{action}",
            CREATE_RECORD,
            read_create,
            write_task,
            error=write_error,
            ended=write_task,
        ),
        Route("GET", f"{HOME}{PATH}/{action}/{{task_id}}", RECORD, read_query, write_task, error=write_error),
    )
)
