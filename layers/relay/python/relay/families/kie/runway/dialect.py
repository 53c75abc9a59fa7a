"""KIE's Runway API as clients speak it to us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from relay.families.bodies import Media, Url, read_json
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.kie.replies import (
    CamelBody,
    Prompt,
    Ratio,
    cover_of,
    date_of,
    draft_of,
    echo,
    failure_of,
    level_of,
    read_query,
    read_request,
    refuse_mark,
    urls_of,
    write_created,
    write_reply,
)
from relay.families.kie.runway import words
from relay.families.kie.runway.words import PLATFORM
from relay.families.kie.words import FAMILY
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.catalog import Catalog, Model
from relay.nouns.draft import Draft, Kind, MediaRole, Parent, media_of
from relay.nouns.task import State
from relay.nouns.wire import Inbound, Json, Reply

FAILED = 500  # the number of a failed generation
_STATES: Mapping[State, str] = {
    State.PENDING: "wait",
    State.QUEUED: "queueing",
    State.PROCESSING: "generating",
    State.SUCCEEDED: "success",
}


class _Extend(CamelBody):
    prompt: Annotated[Prompt, Field(max_length=1800)]
    quality: str
    water_mark: str = ""
    call_back_url: Url | None = None
    task_id: str


class _Create(_Extend):
    task_id: str = ""
    duration: Literal[5, 10]
    aspect_ratio: Ratio | None = None
    image_url: Media | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Create, read_json(inbound))
    return replace(
        draft_of(PLATFORM, Kind.VIDEO, _model(body, catalog).name, body, raw),
        action="image2video" if body.image_url else "text2video",
        ratio=body.aspect_ratio,
        duration=body.duration,
        media=media_of(MediaRole.IMAGE, "imageUrl", body.image_url),
        fields={"image": "imageUrl"},
    )


def read_extend(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Extend, read_json(inbound))
    return replace(
        draft_of(PLATFORM, Kind.VIDEO, _model(body, catalog).name, body, raw),
        action="extend",
        parent=Parent(body.task_id, field="taskId"),
        fields={"action": "taskId"},
    )


def _model(body: _Extend, catalog: Catalog) -> Model:
    refuse_mark("waterMark", body.water_mark)
    offer = catalog.offer(FAMILY, PLATFORM, Kind.VIDEO)
    return level_of(offer, offer.default, body.quality, words.USUAL_QUALITY, "quality")


def write_record(told: Told[Record]) -> Reply:
    task, draft, _ = told.found
    code, message = failure_of(task, FAILED)
    video: Json = None
    if task.state is State.SUCCEEDED:
        video = {**_video(told.found), "taskId": task.task_id}
    record = {
        "taskId": task.task_id,
        "parentTaskId": draft.parent.task_id if draft.parent else None,
        "generateParam": echo(draft),
        "state": _STATES.get(task.status, "fail"),
        "generateTime": date_of(task.created_at),
        "videoInfo": video,
        "failCode": code or None,
        "failMsg": message or None,
        "expireFlag": 0,
    }
    return write_reply(record)


def write_callback(told: Told[Record]) -> bytes:
    task = told.found.task
    code, message = failure_of(task, FAILED)
    if code:
        return write_reply({"task_id": task.task_id}, 400 if code < FAILED else FAILED, message).body
    video = _video(told.found)
    made = {"video_id": video["videoId"], "video_url": video["videoUrl"], "image_url": video["imageUrl"]}
    return write_reply({"task_id": task.task_id, **made}, 200, "All generated successfully.").body


def _video(found: Record) -> dict[str, Json]:
    task = found.task
    return {"videoId": task.task_id, "videoUrl": urls_of(task)[0], "imageUrl": cover_of(task)}


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", words.CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("POST", words.EXTEND_PATH, CREATE_RECORD, read_extend, write_created, ended=write_record),
    Route("GET", words.QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
