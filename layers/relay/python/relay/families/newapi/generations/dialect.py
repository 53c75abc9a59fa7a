"""The route for videos of any vendor as clients speak it to us."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Picture, read_body, read_json, refuse_fields
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.newapi.generations.words import METADATA, PATH, PLATFORM, RATIO
from relay.families.newapi.tasks import write_enveloped, write_task_error, write_task_object
from relay.families.newapi.videos.write import write_video
from relay.families.newapi.words import FAMILY
from relay.families.uses import CREATE_RECORD, RECORD, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, media_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.task import State
from relay.nouns.wire import Inbound, Json, Reply

_PIXELS = re.compile(r"[1-9][0-9]{1,3}x[1-9][0-9]{1,3}")
_SHAPE = re.compile(r"[1-9][0-9]?:[1-9][0-9]?")
_BEYOND = 10**18  # no number that an option takes has so many digits
# Fields of the family's other APIs, and what to send instead.
_ELSEWHERE = {
    **dict.fromkeys(("images", "image_url", "input_reference"), "image"),
    **dict.fromkeys(("width", "height"), "size"),
    **{name: f"metadata.{name}" for name in (RATIO, "seed", "negative_prompt")},
    "seconds": "duration",
}


class _Create(Body):
    model: Annotated[str, Field(min_length=1)]
    prompt: Annotated[str, Field(max_length=MAX_TEXT)]
    image: Picture | None = None
    size: str | None = None
    duration: Annotated[int, Field(ge=1, le=60)] | None = None
    metadata: dict[str, object] = Field(default_factory=dict)


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    document = read_json(inbound)
    body = read_body(_Create, document)
    refuse_fields(document, _ELSEWHERE)
    if not body.prompt.strip():
        raise MissingField("prompt")
    if body.size and not _PIXELS.fullmatch(body.size):
        raise InvalidParameter("size", "must be like 1280x720", "格式应为 1280x720")
    options = {name: value for name, value in body.metadata.items() if name != RATIO and value is not None}
    for name, value in options.items():
        _check(name, value)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model=catalog.offer(FAMILY, PLATFORM, Kind.VIDEO).model(body.model).name,
        prompt=body.prompt,
        action="image2video" if body.image else "text2video",
        size=body.size,
        ratio=_ratio(body),
        duration=body.duration,
        media=media_of(MediaRole.IMAGE, "image", body.image),
        options=options,
        fields={"action": "image", "ratio": f"metadata.{RATIO}", **{name: f"metadata.{name}" for name in options}},
    )


def _check(name: str, value: object) -> None:
    """Raises InvalidParameter for what no option of ours is, or is not of that option's type."""
    types = METADATA.get(name)
    if types is None:
        raise InvalidParameter(f"metadata.{name}", "is not a field that is read here", "不是可识别的字段")
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise InvalidParameter(f"metadata.{name}", "is of another type", "类型不正确")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise InvalidParameter(f"metadata.{name}", f"should have at most {MAX_TEXT} characters", "过长")
    if isinstance(value, int | float) and abs(value) >= _BEYOND:
        raise InvalidParameter(f"metadata.{name}", "is out of range", "超出范围")


def _ratio(body: _Create) -> str | None:
    said = body.metadata.get(RATIO)
    if said is None:
        return None
    if not isinstance(said, str) or not _SHAPE.fullmatch(said):
        raise InvalidParameter(f"metadata.{RATIO}", "must be like 16:9", "格式应为 16:9")
    if body.size:
        raise InvalidParameter(f"metadata.{RATIO}", "is not taken together with size", "不能与 size 同时使用")
    return said


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["task_id"], PLATFORM)


def write_task(told: Told[Record]) -> Reply:
    task, draft, _ = told.found
    return write_enveloped(write_task_object(task, draft.action, _made(told.found)))


def _made(record: Record) -> Json:
    """The film in the shape of new-api's documents; nothing before there is one."""
    task = record.task
    if task.state is not State.SUCCEEDED:
        return None
    film = task.results[0]
    return {
        "task_id": task.task_id,
        "status": "succeeded",
        "url": film.url,
        "format": (film.content_type or "video/mp4").rpartition("/")[2],
        "metadata": {"duration": film.duration or record.draft.duration},
        "error": None,
    }


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", PATH, CREATE_RECORD, read_create, write_video, error=write_task_error, ended=write_task),
    Route("GET", f"{PATH}/{{task_id}}", RECORD, read_query, write_task, error=write_task_error),
)
