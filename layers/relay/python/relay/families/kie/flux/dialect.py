"""KIE's Flux Kontext API as clients speak it to us."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from relay.families.bodies import Media, Url, read_json
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.kie.flux import words
from relay.families.kie.flux.words import OPTIONS, PLATFORM
from relay.families.kie.replies import (
    CamelBody,
    Prompt,
    Ratio,
    date_of,
    draft_of,
    echo,
    failure_of,
    flag_of,
    read_query,
    read_request,
    urls_of,
    write_created,
    write_reply,
)
from relay.families.kie.words import FAMILY
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, media_of, options_of
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound, Json, Reply

FAILED = 501  # the number of a failed generation


class _Create(CamelBody):
    prompt: Prompt
    model: str = words.USUAL_MODEL
    input_image: Media | None = None
    aspect_ratio: Ratio | None = None
    output_format: Literal["png", "jpeg"] | None = None
    prompt_upsampling: bool | None = None
    safety_tolerance: Annotated[int, Field(ge=0, le=6)] | None = None
    enable_translation: bool | None = None
    call_back_url: Url | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Create, read_json(inbound))
    return replace(
        draft_of(PLATFORM, Kind.IMAGE, catalog.offer(FAMILY, PLATFORM, Kind.IMAGE).model(body.model).name, body, raw),
        ratio=body.aspect_ratio,
        media=media_of(MediaRole.IMAGE, "inputImage", body.input_image),
        options=options_of(**{name: raw.get(word) for name, word in OPTIONS.items()}),
        fields={**OPTIONS, "image": "inputImage"},
    )


def write_record(told: Told[Record]) -> Reply:
    task = told.found.task
    code, message = failure_of(task, FAILED)
    record = {
        "taskId": task.task_id,
        "paramJson": echo(told.found.draft),
        "completeTime": date_of(task.completed_at),
        "response": _result(task),
        "successFlag": flag_of(task),
        "errorCode": code or None,
        "errorMessage": message or None,
        "createTime": date_of(task.created_at),
    }
    return write_reply(record)


def write_callback(told: Told[Record]) -> bytes:
    task = told.found.task
    code, message = failure_of(task, FAILED)
    data: dict[str, Json] = {"taskId": task.task_id, "info": _result(task)}
    if not code:
        return write_reply(data, 200, "BFL image generated successfully.").body
    return write_reply(data, 400 if code == 451 else code, message).body


def _result(task: Task) -> dict[str, Json] | None:
    """The picture as it was made is kept for ten minutes by KIE, and not at all here."""
    urls = urls_of(task) if task.state is State.SUCCEEDED else ()
    return {"originImageUrl": None, "resultImageUrl": urls[0]} if urls else None


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", words.CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("GET", words.QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
