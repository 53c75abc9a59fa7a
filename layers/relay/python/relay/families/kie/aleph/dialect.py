"""KIE's Runway Aleph API as clients speak it to us."""

from __future__ import annotations

from dataclasses import replace

from relay.families.bodies import Media, Url, read_json
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.kie.aleph import words
from relay.families.kie.aleph.words import OPTIONS, PLATFORM
from relay.families.kie.replies import (
    CamelBody,
    Prompt,
    Ratio,
    cover_of,
    date_of,
    draft_of,
    echo,
    failure_of,
    read_query,
    read_request,
    refuse_mark,
    urls_of,
    write_created,
    write_reply,
)
from relay.families.kie.words import FAMILY
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, media_of, options_of
from relay.nouns.task import State
from relay.nouns.wire import Inbound, Json, Reply

FAILED = 500  # the number of a failed generation


class _Create(CamelBody):
    prompt: Prompt
    video_url: Media
    aspect_ratio: Ratio | None = None
    seed: int | None = None
    reference_image: Media | None = None
    water_mark: str = ""
    upload_cn: bool | None = None
    call_back_url: Url | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Create, read_json(inbound))
    refuse_mark("waterMark", body.water_mark)
    references = media_of(MediaRole.REFERENCE, "referenceImage", body.reference_image)
    return replace(
        draft_of(PLATFORM, Kind.VIDEO, catalog.offer(FAMILY, PLATFORM, Kind.VIDEO).model(None).name, body, raw),
        action="edit",
        ratio=body.aspect_ratio,
        media=media_of(MediaRole.VIDEO, "videoUrl", body.video_url) + references,
        options=options_of(seed=body.seed, upload_cn=body.upload_cn),
        fields={**OPTIONS, "video": "videoUrl"},
    )


def write_record(told: Told[Record]) -> Reply:
    """A failure has the flag of what is still running, and an error."""
    task = told.found.task
    code, message = failure_of(task, FAILED)
    done = task.state is State.SUCCEEDED
    made: Json = (
        {"taskId": task.task_id, "resultVideoUrl": urls_of(task)[0], "resultImageUrl": cover_of(task)} if done else None
    )
    record = {
        "taskId": task.task_id,
        "paramJson": echo(told.found.draft),
        "response": made,
        "completeTime": date_of(task.completed_at),
        "createTime": date_of(task.created_at),
        "successFlag": int(done),
        "errorCode": code,
        "errorMessage": message,
    }
    return write_reply(record)


def write_callback(told: Told[Record]) -> bytes:
    """The task's id stands beside `data` here."""
    task = told.found.task
    code, message = failure_of(task, FAILED)
    head: dict[str, Json] = {"code": 400 if code else 200, "msg": message or "success"}
    made: Json = None if code else {"result_video_url": urls_of(task)[0], "result_image_url": cover_of(task)}
    return Reply.json({**head, "taskId": task.task_id, "data": made}).body


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", words.CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("GET", words.QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
