"""Reading what Midjourney's clients send."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from relay.families.bodies import MAX_TEXT, Body, Media, Url, read_body, read_json
from relay.families.dialect import Completion, TaskQuery
from relay.families.newapi.midjourney.words import (
    ACTS,
    ASKING,
    MODES,
    PLATFORM,
    REMIXED,
    read_button,
)
from relay.families.newapi.words import FAMILY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, MediaRole, Parent, media_of, options_of
from relay.nouns.errors import InvalidParameter, TaskNotFound
from relay.nouns.wire import Inbound

MAX_STATE = 255
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")  # what cannot be an id of ours is not looked up

Prompt = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class _Filter(Body):
    modes: list[Literal["RELAX", "FAST", "TURBO"]] = Field(default_factory=list)


class Base(Body):
    """What every submission may say beside what it is about."""

    state: Annotated[str, Field(max_length=MAX_STATE)] = ""
    notifyHook: Url | None = None  # noqa: N815 - the wire's name
    accountFilter: _Filter | None = None  # noqa: N815
    botType: Literal["MID_JOURNEY", "NIJI_JOURNEY"] | None = None  # noqa: N815


class _Imagine(Base):
    prompt: Prompt
    base64Array: list[Media] = Field(default_factory=list)  # noqa: N815


class _Action(Base):
    taskId: Annotated[str, Field(min_length=1)]  # noqa: N815
    customId: Annotated[str, Field(min_length=1, max_length=500)]  # noqa: N815
    enableRemix: bool = False  # noqa: N815
    strong: bool | None = None


class _Modal(Base):
    taskId: Annotated[str, Field(min_length=1)]  # noqa: N815
    prompt: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    maskBase64: Media | None = None  # noqa: N815


def read_imagine(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Imagine, _document(inbound))
    if not body.prompt.strip():
        raise InvalidParameter("prompt", "must not be blank", "不能为空白")
    media = media_of(MediaRole.IMAGE, "base64Array", body.base64Array)
    return replace(new_draft(inbound, catalog, body, "imagine"), prompt=body.prompt, media=media)


def read_action(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Action, _document(inbound))
    found = read_button(body.customId)
    if found is None:
        raise InvalidParameter("customId", "is no button that can be used here", "不是可用的按钮")
    action, _ = found
    draft = new_draft(inbound, catalog, body, action)
    return replace(
        draft,
        options={**draft.options, **options_of(remix=body.enableRemix or None, strong=body.strong)},
        parent=Parent(task_id_of(body.taskId, "taskId"), body.customId, "taskId", "customId"),
        asks=action in ASKING or (body.enableRemix and action in REMIXED),
    )


def read_modal(inbound: Inbound, catalog: Catalog) -> Completion:
    """The rest of a request that waits for it."""
    document = _document(inbound)
    if "task_id" in document:  # one document spells it so
        document.setdefault("taskId", document["task_id"])
    body = read_body(_Modal, document)

    def complete(asked: Draft) -> Draft:
        masked = media_of(MediaRole.MASK, "maskBase64", body.maskBase64)
        if asked.action == "inpaint" and not masked:
            raise InvalidParameter("maskBase64", "is required to repaint a part of a picture", "局部重绘必填")
        if masked and asked.action != "inpaint":
            raise InvalidParameter("maskBase64", "is taken to repaint a part of a picture only", "仅用于局部重绘")
        return replace(
            asked,
            prompt=body.prompt,
            media=masked,
            callback=_callback(body) or asked.callback,
            raw={**asked.raw, **_echoed(body)},
        )

    return Completion(TaskQuery(body.taskId, PLATFORM), complete, "taskId")


def read_fetch(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    if not _TASK_ID.fullmatch(inbound.params["task_id"]):
        raise TaskNotFound
    return TaskQuery(inbound.params["task_id"], PLATFORM)


def new_draft(inbound: Inbound, catalog: Catalog, body: Base, action: str) -> Draft:
    """What all submissions say alike. Raises BadInput."""
    act = ACTS[action]
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=act.kind,
        model=catalog.offer(FAMILY, PLATFORM, act.kind).model(act.model).name,
        action=action,
        options=options_of(mode=_mode(inbound, body), bot_type=body.botType),
        callback=_callback(body),
        raw=_echoed(body),
        fields={"mode": "accountFilter", "bot_type": "botType", "remix": "enableRemix", "action": "action"},
    )


def _document(inbound: Inbound) -> dict[str, object]:
    """The request; clients send what they leave open as empty text."""
    return {name: value for name, value in read_json(inbound).items() if value != ""}


def task_id_of(said: str, field: str) -> str:
    """Raises InvalidParameter for what cannot be a task of ours."""
    if not _TASK_ID.fullmatch(said):
        raise InvalidParameter(field, "is not a task of yours on this platform", "不是您在该平台的任务")
    return said


def _mode(inbound: Inbound, body: Base) -> str | None:
    """How fast it is made, which the path and the filter may say; of two words for it one would be dropped."""
    said = _read_mode(inbound)
    modes = {mode.lower() for mode in body.accountFilter.modes} if body.accountFilter else set()
    if len(modes) > 1:
        raise InvalidParameter("accountFilter.modes", "must name one mode", "只能指定一种模式")
    if modes and said and modes != {said}:
        raise InvalidParameter("accountFilter.modes", "contradicts the path", "与路径矛盾")
    return said or next(iter(modes), None)


def _read_mode(inbound: Inbound) -> str | None:
    return next((mode for home, mode in MODES.items() if inbound.path.startswith(f"{home}/")), None)


def _callback(body: Base) -> Callback | None:
    return Callback(body.notifyHook, "notifyHook", moves=True) if body.notifyHook else None


def _echoed(body: Base) -> dict[str, object]:
    return {"state": body.state} if body.state else {}
