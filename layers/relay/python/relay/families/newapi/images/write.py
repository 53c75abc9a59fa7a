"""Writing the answers of the images API: one document tells how a task stands, with OpenAI's answer in it at last."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.dialect import Record, Told
from relay.families.newapi.images.words import GENERATIONS, OBJECT, OTHER_FAULT, WORDS
from relay.families.newapi.words import FAULTS, LANGUAGE, REQUEST
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS as ENDS
from relay.nouns.task import TERMINAL, State, Task
from relay.nouns.wire import Json, Reply, compact

RETRY_AFTER = 5  # seconds
# What the request itself is to blame for; for the rest OpenAI's clients try again by themselves.
CLIENTS_FAULTS = ("CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER", "INPUT_FETCH_FAILED")


def write_accepted(told: Told[Task]) -> Reply:
    """The task, which is asked for again at `Location`: 202 until it has ended."""
    return Reply.json(_document(told.found), 200 if told.found.terminal else 202, _headers(told))


def write_preferred(told: Told[Task]) -> Reply:
    """The same for a client that prefers it."""
    accepted = write_accepted(told)
    return Reply.json(
        _document(told.found), accepted.status, {**accepted.headers, "preference-applied": "respond-async"}
    )


def write_status(told: Told[Task]) -> Reply:
    return Reply.json(_document(told.found), 200, _headers(told))


def write_made(told: Told[Task]) -> Reply:
    """What a client that waited for the pictures gets: them, or OpenAI's error."""
    if told.found.state is State.SUCCEEDED:
        return write_status(told)
    status = 400 if _fault_code(told.found) in CLIENTS_FAULTS else 500
    return Reply.json({"error": _error(told.found)}, status)


def write_callback(told: Told[Record]) -> bytes:
    return compact(_document(told.found.task))


def _headers(told: Told[Task]) -> Mapping[str, str]:
    location = {"location": f"{told.base_url}{GENERATIONS}/{told.found.task_id}"}
    return location if told.found.terminal else {**location, "retry-after": str(RETRY_AFTER)}


def _document(task: Task) -> dict[str, Json]:
    done = task.results if task.state is State.SUCCEEDED else ()
    ended = _seconds(task.completed_at or task.created_at)
    document = {
        "id": task.task_id,
        "object": OBJECT,
        "model": task.model,
        "status": WORDS[task.status],
        "progress": int(task.progress),
        "created_at": _seconds(task.created_at),
        "completed_at": ended if task.terminal else None,
        "expires_at": next((_seconds(asset.expires_at) for asset in done if asset.expires_at), None),
        "error": _error(task) if task.state in TERMINAL - {State.SUCCEEDED} else None,
    }
    return document | ({"created": ended, "data": [{"url": asset.url} for asset in done]} if done else {})


def _fault_code(task: Task) -> str:
    return (task.fault or ENDS[task.state]).code


def _error(task: Task) -> dict[str, Json]:
    code = _fault_code(task)
    return {
        "message": sentence(code, LANGUAGE),
        "type": REQUEST if code in CLIENTS_FAULTS else "server_error",
        "param": "",
        "code": FAULTS.get(code, OTHER_FAULT),
    }


def _seconds(instant: int) -> int:
    return instant // 1000
