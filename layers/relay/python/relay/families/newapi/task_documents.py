"""The document that tells how a task of OpenAI's APIs stands whose answer is the result (images, audio), and its words.

OpenAI's own have no such tasks: a client waits for the result, or asks for a task as HTTP has it (RFC 7240) or by a
field `async`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from relay.families.dialect import Told
from relay.families.newapi.words import FAULTS, LANGUAGE, REQUEST
from relay.nouns.errors import BadInput, InvalidParameter
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS as ENDS
from relay.nouns.task import TERMINAL, State, Task
from relay.nouns.wire import Inbound, Json, Reply

WAIT = 25  # seconds a client waits that does not say so; the gateway gives up after 30
RETRY_AFTER = 5  # seconds
# OpenAI's words for a response that is made in the background.
STATES: Mapping[str, State] = {
    "queued": State.QUEUED,
    "in_progress": State.PROCESSING,
    "completed": State.SUCCEEDED,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
}
WORDS: Mapping[State, str] = {
    State.PENDING: "queued",
    State.TIMEOUT: "failed",
    **{state: word for word, state in STATES.items()},
}
# What the request itself is to blame for; for the rest OpenAI's clients try again by themselves.
CLIENTS_FAULTS = ("CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER", "INPUT_FETCH_FAILED")
TRUTH = {"true": True, "1": True, "false": False, "0": False}  # as forms and addresses say it


def prefers_async(inbound: Inbound) -> bool:
    """Whether the client says so as HTTP has it."""
    said = (each.partition(";")[0].strip().lower() for each in inbound.headers.get("prefer", "").split(","))
    return "respond-async" in said


def asks_async(inbound: Inbound, read: Callable[[Inbound], Mapping[str, object]]) -> bool:
    """Whether the client says so in the address or the body. What cannot be read is told by the reader."""
    if TRUTH.get(inbound.query.get("async", "").lower()):
        return True
    try:
        return b"async" in inbound.body and read(inbound).get("async") is True
    except BadInput:
        return False


def check_async(inbound: Inbound) -> None:
    if inbound.query.get("async", "true").lower() not in TRUTH:
        raise InvalidParameter("async", "must be true or false", "必须是 true 或 false")


def as_accepted(reply: Reply, task: Task, *, preferred: bool = False) -> Reply:
    """The task's document as the answer to its creation: 202 until it has ended."""
    applied = {"preference-applied": "respond-async"} if preferred else {}
    return replace(reply, status=reply.status if task.terminal else 202, headers={**reply.headers, **applied})


def write_head(task: Task, object_: str, other_fault: str) -> dict[str, Json]:
    """What the document tells of any task. `other_fault`: where the family has no word for why it failed."""
    kept = task.results if task.state is State.SUCCEEDED else ()
    return {
        "id": task.task_id,
        "object": object_,
        "model": task.model,
        "status": WORDS[task.status],
        "progress": int(task.progress),
        "created_at": task.created_at // 1000,
        "completed_at": ended_at(task) if task.terminal else None,
        "expires_at": next((asset.expires_at // 1000 for asset in kept if asset.expires_at), None),
        "error": _error(task, other_fault) if task.state in TERMINAL - {State.SUCCEEDED} else None,
    }


def ended_at(task: Task) -> int:
    """Unix seconds."""
    return (task.completed_at or task.created_at) // 1000


def write_failure(task: Task, other_fault: str) -> Reply:
    """OpenAI's error, for a client that waited for the result."""
    return Reply.json({"error": _error(task, other_fault)}, 400 if _fault_code(task) in CLIENTS_FAULTS else 500)


def task_headers(told: Told[Task], path: str) -> Mapping[str, str]:
    """Where the task is asked for again."""
    location = {"location": f"{told.base_url}{path}"}
    return location if told.found.terminal else {**location, "retry-after": str(RETRY_AFTER)}


def _error(task: Task, other_fault: str) -> dict[str, Json]:
    code = _fault_code(task)
    return {
        "message": sentence(code, LANGUAGE),
        "type": REQUEST if code in CLIENTS_FAULTS else "server_error",
        "param": "",
        "code": FAULTS.get(code, other_fault),
    }


def _fault_code(task: Task) -> str:
    return (task.fault or ENDS[task.state]).code
