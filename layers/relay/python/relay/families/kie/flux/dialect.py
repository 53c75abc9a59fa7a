"""KIE's Flux Kontext API as clients speak it to us."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from relay.families.bodies import Media, Url, read_body, read_json
from relay.families.dialect import CREATE, RECORD, AnyRoute, Record, Route, Told
from relay.families.kie.flux import words
from relay.families.kie.flux.words import OPTIONS, PLATFORM
from relay.families.kie.replies import (
    CamelBody,
    Prompt,
    Ratio,
    callback_of,
    code_of,
    date_of,
    echo,
    fault_of,
    flag_of,
    read_query,
    said,
    urls_of,
    words_of,
    write_created,
    write_reply,
)
from relay.families.kie.words import FAMILY
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
    document = read_json(inbound)
    body = read_body(_Create, document)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.IMAGE,
        model=catalog.offer(FAMILY, PLATFORM, Kind.IMAGE).model(body.model).name,
        prompt=body.prompt,
        ratio=body.aspect_ratio,
        media=media_of(MediaRole.IMAGE, "inputImage", body.input_image),
        options=options_of(**{name: document.get(word) for name, word in OPTIONS.items()}),
        callback=callback_of(body.call_back_url),
        raw=said(_Create, document),
        fields={**OPTIONS, "image": "inputImage"},
    )


def write_record(told: Told[Record]) -> Reply:
    task, fault = told.found.task, fault_of(told.found.task)
    record = {
        "taskId": task.task_id,
        "paramJson": echo(told.found.draft),
        "completeTime": date_of(task.completed_at),
        "response": _result(task),
        "successFlag": flag_of(task),
        "errorCode": code_of(fault, FAILED) if fault else None,
        "errorMessage": words_of(fault) if fault else None,
        "createTime": date_of(task.created_at),
    }
    return write_reply(record)


def write_callback(told: Told[Record]) -> bytes:
    task, fault = told.found.task, fault_of(told.found.task)
    data: dict[str, Json] = {"taskId": task.task_id, "info": _result(task)}
    if fault is None:
        return write_reply(data, 200, "BFL image generated successfully.").body
    code = code_of(fault, FAILED)
    return write_reply(data, 400 if code == 451 else code, words_of(fault)).body


def _result(task: Task) -> dict[str, Json] | None:
    """The picture as it was made is kept for ten minutes by KIE, and not at all here."""
    urls = urls_of(task) if task.state is State.SUCCEEDED else ()
    return {"originImageUrl": None, "resultImageUrl": urls[0]} if urls else None


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", words.CREATE_PATH, CREATE, read_create, write_created),
    Route("GET", words.QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
