"""Reading requests of the Suno API: songs from a description or from lyrics, what goes on from one, and lyrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, read_body, read_json, refuse_fields
from relay.families.newapi.suno.words import ACTIONS, OPTIONS, PLATFORM
from relay.families.newapi.words import FAMILY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, Parent, options_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.listing import TaskIds
from relay.nouns.wire import Inbound

MAX_TAGS, MAX_TITLE, MAX_SECONDS = 1000, 200, 3600
_FIELDS = {**OPTIONS, "action": "continue_clip_id"}
# Fields of other music APIs, and what to send instead.
_ELSEWHERE: Mapping[str, str] = {
    "model": "mv",
    "lyrics": "prompt",
    "style": "tags",
    "instrumental": "make_instrumental",
}
_NOT_TAKEN = ("cover_clip_id", "persona_id")

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Tags = Annotated[str, Field(max_length=MAX_TAGS)]
Id = Annotated[str, Field(max_length=512)]


class _Music(Body):
    """Clients send every field there is: an empty one asks for nothing."""

    prompt: Text = ""
    gpt_description_prompt: Text = ""
    mv: str = ""
    title: Annotated[str, Field(max_length=MAX_TITLE)] = ""
    tags: Tags = ""
    negative_tags: Tags = ""
    make_instrumental: bool | None = None
    continue_clip_id: Id = ""
    continue_at: Annotated[int | float, Field(ge=0, le=MAX_SECONDS)] | None = None
    task_id: Id = ""


class _Lyrics(Body):
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class _Ids(Body):
    ids: Annotated[list[str], Field(max_length=100)]


def read_submit(inbound: Inbound, catalog: Catalog) -> Draft:
    action = inbound.path.rpartition("/")[2].lower()
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise InvalidParameter("action", f"must be one of: {known}", f"必须是以下之一：{known}")
    return (_read_music if ACTIONS[action] is Kind.MUSIC else _read_lyrics)(read_json(inbound), catalog)


def _read_lyrics(document: Mapping[str, object], catalog: Catalog) -> Draft:
    body = read_body(_Lyrics, document)
    if not body.prompt.strip():
        raise InvalidParameter("prompt", "must not be blank", "不能为空白")
    model = catalog.offer(FAMILY, PLATFORM, Kind.TEXT).model(None)
    return Draft(FAMILY, PLATFORM, Kind.TEXT, model.name, body.prompt)


def _read_music(document: Mapping[str, object], catalog: Catalog) -> Draft:
    given = {name: value for name, value in document.items() if not isinstance(value, str) or value.strip()}
    refuse_fields(given, _ELSEWHERE)
    for name in _NOT_TAKEN:
        if name in given:
            raise InvalidParameter(name, "is not offered here", "此处不支持")
    body = read_body(_Music, given)
    _check(body)
    offer, parent = catalog.offer(FAMILY, PLATFORM, Kind.MUSIC), _parent(body)
    model = "" if parent and not body.mv else offer.model(body.mv, "mv").name
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.MUSIC,
        model=model,
        prompt=body.gpt_description_prompt,
        action="extend" if parent else "",
        options=_options(body),
        parent=parent,
        raw={"mv": body.mv or offer.default} if model else {},
        fields={**_FIELDS, "prompt": "gpt_description_prompt"},
    )


def _check(body: _Music) -> None:
    """Raises MissingField or InvalidParameter for fields that do not go together."""
    if body.prompt and body.gpt_description_prompt:
        problem = "cannot go with prompt, which holds the lyrics: send one of them"
        raise InvalidParameter("gpt_description_prompt", problem, "不能与 prompt（歌词）同时使用")
    if body.continue_clip_id and not body.task_id:
        raise MissingField("task_id", " to continue a clip", "（续写）")
    if not body.continue_clip_id and (body.task_id or body.continue_at):
        raise MissingField("continue_clip_id", " to continue a clip", "（续写）")
    enough = body.prompt or body.gpt_description_prompt or body.continue_clip_id
    if not (enough or (body.make_instrumental and body.tags)):
        raise MissingField("prompt", ", or gpt_description_prompt", "或 gpt_description_prompt")


def _parent(body: _Music) -> Parent | None:
    if not body.continue_clip_id:
        return None
    return Parent(body.task_id, body.continue_clip_id, field="task_id", ref_field="continue_clip_id")


def _options(body: _Music) -> dict[str, object]:
    said = {name: getattr(body, field) for name, field in OPTIONS.items()}
    said["continue_at"] = body.continue_at if body.continue_clip_id else None
    return options_of(**{name: None if value == "" else value for name, value in said.items()})


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["task_id"], PLATFORM)


def read_many(inbound: Inbound, catalog: Catalog) -> TaskIds:
    return TaskIds(read_body(_Ids, read_json(inbound)).ids, PLATFORM)
