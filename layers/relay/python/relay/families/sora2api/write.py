"""Writing answers to the family's clients: the task, OpenAI's chat completion for who waits, and errors."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from relay.families.dialect import Told
from relay.families.reading import as_object
from relay.families.sora2api.grammar import is_storyboard, read_shots
from relay.families.sora2api.words import (
    ERRORS,
    LANGUAGE,
    NAMES,
    OTHER,
    REQUEST,
    SERVER,
    TASKS,
    TIMEOUTS,
    WORDS,
    Row,
)
from relay.families.uses import Record
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import RelayError, TooLarge
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS, State, Task
from relay.nouns.wire import Json, Reply, compact

RETRY_AFTER = 5  # seconds
ZONE = timezone(timedelta(hours=8))  # of times, which are written without it
# What the request itself is to blame for.
CLIENTS_FAULTS = ("CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER", "INPUT_FETCH_FAILED")


def write_error(error: RelayError, trace_id: str) -> Reply:
    row = ERRORS.get(error.code, OTHER)
    said = row.message or error.tell(LANGUAGE)
    status = error.status if isinstance(error, TooLarge) else row.status
    return Reply.json(write_error_object(row._replace(status=status), said, error.field), status, error.headers)


def write_accepted(told: Told[Record]) -> Reply:
    return Reply.json(_accepted(told.found))


def write_unfinished(told: Told[Record]) -> Reply:
    """What a client gets that waited longer than a request may take: an error would be sent again, and paid again."""
    return Reply.json(_accepted(told.found), 202, {"retry-after": str(RETRY_AFTER)})


def write_status(told: Told[Record]) -> Reply:
    return Reply.json(write_task(told.found))


def write_completion(told: Told[Record]) -> Reply:
    """What a client gets that waited for the end."""
    task = told.found.task
    if task.state is not State.SUCCEEDED:
        theirs = _fault_code(task) in CLIENTS_FAULTS
        row = Row(400, REQUEST) if theirs else Row(500, SERVER)
        return Reply.json(write_error_object(row, write_reason(task), None), row.status)
    answer = {"role": "assistant", "content": write_content(told.found)}
    return Reply.json(
        {
            "id": f"chatcmpl-{task.task_id}",
            "object": "chat.completion",
            "created": (task.completed_at or task.created_at) // 1000,
            "model": "sora",
            "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}],
        }
    )


def write_task(record: Record) -> dict[str, Json]:
    task, draft, _ = record
    failed = WORDS[task.status] == "failed"
    return {
        "task_id": task.task_id,
        "status": WORDS[task.status],
        "progress": task.progress,
        "model": _name(draft),
        "prompt": draft.prompt,
        "result_urls": _results(record) if task.state is State.SUCCEEDED else None,
        "error_message": write_reason(task) if failed else None,
        "created_at": _time(task.created_at),
        "completed_at": _time(task.completed_at) if task.completed_at else None,
    }


def _accepted(record: Record) -> dict[str, Json]:
    task, draft, _ = record
    message = f"Task created. Ask {TASKS}/{task.task_id} for it."
    seconds = sum(shot.seconds for shot in read_shots(draft.prompt)) if _is_storyboard(draft) else draft.duration
    if draft.duration and seconds != draft.duration:
        message += f" The shots last {seconds:g} s and the film {draft.duration} s."
    return {"task_id": task.task_id, "task_type": task.kind, "status": WORDS[task.status], "message": message}


def _is_storyboard(draft: Draft) -> bool:
    return draft.action == "storyboard" and is_storyboard(draft.prompt)


def _results(record: Record) -> Json:
    """The files' addresses; of a character the card that says who it is."""
    if record.task.kind is Kind.CHARACTER:
        return record.facts.get("character")
    return [asset.url for asset in record.task.results]


def write_content(record: Record) -> str:
    """What was made, as chat completions say it in a text."""
    if record.task.kind is Kind.CHARACTER:
        card = as_object(_results(record))
        told = compact({"event": "character_card", "card": card}).decode()
        return f"{told}\nCreated, character @{card.get('username', '')}"
    urls = [asset.url for asset in record.task.results]
    if record.task.kind is Kind.IMAGE:
        return "\n".join(f"![Generated Image]({url})" for url in urls)
    return "\n".join(f"```html\n<video src='{url}' controls></video>\n```" for url in urls)


def _name(draft: Draft) -> str:
    """The model as the wire names it."""
    return NAMES.get((draft.model, draft.ratio or draft.size or "", draft.duration or 0), draft.model)


def _fault_code(task: Task) -> str:
    return (task.fault or FAULTS[task.state]).code


def write_reason(task: Task) -> str:
    said = sentence(_fault_code(task), LANGUAGE)
    return f"{TIMEOUTS[0]}: {said}" if task.state is State.TIMEOUT else said


def write_error_object(row: Row, message: str, field: str | None) -> Json:
    return {"error": {"message": message, "type": row.type, "param": field, "code": None}}


def _time(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, ZONE).replace(tzinfo=None).isoformat()
