"""Writing the answers of the images API: one document tells how a task stands, with OpenAI's answer in it at last."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from relay.families.dialect import Record, Told
from relay.families.newapi.images.words import GENERATIONS, OBJECT, OTHER_FAULT, WORDS
from relay.families.newapi.words import FAULTS, LANGUAGE, REQUEST, write_openai_error
from relay.nouns.errors import TooLarge
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS as ENDS
from relay.nouns.task import TERMINAL, Asset, State, Task
from relay.nouns.wire import Json, Reply, compact

RETRY_AFTER = 5  # seconds
# What the request itself is to blame for; for the rest OpenAI's clients try again by themselves.
CLIENTS_FAULTS = ("CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER", "INPUT_FETCH_FAILED")


def write_accepted(told: Told[Task], *, inside: bool = False) -> Reply:
    """The task, which is asked for again at `Location`: 202 until it has ended. `inside`: with the pictures."""
    reply = write_status(told, inside=inside)
    return reply if told.found.terminal else replace(reply, status=202)


def write_preferred(told: Told[Task], *, inside: bool = False) -> Reply:
    """The same for a client that prefers it."""
    accepted = write_accepted(told, inside=inside)
    return replace(accepted, headers={**accepted.headers, "preference-applied": "respond-async"})


def write_status(told: Told[Task], *, inside: bool = False) -> Reply:
    if inside and told.found.state is State.SUCCEEDED and any(asset.data is None for asset in told.found.results):
        return _too_large(told)
    return Reply.json(_document(told.found, inside=inside), 200, _headers(told, inside=inside))


def write_made(told: Told[Task], *, inside: bool = False) -> Reply:
    """What a client that waited for the pictures gets: them, or OpenAI's error."""
    if told.found.state is State.SUCCEEDED:
        return write_status(told, inside=inside)
    status = 400 if _fault_code(told.found) in CLIENTS_FAULTS else 500
    return Reply.json({"error": _error(told.found)}, status)


def write_callback(told: Told[Record]) -> bytes:
    return compact(_document(told.found.task))


def _too_large(told: Told[Task]) -> Reply:
    """The pictures are made and paid for, and more than an answer holds. OpenAI's clients do not ask that again."""
    error = TooLarge(
        f"response_format b64_json cannot hold these: GET {GENERATIONS}/{told.found.task_id} tells where they are",
        "图片过大，无法以 b64_json 返回",
        field="response_format",
    )
    refused = write_openai_error(error, told.trace_id)
    return replace(refused, headers={**refused.headers, **_headers(told)})


def _headers(told: Told[Task], *, inside: bool = False) -> Mapping[str, str]:
    """Where the task is asked for again, in the form in which its client wants the pictures."""
    asked = "?response_format=b64_json" if inside else ""
    location = {"location": f"{told.base_url}{GENERATIONS}/{told.found.task_id}{asked}"}
    return location if told.found.terminal else {**location, "retry-after": str(RETRY_AFTER)}


def _document(task: Task, *, inside: bool = False) -> dict[str, Json]:
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
    return document | ({"created": ended, "data": [_picture(asset, inside=inside) for asset in done]} if done else {})


def _picture(asset: Asset, *, inside: bool) -> dict[str, Json]:
    return {"b64_json": base64.b64encode(asset.data or b"").decode()} if inside else {"url": asset.url}


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
