"""Reading what Midjourney's clients ask to go on from: by a button, by a number, or by an answer to a window."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from relay.families.asked import Completion, TaskQuery
from relay.families.bodies import MAX_TEXT, Media, read_body
from relay.families.newapi.midjourney.read import Base, callback_of, document_of, echoed, new_draft, task_id_of
from relay.families.newapi.midjourney.words import ASKING, CHANGES, PLATFORM, REMIXED, SHORT_ACTIONS, read_button
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, MediaRole, Parent, media_of, options_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Inbound

FILMS = 4  # of an animation that is asked for by a button
_CONTENT = re.compile(r"(\S+)\s+([UV][1-4]|R)", re.IGNORECASE)

TaskId = Annotated[str, Field(min_length=1)]


class _Action(Base):
    taskId: TaskId  # noqa: N815 - the wire's name, as all below
    customId: Annotated[str, Field(min_length=1, max_length=500)]  # noqa: N815
    enableRemix: bool = False  # noqa: N815
    strong: bool | None = None


class _Change(Base):
    taskId: TaskId  # noqa: N815
    action: Literal["UPSCALE", "VARIATION", "REROLL"]
    index: int | None = None


class _SimpleChange(Base):
    content: Annotated[str, Field(min_length=1, max_length=200)]


class _Modal(Base):
    taskId: TaskId  # noqa: N815
    prompt: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    maskBase64: Media | None = None  # noqa: N815


def read_action(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Action, document_of(inbound))
    found = read_button(body.customId)
    if found is None:
        raise InvalidParameter("customId", "is no button that can be used here", "不是可用的按钮")
    action, _ = found
    return new_draft(
        inbound,
        catalog,
        body,
        action,
        count=FILMS if action == "animate" else 1,
        options=options_of(remix=body.enableRemix or None, strong=body.strong),
        parent=Parent(task_id_of(body.taskId, "taskId"), body.customId, "taskId", "customId"),
        asks=action in ASKING or (body.enableRemix and action in REMIXED),
    )


def read_change(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_Change, document_of(inbound))
    letter = CHANGES[body.action]
    if body.action != "REROLL":
        if body.index is None:
            raise MissingField("index")
        if not 1 <= body.index <= 4:
            raise InvalidParameter("index", "must be 1 to 4", "必须为 1 到 4")
        letter += str(body.index)
    return _changed(inbound, catalog, body, Parent(task_id_of(body.taskId, "taskId"), letter, "taskId", "index"))


def read_simple_change(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_body(_SimpleChange, document_of(inbound))
    found = _CONTENT.fullmatch(body.content.strip())
    if found is None:
        raise InvalidParameter("content", "must be a task's id and U1 to U4, V1 to V4 or R", "格式应为：任务ID U1")
    parent = Parent(task_id_of(found[1], "content"), found[2].upper(), "content", "content")
    return _changed(inbound, catalog, body, parent)


def _changed(inbound: Inbound, catalog: Catalog, body: Base, parent: Parent) -> Draft:
    """What is asked for by a button's short name, which is the parent's to know."""
    return new_draft(inbound, catalog, body, SHORT_ACTIONS[parent.ref[0]], parent=parent)


def extended(draft: Draft, task_id: str | None, index: int | None) -> Draft:
    """The draft of a film that goes on from one of another job; the wire counts them from 0."""
    if not task_id:
        raise MissingField("taskId")
    if index is None:
        raise MissingField("index")
    return replace(draft, parent=Parent(task_id_of(task_id, "taskId"), str(index + 1), "taskId", "index"))


def read_modal(inbound: Inbound, catalog: Catalog) -> Completion:
    """The rest of a request that waits for it."""
    document = document_of(inbound)
    if "task_id" in document:  # one document spells it so
        document.setdefault("taskId", document["task_id"])
    body = read_body(_Modal, document)

    def complete(asked: Draft) -> Draft:
        masked = media_of(MediaRole.MASK, "maskBase64", body.maskBase64)
        if asked.action == "inpaint" and not masked:
            raise MissingField("maskBase64", " to repaint a part of a picture", "局部重绘必填")
        if masked and asked.action != "inpaint":
            raise InvalidParameter("maskBase64", "is taken to repaint a part of a picture only", "仅用于局部重绘")
        return replace(
            asked,
            prompt=body.prompt,
            media=masked,
            callback=callback_of(body) or asked.callback,
            raw={**asked.raw, **echoed(body)},
        )

    return Completion(TaskQuery(body.taskId, PLATFORM), complete, "taskId")
