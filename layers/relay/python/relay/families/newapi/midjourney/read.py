"""Reading what Midjourney's clients send."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Url, read_body, read_json
from relay.families.newapi.midjourney.words import (
    ACTS,
    MODES,
    PLATFORM,
)
from relay.families.newapi.words import FAMILY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, options_of
from relay.nouns.errors import InvalidParameter, TaskNotFound
from relay.nouns.listing import TaskIds
from relay.nouns.wire import Inbound

MAX_STATE = 255
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")  # what cannot be an id of ours is not looked up

_FIELDS = {
    **{"mode": "accountFilter", "bot_type": "botType", "remix": "enableRemix"},
    **{"ratio": "dimensions", "resolution": "videoType", "count": "batchSize"},
}
MAX_IDS = 100

Prompt = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Filter(Body):
    modes: list[Literal["RELAX", "FAST", "TURBO"]] = Field(default_factory=list)


class Base(Body):
    """What every submission may say beside what it is about."""

    state: Annotated[str, Field(max_length=MAX_STATE)] = ""
    notifyHook: Url | None = None  # noqa: N815 - the wire's name
    accountFilter: Filter | None = None  # noqa: N815
    botType: Literal["MID_JOURNEY", "NIJI_JOURNEY"] | None = None  # noqa: N815


class _Many(Body):
    ids: list[str]


def read_fetch(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    if not _TASK_ID.fullmatch(inbound.params["task_id"]):
        raise TaskNotFound
    return TaskQuery(inbound.params["task_id"], PLATFORM)


def read_many(inbound: Inbound, catalog: Catalog) -> TaskIds:
    """What cannot be an id of a task here is left out, as are other accounts' tasks."""
    body = read_body(_Many, read_json(inbound))
    if len(body.ids) > MAX_IDS:
        raise InvalidParameter("ids", f"takes at most {MAX_IDS}", f"最多 {MAX_IDS} 个")
    return TaskIds([each for each in body.ids if _TASK_ID.fullmatch(each)], PLATFORM)


def read_image(inbound: Inbound, catalog: Catalog) -> str:
    return inbound.params["image"]


def new_draft(inbound: Inbound, catalog: Catalog, body: Base, action: str, **asked: Any) -> Draft:  # noqa: ANN401 - Draft's
    """What all submissions say alike, with what this one asks for. Raises BadInput."""
    act = ACTS[action]
    options = options_of(mode=_mode(inbound, body), bot_type=body.botType) | asked.pop("options", {})
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=act.kind,
        model=catalog.offer(FAMILY, PLATFORM, act.kind).model(act.model).name,
        action=action,
        options=options,
        callback=callback_of(body),
        raw=echoed(body),
        fields=_FIELDS,
        **asked,
    )


def document_of(inbound: Inbound) -> dict[str, object]:
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


def callback_of(body: Base) -> Callback | None:
    return Callback(body.notifyHook, "notifyHook", moves=True) if body.notifyHook else None


def echoed(body: Base) -> dict[str, object]:
    return {"state": body.state} if body.state else {}
