"""Reading requests of OpenAI's videos API: JSON or a form, with files inside it or named by an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import AS_TEXT, MAX_TEXT, Body, Media, read_body, read_json
from relay.families.forms import as_data_uri, is_form, read_form
from relay.families.newapi.videos.words import CHARACTERS_PLATFORM, PLATFORM, VARIANTS, Size
from relay.families.newapi.words import FAMILY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent, media_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.listing import Listing
from relay.nouns.wire import Inbound

MAX_PAGE = 100
Document = Mapping[str, object]


Prompt = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Seconds = Annotated[str, AS_TEXT, Field(pattern="^[1-9][0-9]?$")]


class _Create(Body):
    prompt: Prompt
    model: str | None = None
    seconds: Seconds = "4"
    size: Size = "720x1280"
    input_reference: Media | None = None


class _Follow(Body):
    prompt: Prompt
    video: Media | None = None


class _Extend(_Follow):
    seconds: Seconds


class _Character(Body):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    video: Media


def read_document(inbound: Inbound) -> dict[str, object]:
    """The fields of a request. In a form a file becomes a data URI, and `video[id]` a field of an object."""
    if not is_form(inbound):
        return read_json(inbound)
    form, nested = read_form(inbound), dict[str, dict[str, object]]()
    for name, value in form.document.items():
        outer, bracket, inner = name.partition("[")
        if bracket:
            nested.setdefault(outer, {})[inner.removesuffix("]")] = value
    plain = {name: value for name, value in form.document.items() if "[" not in name}
    for name, files in form.files.items():
        if len(files) > 1 or name in nested or name in plain:
            raise InvalidParameter(name, "must be one file", "只能是一个文件")
    return {**plain, **nested, **{name: as_data_uri(files[0]) for name, files in form.files.items()}}


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    document = read_document(inbound)
    reference = document.get("input_reference")
    if isinstance(reference, dict):
        document["input_reference"] = _of_object("input_reference", reference, "image_url")
    body = read_body(_Create, document)
    _refuse_blank(body.prompt)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model=catalog.offer(FAMILY, PLATFORM, Kind.VIDEO).model(body.model).name,
        prompt=body.prompt,
        action="image2video" if body.input_reference else "text2video",
        size=body.size,
        duration=int(body.seconds),
        media=media_of(MediaRole.IMAGE, "input_reference", body.input_reference),
        fields={"duration": "seconds", "image": "input_reference"},
    )


def read_remix(inbound: Inbound, catalog: Catalog) -> Draft:
    document = read_document(inbound) | {"video": None}
    return _follow("remix", read_body(_Follow, document), Parent(inbound.params["video_id"], field="video_id"), catalog)


def read_edit(inbound: Inbound, catalog: Catalog) -> Draft:
    document, parent = _read_video(inbound)
    return _follow("edit", read_body(_Follow, document), parent, catalog)


def read_extend(inbound: Inbound, catalog: Catalog) -> Draft:
    document, parent = _read_video(inbound)
    body = read_body(_Extend, document)
    return _follow("extend", body, parent, catalog, int(body.seconds))


def _follow(action: str, body: _Follow, parent: Parent | None, catalog: Catalog, seconds: int | None = None) -> Draft:
    """What goes on from a video. One of ours is continued as it was made; a film that was sent, by the usual model."""
    _refuse_blank(body.prompt)
    offer = catalog.offer(FAMILY, PLATFORM, Kind.VIDEO)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model="" if parent else offer.model(None).name,
        prompt=body.prompt,
        action=action,
        duration=seconds,
        media=media_of(MediaRole.VIDEO, "video", body.video),
        parent=parent,
        fields={"duration": "seconds", "action": "video"},
    )


def _read_video(inbound: Inbound) -> tuple[dict[str, object], Parent | None]:
    """The document, and the video of ours that it names in an object. Raises MissingField where it has neither."""
    document = read_document(inbound)
    video = document.get("video")
    if video is None:
        raise MissingField("video")
    if not isinstance(video, dict):
        return document, None
    return document | {"video": None}, Parent(_of_object("video", video, "id"), field="video.id")


def read_character(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Character, read_document(inbound))
    return Draft(
        dialect=FAMILY,
        platform=CHARACTERS_PLATFORM,
        kind=Kind.CHARACTER,
        model=catalog.offer(FAMILY, CHARACTERS_PLATFORM, Kind.CHARACTER).model(None).name,
        media=(Medium(MediaRole.VIDEO, body.video, "video"),),
        options={"title": body.name},
        fields={"title": "name"},
    )


def read_character_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["character_id"], CHARACTERS_PLATFORM)


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["video_id"], PLATFORM)


def variant_of(inbound: Inbound) -> str:
    return inbound.query.get("variant") or "video"


def read_unknown_variant(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    known = ", ".join(VARIANTS)
    raise InvalidParameter("variant", f"must be one of: {known}", f"必须是以下之一：{known}")


class _Page(Body):
    after: str | None = None
    limit: Annotated[int, Field(strict=False, ge=1, le=MAX_PAGE)] = 20
    order: Literal["asc", "desc"] = "desc"


def read_list(inbound: Inbound, catalog: Catalog) -> Listing:
    page = read_body(_Page, inbound.query)
    return Listing(
        limit=page.limit,
        after=page.after,
        platform=PLATFORM,
        oldest_first=page.order == "asc",
        cursor_field="after",
    )


def _of_object(name: str, given: Mapping[str, object], wanted: str) -> str:
    """The one field of an object that we read. Raises InvalidParameter or MissingField."""
    value = given.get(wanted)
    if "file_id" in given and value is None:
        raise InvalidParameter(f"{name}.file_id", "names a file that is not kept here", "对应的文件不存在")
    if value is None:
        raise MissingField(f"{name}.{wanted}")
    if not isinstance(value, str):
        raise InvalidParameter(f"{name}.{wanted}", "must be a text", "必须是字符串")
    return value


def _refuse_blank(prompt: str) -> None:
    if not prompt.strip():
        raise InvalidParameter("prompt", "must not be blank", "不能为空白")
