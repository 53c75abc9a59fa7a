"""Writing what Midjourney's clients read: answers to submissions, task objects, and errors in both their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relay.families.dialect import Told
from relay.families.newapi.midjourney.words import (
    ACCEPTED,
    ACTS,
    BANNED,
    EXISTS,
    FAILURE,
    FULL,
    HOME,
    IMAGE,
    INVALID,
    NOT_FOUND,
    SATURATED,
    WORDS,
)
from relay.families.newapi.words import LANGUAGE
from relay.families.uses import Record
from relay.nouns.account import Upload
from relay.nouns.draft import Kind
from relay.nouns.errors import BadInput, RelayError, TaskNotFound, TooManyInFlight
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS, TERMINAL, State, Task
from relay.nouns.wire import Json, Reply, compact

# Protocol facts, canonical error codes: an error as this API says it, by our code; the rest is FAILURE.
CODES: Mapping[str, int] = {
    "MISSING_REQUIRED_FIELD": INVALID,
    "INVALID_PARAMETER": INVALID,
    "API_NOT_IMPLEMENTED": INVALID,
    "INSUFFICIENT_BALANCE": INVALID,
    "UNAUTHORIZED": INVALID,
    "INVALID_TOKEN": INVALID,
    "FORBIDDEN": INVALID,
    "ACCOUNT_FROZEN": INVALID,
    "TASK_NOT_FOUND": INVALID,
    "NOT_FOUND": NOT_FOUND,
    "CONTENT_POLICY_VIOLATION": BANNED,
    "RATE_LIMIT_EXCEEDED": SATURATED,
    "TOO_MANY_REQUESTS": SATURATED,
}
# new-api's own words, which its clients look for; it says them with the status 400.
DESCRIPTIONS: Mapping[str, str] = {"INSUFFICIENT_BALANCE": "quota_not_enough", "TASK_NOT_FOUND": "task_no_found"}


def write_submitted(told: Told[Record]) -> Reply:
    task = told.found.task
    if task.state is State.ASKING:
        return _submitted(EXISTS, "Waiting for window confirm", task.task_id)
    return _submitted(ACCEPTED, "Submit success", task.task_id)


def _submitted(code: int, description: str, result: Json = "") -> Reply:
    return Reply.json({"code": code, "description": description, "result": result, "properties": {}})


def write_task(told: Told[Record]) -> Reply:
    return Reply.json(task_object(told, told.found))


def write_callback(told: Told[Record]) -> bytes:
    return compact(task_object(told, told.found))


def write_tasks(told: Told[Sequence[Record]]) -> Reply:
    return Reply.json([task_object(told, each) for each in told.found])


def write_seed(told: Told[Record]) -> Reply:
    """The seed, which is known of a picture that has been made and whose upstream told it."""
    seed = told.found.facts.get("seed")
    if seed is None:
        return _submitted(NOT_FOUND, "the seed of this task is not known")
    return _submitted(ACCEPTED, "success", str(seed))


def task_object(told: Told[Any], found: Record) -> dict[str, Json]:
    task, draft, facts = found
    act = ACTS.get(draft.action or "imagine")
    begun = task.state not in (State.ASKING, State.PENDING)
    files = [asset.url for asset in task.results] if task.state is State.SUCCEEDED else []
    document = {
        "id": task.task_id,
        "action": act.word if act else draft.action.upper(),
        "customId": draft.parent.upstream_ref if draft.parent else "",
        "botType": draft.options.get("bot_type", "MID_JOURNEY"),
        "prompt": draft.prompt,
        "promptEn": facts.get("prompt_en") or draft.prompt,
        "description": WORDS[task.state],
        "state": draft.raw.get("state", ""),
        "submitTime": task.created_at,
        "startTime": task.charged_at if begun else 0,
        "finishTime": task.completed_at or 0,
        "imageUrl": _image_url(told, task) or files[0] if files else _preview(found),
        "status": WORDS[task.state],
        "progress": f"{int(task.progress)}%",
        "failReason": _reason(task),
        "buttons": [_button(each) for each in facts.get("buttons", [])],
        "properties": {"finalPrompt": facts.get("text", ""), "finalZhPrompt": "", **_banned(facts)},
    }
    films = {"videoUrl": files[0] if files else "", "videoUrls": [{"url": url} for url in files]}
    seed = {"seed": facts["seed"]} if "seed" in facts else {}
    return document | seed | (films if task.kind is Kind.VIDEO else {})


def _preview(found: Record) -> str:
    return str(found.facts.get("preview", "")) if found.task.state in (State.QUEUED, State.PROCESSING) else ""


def _banned(facts: Mapping[str, Json]) -> dict[str, Json]:
    return {"bannedWord": facts["banned_word"]} if "banned_word" in facts else {}


def _image_url(told: Told[Any], task: Task) -> str:
    """A link that works as long as the picture is kept: clients store it."""
    reference = told.refer(task)
    return f"{told.base_url}{HOME}{IMAGE}/{reference}" if reference else ""


def write_image(told: Told[Task]) -> Reply:
    files = told.found.results if told.found.state is State.SUCCEEDED else ()
    if not files:
        raise TaskNotFound
    return Reply.see(files[0].url, {"cache-control": "private, no-store"})  # the link in it ends


def write_uploads(told: Told[Sequence[Upload]]) -> Reply:
    return _submitted(ACCEPTED, "success", [each.url for each in told.found])


def _button(said: Mapping[str, Json]) -> dict[str, Json]:
    shown = {name: said.get(name, "") for name in ("emoji", "label")}
    return {"customId": said.get("ref", ""), **shown, "type": said.get("type", 2), "style": said.get("style", 2)}


def _reason(task: Task) -> str:
    if task.state not in TERMINAL - {State.SUCCEEDED}:
        return ""
    return sentence((task.fault or FAULTS[task.state]).code, LANGUAGE)


def write_refusal(error: RelayError, trace_id: str) -> Reply:
    """A submission that is refused is answered with 200 and a code, as the proxy answers it; what stops a request
    before it is judged, as new-api's own failures."""
    if isinstance(error, TooManyInFlight):
        return _refused(FULL, error)
    if isinstance(error, BadInput):
        return _refused(CODES.get(error.code, INVALID), error)
    return write_error(error, trace_id)


def _refused(code: int, error: RelayError) -> Reply:
    said = _submitted(code, error.tell(LANGUAGE))
    return Reply(said.status, said.body, said.content_type, error.headers)


def write_error(error: RelayError, trace_id: str) -> Reply:
    """What is asked of a task and cannot be told, and new-api's own failures."""
    code = CODES.get(error.code, FAILURE)
    status = 400 if error.code in DESCRIPTIONS else error.status
    told = {
        "description": DESCRIPTIONS.get(error.code, error.tell(LANGUAGE)),
        "type": "upstream_error",
        "code": code,
    }
    return Reply.json(told, status, error.headers)
