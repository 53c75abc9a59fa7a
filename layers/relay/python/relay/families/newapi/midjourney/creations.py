"""Reading what Midjourney's clients ask to have made from nothing, or from pictures they bring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from relay.families.bodies import MAX_TEXT, Body, Media, read_body, read_data_uri
from relay.families.newapi.midjourney.follow_ups import extended
from relay.families.newapi.midjourney.read import Base, Prompt, document_of, new_draft
from relay.families.newapi.midjourney.words import DIMENSIONS, VIDEO_TYPES
from relay.nouns.account import FilePart
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, MediaRole, media_of, options_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Inbound

Role = MediaRole


class _Imagine(Base):
    prompt: Prompt
    base64Array: list[Media] = Field(default_factory=list)  # noqa: N815 - the wire's name, as all below


class _Blend(Base):
    base64Array: list[Media]  # noqa: N815
    dimensions: Literal["PORTRAIT", "SQUARE", "LANDSCAPE"] = "SQUARE"


class _Uploads(Body):
    base64Array: Annotated[list[str], Field(min_length=1, max_length=10)]  # noqa: N815


class _Describe(Base):
    base64: Media


class _Shorten(Base):
    prompt: Prompt


class _Image(Base):
    prompt: Prompt
    image: Media


class _Swap(Base):
    sourceBase64: Media  # noqa: N815
    targetBase64: Media  # noqa: N815


class _Video(Base):
    prompt: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    image: Media | None = None
    endImage: Media | None = None  # noqa: N815
    motion: Literal["low", "high"] | None = None
    loop: bool | None = None
    videoType: Literal[480, 720, "480", "720"] | None = None  # noqa: N815
    batchSize: Literal[1, 2, 4] = 4  # noqa: N815
    action: Literal["extend"] | None = None
    index: Annotated[int, Field(ge=0, le=3)] | None = None
    taskId: str | None = None  # noqa: N815


def read_imagine(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Imagine, document_of(inbound))
    media = media_of(Role.IMAGE, "base64Array", body.base64Array)
    return new_draft(inbound, catalog, body, "imagine", prompt=_spoken(body.prompt), media=media)


def read_blend(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Blend, document_of(inbound))
    if not 2 <= len(body.base64Array) <= 5:
        raise InvalidParameter("base64Array", "must be 2 to 5 pictures", "必须为 2 到 5 张图片")
    media = media_of(Role.IMAGE, "base64Array", body.base64Array)
    return new_draft(inbound, catalog, body, "blend", ratio=DIMENSIONS[body.dimensions], media=media)


def read_describe(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Describe, document_of(inbound))
    return new_draft(inbound, catalog, body, "describe", media=media_of(Role.IMAGE, "base64", body.base64))


def read_shorten(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Shorten, document_of(inbound))
    return new_draft(inbound, catalog, body, "shorten", prompt=_spoken(body.prompt))


def read_edits(inbound: Inbound, catalog: Catalog) -> Draft:
    return _read_image(inbound, catalog, "edits")


def read_retexture(inbound: Inbound, catalog: Catalog) -> Draft:
    return _read_image(inbound, catalog, "retexture")


def _read_image(inbound: Inbound, catalog: Catalog, action: str) -> Draft:
    body = read_body(_Image, document_of(inbound))
    media = media_of(Role.IMAGE, "image", body.image)
    return new_draft(inbound, catalog, body, action, prompt=_spoken(body.prompt), media=media)


def read_swap(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Swap, document_of(inbound))
    source = media_of(Role.SOURCE, "sourceBase64", body.sourceBase64)
    target = media_of(Role.TARGET, "targetBase64", body.targetBase64)
    return new_draft(inbound, catalog, body, "swap_face", media=(*source, *target))


def read_video(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Video, document_of(inbound))
    if not body.prompt.strip() and body.image is None and body.action is None:
        raise MissingField("prompt", ", or image", "或 image")
    first = media_of(Role.FIRST_FRAME, "image", body.image)
    last = media_of(Role.LAST_FRAME, "endImage", body.endImage)
    draft = new_draft(
        inbound,
        catalog,
        body,
        body.action or "video",
        prompt=body.prompt,
        media=(*first, *last),
        count=body.batchSize,
        options=options_of(
            motion=body.motion, loop=body.loop, resolution=VIDEO_TYPES[int(body.videoType)] if body.videoType else None
        ),
    )
    return extended(draft, body.taskId, body.index) if body.action else draft


def read_uploads(inbound: Inbound, catalog: Catalog) -> dict[str, FilePart]:
    body = read_body(_Uploads, document_of(inbound))
    given = {f"base64Array[{number}]": uri for number, uri in enumerate(body.base64Array)}
    return {field: FilePart("", read_data_uri(field, uri)) for field, uri in given.items()}


def _spoken(prompt: str) -> str:
    if not prompt.strip():
        raise InvalidParameter("prompt", "must not be blank", "不能为空白")
    return prompt
