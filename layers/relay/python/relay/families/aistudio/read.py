"""Reading the family's requests: creations, task queries and statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from relay.families.aistudio.words import PLATFORMS, SEGMENTS
from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Media, Reference, Url, read_body, read_json
from relay.families.forms import MAX_FILENAME, clean_name, read_file
from relay.nouns.account import FilePart, FormRequest, Statement
from relay.nouns.catalog import Catalog, Model, Offer
from relay.nouns.draft import Callback, ClientRef, Draft, Kind, MediaRole, Parent, media_of, options_of
from relay.nouns.errors import InvalidParameter, MissingField, NotFound
from relay.nouns.wire import Inbound

FAMILY = "aistudio"
SIDES = range(64, 4096 + 1)  # pixels of a size such as 1024x1024


def _not_blank(value: str, info: ValidationInfo) -> str:
    if not value.strip():
        raise InvalidParameter(str(info.field_name), "must not be blank", "不能为空白")
    return value


def _ascii(value: str, info: ValidationInfo) -> str:
    if not value.isascii():
        raise InvalidParameter(str(info.field_name), "must be percent-encoded", "必须使用百分号编码")
    return value


def _size(value: str, info: ValidationInfo) -> str:
    pixels = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", value)
    good = all(int(side) in SIDES for side in pixels.groups()) if pixels else None
    if not (good if pixels else re.fullmatch(r"[1-9][0-9]?:[1-9][0-9]?", value)):
        raise InvalidParameter(
            str(info.field_name),
            f"must be like 1024x1024, sides {SIDES[0]} to {SIDES[-1]}, or a ratio like 1:1",
            f"格式应为 1024x1024（边长 {SIDES[0]} 至 {SIDES[-1]}）或 1:1",
        )
    return value


def read_day(value: object, info: ValidationInfo) -> date:
    # years 2000 to 2999: date arithmetic of a day more or less must not overflow
    if isinstance(value, str) and re.fullmatch(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise InvalidParameter(str(info.field_name), "must be a date, YYYY-MM-DD", "必须是 YYYY-MM-DD 格式的日期")


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
TaskId = Annotated[str, Field(min_length=1, max_length=200)]


class _Creation(Body):
    prompt: Annotated[Text, AfterValidator(_not_blank)]
    model: str | None = None
    callback_url: Annotated[Url, AfterValidator(_ascii)] | None = None
    client_ref: Reference | None = None

    def fill(self, draft: Draft, offer: Offer, model: Model) -> Draft:
        raise NotImplementedError


class _Image(_Creation):
    size: Annotated[str, AfterValidator(_size)] | None = None
    count: Annotated[int, Field(ge=1, le=10)] = 1

    def fill(self, draft: Draft, offer: Offer, model: Model) -> Draft:
        return replace(draft, size=self.size, count=self.count)


class _Video(_Creation):
    action: str
    duration: Annotated[int, Field(ge=1, le=60)] | None = None
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"
    image_url: Media | None = None
    task_id: TaskId | None = None
    video_url: Url | None = None

    def fill(self, draft: Draft, offer: Offer, model: Model) -> Draft:
        if self.action not in offer.actions:
            known = ", ".join(offer.actions)
            raise InvalidParameter("action", f"must be one of: {known}", f"必须是以下之一：{known}")
        draft = replace(draft, action=self.action, duration=self.duration or model.duration, ratio=self.aspect_ratio)
        # the action decides which media counts: a client's leftover image must not change what text2video makes
        if self.action == "image2video":
            if self.image_url is None:
                raise MissingField("image_url", " for image2video", "（image2video）")
            return replace(draft, media=media_of(MediaRole.IMAGE, "image_url", self.image_url))
        if self.action == "extend":
            if self.task_id is not None:
                return replace(draft, parent=Parent(self.task_id))
            if self.video_url is None:
                raise MissingField("task_id", " for extend, or video_url", "（extend，或 video_url）")
            return replace(draft, media=media_of(MediaRole.VIDEO, "video_url", self.video_url))
        return draft


class _Music(_Creation):
    lyrics: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    style: Annotated[str, Field(max_length=1000)] | None = None

    def fill(self, draft: Draft, offer: Offer, model: Model) -> Draft:
        return replace(draft, options=options_of(lyrics=self.lyrics, style=self.style))


class _Query(Body):
    task_id: TaskId


class _Statement(Body):
    start_date: Annotated[date, BeforeValidator(read_day)] | None = None
    end_date: Annotated[date, BeforeValidator(read_day)] | None = None
    platform: str | None = None
    # a bound, so that nobody sends the store counting through numbers no ledger has
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 20


class _Presign(Body):
    filename: Annotated[str, Field(min_length=1, max_length=MAX_FILENAME)]
    content_type: str
    size: Annotated[int, Field(ge=1)]


_BODIES: Mapping[Kind, type[_Creation]] = {Kind.IMAGE: _Image, Kind.VIDEO: _Video, Kind.MUSIC: _Music}


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    platform, kind = inbound.params.get("platform", ""), SEGMENTS.get(inbound.path.rpartition("/")[2])
    if kind is None:
        raise NotFound
    offer = catalog.offer(FAMILY, platform, kind)
    body = read_body(_BODIES[kind], read_json(inbound))
    model = offer.model(body.model)
    draft = Draft(
        dialect=FAMILY,
        platform=platform,
        kind=kind,
        model=model.name,
        prompt=body.prompt,
        callback=Callback(body.callback_url) if body.callback_url else None,
        client_ref=ClientRef(body.client_ref) if body.client_ref else None,
    )
    return body.fill(draft, offer, model)


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    platform = inbound.params.get("platform", "")
    if platform not in PLATFORMS:
        raise NotFound(f"no platform named {platform[:40]!r}", "平台不存在")
    return TaskQuery(read_body(_Query, read_json(inbound)).task_id, platform)


def read_consumption(inbound: Inbound, catalog: Catalog) -> Statement:
    body = read_body(_Statement, read_json(inbound))
    read_platform(body.platform)
    if body.start_date and body.end_date and body.start_date > body.end_date:
        raise InvalidParameter("end_date", "must not be before start_date", "不能早于 start_date")
    return Statement(body.start_date, body.end_date, body.platform, body.page, body.page_size)


def read_platform(name: str | None) -> str | None:
    """The platform a body names, which need not name one."""
    if name is not None and name not in PLATFORMS:
        known = ", ".join(sorted(PLATFORMS))
        raise InvalidParameter("platform", f"must be one of: {known}", f"必须是以下之一：{known}")
    return name


def read_presign(inbound: Inbound, catalog: Catalog) -> FormRequest:
    body = read_body(_Presign, read_json(inbound))
    return FormRequest(clean_name(body.filename), body.content_type, body.size)


def read_upload(inbound: Inbound, catalog: Catalog) -> FilePart:
    return read_file(inbound)
