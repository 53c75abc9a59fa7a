"""new-api's task as its own routes tell it, and their envelope for results and errors."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.newapi.words import LANGUAGE, row_of
from relay.nouns.errors import RelayError
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS, TERMINAL, State, Task
from relay.nouns.wire import Json, Reply

WORDS: Mapping[State, str] = {
    State.PENDING: "NOT_START",
    State.QUEUED: "QUEUED",
    State.PROCESSING: "IN_PROGRESS",
    State.SUCCEEDED: "SUCCESS",
    State.FAILED: "FAILURE",
    State.CANCELLED: "FAILURE",
    State.TIMEOUT: "FAILURE",
}
_UNSTARTED = (State.PENDING, State.QUEUED)


def write_enveloped(data: Json) -> Reply:
    return Reply.json({"code": "success", "message": "", "data": data})


def write_task_error(error: RelayError, trace_id: str) -> Reply:
    row = row_of(error)
    return Reply.json({"code": row.code, "message": error.tell(LANGUAGE), "data": None}, row.status, error.headers)


def write_task_object(task: Task, action: str, data: Json) -> dict[str, Json]:
    """The task object; `data` is the outcome in the words of its API. Its times are seconds."""
    begun, failed = task.created_at // 1000, task.state in TERMINAL - {State.SUCCEEDED}
    fault = task.fault or FAULTS[task.state] if failed else None
    return {
        "task_id": task.task_id,
        "action": action,
        "status": WORDS[task.status],
        "fail_reason": sentence(fault.code, LANGUAGE) if fault else "",
        "submit_time": begun,
        "start_time": 0 if task.status in _UNSTARTED else begun,
        "finish_time": (task.completed_at or 0) // 1000,
        "progress": f"{100 if task.state is State.SUCCEEDED else int(task.progress)}%",
        "data": data,
    }
