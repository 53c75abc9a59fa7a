"""Writing the answers of the images API: one document tells how a task stands, with OpenAI's answer in it at last."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from relay.families.dialect import Told
from relay.families.newapi.images.words import GENERATIONS, OBJECT, OTHER_FAULT
from relay.families.newapi.task_documents import as_accepted, ended_at, task_headers, write_failure, write_head
from relay.families.newapi.words import write_openai_error
from relay.families.uses import Record
from relay.nouns.errors import TooLarge
from relay.nouns.task import Asset, State, Task
from relay.nouns.wire import Json, Reply, compact


def write_accepted(told: Told[Task], *, inside: bool = False) -> Reply:
    """The task, which is asked for again at `Location`: 202 until it has ended. `inside`: with the pictures."""
    return as_accepted(write_status(told, inside=inside), told.found)


def write_preferred(told: Told[Task], *, inside: bool = False) -> Reply:
    """The same for a client that prefers it."""
    return as_accepted(write_status(told, inside=inside), told.found, preferred=True)


def write_status(told: Told[Task], *, inside: bool = False) -> Reply:
    if inside and told.found.state is State.SUCCEEDED and any(asset.data is None for asset in told.found.results):
        return _too_large(told)
    return Reply.json(_document(told.found, inside=inside), 200, _headers(told, inside=inside))


def write_made(told: Told[Task], *, inside: bool = False) -> Reply:
    """What a client that waited for the pictures gets: them, or OpenAI's error."""
    if told.found.state is State.SUCCEEDED:
        return write_status(told, inside=inside)
    return write_failure(told.found, OTHER_FAULT)


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
    return task_headers(told, f"{GENERATIONS}/{told.found.task_id}{asked}")


def _document(task: Task, *, inside: bool = False) -> dict[str, Json]:
    done = task.results if task.state is State.SUCCEEDED else ()
    made = {"created": ended_at(task), "data": [_picture(asset, inside=inside) for asset in done]} if done else {}
    return write_head(task, OBJECT, OTHER_FAULT) | made


def _picture(asset: Asset, *, inside: bool) -> dict[str, Json]:
    return {"b64_json": base64.b64encode(asset.data or b"").decode()} if inside else {"url": asset.url}
