"""KIE's Market as clients speak it to us."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.dialect import AnyRoute, Route, Told
from relay.families.kie.market.read import read_create
from relay.families.kie.market.words import CREATE_PATH, PLATFORM, QUERY_PATH
from relay.families.kie.replies import (
    echo,
    failure_of,
    read_query,
    urls_of,
    write_created,
    write_reply,
)
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.task import State, Task
from relay.nouns.wire import Json, Reply, compact

FAILED = 501  # the number of a failed generation
_STATES: Mapping[State, str] = {
    State.PENDING: "waiting",
    State.QUEUED: "queuing",
    State.PROCESSING: "generating",
    State.SUCCEEDED: "success",
}


def write_record(told: Told[Record]) -> Reply:
    return write_reply(_record(told.found))


def write_callback(told: Told[Record]) -> bytes:
    if told.found.task.state is State.SUCCEEDED:
        return write_reply(_record(told.found), 200, "Playground task completed successfully.").body
    return write_reply(_record(told.found), FAILED, "Playground task failed.").body


def _record(found: Record) -> dict[str, Json]:
    task, ended = found.task, found.task.completed_at
    code, message = failure_of(task, FAILED)
    return {
        "taskId": task.task_id,
        "model": str(found.draft.raw.get("model") or found.draft.model),
        "state": _STATES.get(task.status, "fail"),
        "param": echo(found.draft),
        "resultJson": _result(task),
        "failCode": str(code) if code else None,
        "failMsg": message or None,
        "costTime": ended - task.created_at if ended else None,
        "completeTime": ended,
        "createTime": task.created_at,
        "updateTime": ended or task.created_at,
        "creditsConsumed": None,  # what it cost is in the account's statement
        "progress": int(task.progress),
    }


def _result(task: Task) -> str | None:
    """A JSON text inside the JSON."""
    return compact({"resultUrls": urls_of(task)}).decode() if task.state is State.SUCCEEDED else None


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("GET", QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
