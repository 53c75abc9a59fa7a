"""The unified video API as clients speak it to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Media, read_body, read_json, refuse_fields
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.newapi.video.words import (
    COMPONENTS,
    CREATE_PATH,
    FRAMES,
    ORIENTATIONS,
    PLATFORM,
    QUERY_PATH,
    RATIOS,
    RESOLUTIONS,
    WORDS,
    most_images,
)
from relay.families.newapi.words import FAMILY, LANGUAGE, write_openai_error
from relay.families.uses import CREATE, QUERY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, media_of, options_of
from relay.nouns.errors import InvalidParameter, MissingField, TaskNotFound
from relay.nouns.faults import sentence
from relay.nouns.task import FAULTS, TERMINAL, State, Task
from relay.nouns.wire import Inbound, Json, Reply

_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")  # what cannot be an id of ours is not looked up
_PIXELS = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
_ROLES = (MediaRole.FIRST_FRAME, MediaRole.LAST_FRAME)
# Fields of the family's other APIs, and what to send instead.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("image", "image_url", "input_reference", "first_frame", "last_frame"), "images"),
    "seconds": "duration",
}


class _Create(Body):
    model: Annotated[str, Field(min_length=1)]
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    images: list[Media] = Field(default_factory=list)
    orientation: Literal["portrait", "landscape"] | None = None
    duration: Annotated[int, Field(ge=1, le=60)] | None = None
    size: str | None = None
    watermark: bool | None = None
    private: bool | None = None
    aspect_ratio: Literal["16:9", "9:16"] | None = None
    enhance_prompt: bool | None = None
    enable_upsample: bool | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    document = read_json(inbound)
    body = read_body(_Create, document)
    refuse_fields(document, _ELSEWHERE)
    if not body.prompt.strip():
        raise InvalidParameter("prompt", "must not be blank", "不能为空白")
    model = catalog.offer(FAMILY, PLATFORM, Kind.VIDEO).model(body.model)
    pixels = _pixels(body.size)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model=model.name,
        prompt=body.prompt,
        action="image2video" if body.images else "text2video",
        size=pixels,
        ratio=_ratio(body, pixels),
        duration=body.duration,
        media=_media(body),
        options=_options(body),
        fields=_fields(body),
    )


def _media(body: _Create) -> tuple[Medium, ...]:
    most = most_images(body.model)
    if len(body.images) > most:
        raise InvalidParameter("images", f"takes at most {most} for this model", f"该模型最多 {most} 个")
    if body.model.endswith(COMPONENTS):
        return media_of(MediaRole.REFERENCE, "images", body.images)
    if body.model.endswith(FRAMES):
        given = zip(_ROLES, body.images, strict=False)
        return tuple(Medium(role, url, f"images[{number}]") for number, (role, url) in enumerate(given))
    return media_of(MediaRole.IMAGE, "images", body.images)


def _pixels(size: str | None) -> str | None:
    if size is None or size in RESOLUTIONS:
        return None
    if not _PIXELS.fullmatch(size):
        known = ", ".join(RESOLUTIONS)
        raise InvalidParameter("size", f"must be one of: {known}, or like 1280x720", f"必须是 {known} 或如 1280x720")
    return size


def _ratio(body: _Create, pixels: str | None) -> str | None:
    """The shape, which clients may say in three ways that must agree."""
    said = {"aspect_ratio": body.aspect_ratio, "orientation": ORIENTATIONS.get(body.orientation or "")}
    if pixels and (found := _PIXELS.fullmatch(pixels)):
        said["size"] = RATIOS[int(found[1]) < int(found[2])]
    asked = {name: ratio for name, ratio in said.items() if ratio}
    if len(set(asked.values())) > 1:
        first, *others = asked
        raise InvalidParameter(others[-1], f"contradicts {first}", f"与 {first} 矛盾")
    return body.aspect_ratio or (None if pixels else said["orientation"])


def _options(body: _Create) -> dict[str, object]:
    return options_of(
        resolution=RESOLUTIONS.get(body.size or ""),
        # true is the wire's "without one if possible": only false insists on something
        watermark=False if body.watermark is False else None,
        private=body.private,
        enhance_prompt=body.enhance_prompt,
        upsample=body.enable_upsample,
    )


def _fields(body: _Create) -> dict[str, str]:
    """What this client calls what it asked for."""
    shape = "aspect_ratio" if body.aspect_ratio else "orientation"
    return {"ratio": shape, "resolution": "size", "upsample": "enable_upsample", "action": "images"}


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    task_id = inbound.query.get("id")
    if not task_id:
        raise MissingField("id")
    if not _TASK_ID.fullmatch(task_id):
        raise TaskNotFound
    return TaskQuery(task_id, PLATFORM)


def write_created(told: Told[Task]) -> Reply:
    return Reply.json(_stand(told.found))


def write_status(told: Told[Task]) -> Reply:
    task = told.found
    done, failed = task.state is State.SUCCEEDED, task.state in TERMINAL - {State.SUCCEEDED}
    fault = task.fault or FAULTS[task.state] if failed else None
    document = {
        **_stand(task),
        "video_url": task.results[0].url if done else None,
        "progress": int(task.progress),
        "error": sentence(fault.code, LANGUAGE) if fault else None,
    }
    return Reply.json(document)


def _stand(task: Task) -> dict[str, Json]:
    return {
        "id": task.task_id,
        "status": WORDS[task.status],
        "status_update_time": task.completed_at or task.created_at,
        "enhanced_prompt": "",
    }


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", CREATE_PATH, CREATE, read_create, write_created, error=write_openai_error, ended=write_status),
    Route("GET", QUERY_PATH, QUERY, read_query, write_status, error=write_openai_error),
)
