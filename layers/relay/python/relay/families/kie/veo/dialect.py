"""KIE's Veo API as clients speak it to us."""

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
    date_of,
    draft_of,
    echo,
    failure_of,
    flag_of,
    level_of,
    read_query,
    read_request,
    refuse_mark,
    urls_of,
    write_created,
    write_reply,
)
from relay.families.kie.veo import words
from relay.families.kie.veo.words import FRAMES, MOST_FRAMES, MOST_REFERENCES, PLATFORM, REFERENCES, TEXT
from relay.families.kie.words import FAMILY
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, Parent, media_of, options_of
from relay.nouns.errors import InvalidParameter
from relay.nouns.task import State
from relay.nouns.wire import Inbound, Json, Reply

FAILED = 501  # the number of a failed generation
# How many pictures each way of generating takes, at least and at most, and what they are.
_PICTURES: Mapping[str, tuple[int, int, MediaRole]] = {
    TEXT: (0, 0, MediaRole.IMAGE),
    FRAMES: (1, MOST_FRAMES, MediaRole.IMAGE),
    REFERENCES: (1, MOST_REFERENCES, MediaRole.REFERENCE),
}


class _Create(CamelBody):
    prompt: Prompt
    model: str = words.USUAL_MODEL
    image_urls: Annotated[list[Media], Field(default_factory=list)]
    generation_type: Literal["TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"] | None = None
    aspect_ratio: Annotated[Literal["16:9", "9:16", "Auto"] | None, Field(alias="aspect_ratio")] = None
    resolution: str = words.USUAL_RESOLUTION
    duration: Literal[4, 6, 8] | None = None
    watermark: str = ""
    enable_translation: bool | None = None
    call_back_url: Url | None = None


class _Extend(CamelBody):
    task_id: str
    prompt: Prompt
    seeds: Annotated[int, Field(ge=10_000, le=99_999)] | None = None
    model: Literal["fast", "quality", "lite"] | None = None
    watermark: str = ""
    call_back_url: Url | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Create, read_json(inbound))
    refuse_mark("watermark", body.watermark)
    usual = FRAMES if len(body.image_urls) <= MOST_FRAMES else REFERENCES
    way = body.generation_type or (usual if body.image_urls else TEXT)
    fewest, most, role = _PICTURES[way]
    if not fewest <= len(body.image_urls) <= most:
        raise InvalidParameter(
            "imageUrls", f"takes {fewest} to {most} pictures for {way}", f"{way} 需要 {fewest} 至 {most} 张"
        )
    offer = catalog.offer(FAMILY, PLATFORM, Kind.VIDEO)
    model = level_of(offer, body.model, body.resolution, words.USUAL_RESOLUTION, "resolution")
    return replace(
        draft_of(PLATFORM, Kind.VIDEO, model.name, body, raw),
        action="image2video" if body.image_urls else "text2video",
        ratio=None if body.aspect_ratio == "Auto" else body.aspect_ratio,
        duration=body.duration,
        media=media_of(role, "imageUrls", body.image_urls),
        options=options_of(translate_prompt=body.enable_translation),
        fields={**words.OPTIONS, "image": "imageUrls"},
    )


def read_extend(inbound: Inbound, catalog: Catalog) -> Draft:
    """Extends a video made here, with its own model where none is named."""
    body, raw = read_request(_Extend, read_json(inbound))
    refuse_mark("watermark", body.watermark)
    offer = catalog.offer(FAMILY, PLATFORM, Kind.VIDEO)
    return replace(
        draft_of(PLATFORM, Kind.VIDEO, offer.model(words.EXTENDING[body.model]).name if body.model else "", body, raw),
        action="extend",
        options=options_of(seed=body.seeds),
        parent=Parent(body.task_id, field="taskId"),
        fields={"seed": "seeds", "action": "taskId"},
    )


def write_record(told: Told[Record]) -> Reply:
    task = told.found.task
    code, message = failure_of(task, FAILED)
    record = {
        "taskId": task.task_id,
        "paramJson": echo(told.found.draft),
        "completeTime": date_of(task.completed_at),
        "response": {"taskId": task.task_id, **_results(told.found)} if task.state is State.SUCCEEDED else None,
        "successFlag": flag_of(task),
        "errorCode": code or None,
        "errorMessage": message or None,
        "createTime": date_of(task.created_at),
        "fallbackFlag": False,
    }
    return write_reply(record)


def write_callback(told: Told[Record]) -> bytes:
    task = told.found.task
    code, message = failure_of(task, FAILED)
    data = {"taskId": task.task_id, "promptJson": echo(told.found.draft), "fallbackFlag": False}
    if not code:
        done = data | {"info": _results(told.found)}
        return write_reply(done, 200, "Veo3.1 video generated successfully.").body
    # these callbacks know no 451: an input that cannot be had is a failed validation
    return write_reply(data, 422 if code == 451 else code, message).body


def _results(found: Record) -> dict[str, Json]:
    urls = urls_of(found.task)
    resolution = str(found.draft.raw.get("resolution") or words.USUAL_RESOLUTION)
    return {"resultUrls": list(urls), "originUrls": list(urls), "resolution": resolution}


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", words.CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("POST", words.EXTEND_PATH, CREATE_RECORD, read_extend, write_created, ended=write_record),
    Route("GET", words.QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
