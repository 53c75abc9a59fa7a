"""Kling's API as clients speak it to us: its routes and answers."""

from __future__ import annotations

from relay.families.dialect import CREATE, QUERY, AnyRoute, Record, Route, Told
from relay.families.newapi.kling.read import read_create, read_query
from relay.families.newapi.kling.words import ACTIONS, HOME, PATH, PLATFORM, WORDS, write_error
from relay.families.newapi.words import LANGUAGE
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS, TERMINAL, Asset, State, Task
from relay.nouns.wire import Json, Reply, compact


def write_task(told: Told[Task]) -> Reply:
    document = {"code": 0, "message": "SUCCEED", "request_id": told.trace_id, "data": _data(told.found)}
    return Reply.json(document)


def write_callback(told: Told[Record]) -> bytes:
    return compact(_data(told.found.task))


CALLBACKS = {PLATFORM: write_callback}


def _data(task: Task) -> dict[str, Json]:
    failed = task.state in TERMINAL - {State.SUCCEEDED}
    fault = task.fault or FAULTS[task.state] if failed else None
    document = {
        "task_id": task.task_id,
        "task_status": WORDS[task.status],
        "task_status_msg": sentence(fault.code, LANGUAGE) if fault else "",
        "created_at": task.created_at,
        "updated_at": task.completed_at or task.created_at,
    }
    made = task.state is State.SUCCEEDED
    return document | ({"task_result": {"videos": [_video(task, each) for each in task.results]}} if made else {})


def _video(task: Task, asset: Asset) -> dict[str, Json]:
    seconds = asset.duration or 0
    length = str(int(seconds) if float(seconds).is_integer() else seconds) if seconds else ""
    return {"id": asset.ref or task.task_id, "url": asset.url, "duration": length}


ROUTES: tuple[AnyRoute, ...] = tuple(
    route
    for action in ACTIONS
    for route in (
        Route("POST", f"{HOME}{PATH}/{action}", CREATE, read_create, write_task, error=write_error),
        Route("GET", f"{HOME}{PATH}/{action}/{{task_id}}", QUERY, read_query, write_task, error=write_error),
    )
)
