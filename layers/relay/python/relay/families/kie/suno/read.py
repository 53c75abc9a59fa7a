"""Reading requests of the Suno API: songs, and extensions of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from relay.families.bodies import Url, read_json
from relay.families.kie.replies import CamelBody, Text, draft_of, read_request
from relay.families.kie.suno.words import OPTIONS, PLATFORM
from relay.families.kie.words import FAMILY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, Parent, options_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.songs import MAX_TITLE
from relay.nouns.wire import Inbound

MAX_STYLE, MAX_SECONDS = 1000, 3600
_TRACK = re.compile("([A-Za-z0-9-]{1,100})_([0-9]{1,3})")  # a task of ours, and the number of its song
_FIELDS: Mapping[str, str] = {**OPTIONS, "continue_at": "continueAt", "lyrics": "prompt", "action": "audioId"}

Weight = Annotated[int | float, Field(ge=0, le=1)] | None
Style = Annotated[str, Field(max_length=MAX_STYLE)]
Title = Annotated[str, Field(max_length=MAX_TITLE)]


class _Song(CamelBody):
    model: str
    call_back_url: Url
    prompt: Text = ""
    style: Style = ""
    title: Title = ""
    negative_tags: Style = ""
    vocal_gender: Literal["m", "f"] | None = None
    style_weight: Weight = None
    weirdness_constraint: Weight = None
    audio_weight: Weight = None
    persona_id: str = ""


class _Create(_Song):
    custom_mode: bool
    instrumental: bool


class _Extend(_Song):
    default_param_flag: bool
    audio_id: str
    continue_at: Annotated[int | float, Field(gt=0, le=MAX_SECONDS)] | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Create, _given(inbound))
    sung = body.custom_mode and not body.instrumental
    _require(body, *(("style", "title") if body.custom_mode else ()))
    if sung or not body.custom_mode:
        _require(body, "prompt")
    own = {"style": body.style, "title": body.title} if body.custom_mode else {}
    lyrics = body.prompt if sung else None
    return replace(
        _draft(body, catalog, raw),
        prompt="" if sung else body.prompt,
        options=options_of(instrumental=body.instrumental, lyrics=lyrics, **own, **_more(body)),
    )


def read_extend(inbound: Inbound, catalog: Catalog) -> Draft:
    """Extends a song made here: as that was made, or by words and a style of its own."""
    body, raw = read_request(_Extend, _given(inbound))
    track = _TRACK.fullmatch(body.audio_id)
    if track is None:
        raise InvalidParameter("audioId", "is no track that was made here", "不是在此生成的音轨")
    own = dict[str, object]()
    if body.default_param_flag:
        _require(body, "prompt", "style", "title", "continue_at")
        own = {"lyrics": body.prompt, "style": body.style, "title": body.title, "continue_at": body.continue_at}
    return replace(
        _draft(body, catalog, raw),
        prompt="",
        action="extend",
        options=options_of(**own, **_more(body)),
        parent=Parent(track[1], track[2], field="audioId", ref_field="audioId"),
    )


def _given(inbound: Inbound) -> dict[str, object]:
    """Clients send every field there is: an empty text asks for nothing."""
    return {name: value for name, value in read_json(inbound).items() if value != ""}


def _require(body: _Song, *names: str) -> None:
    for name in names:
        value = getattr(body, name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise MissingField(_FIELDS.get(name, name))


def _more(body: _Song) -> dict[str, object]:
    """What a client may say beside the words, the style and the title."""
    return {
        "negative_prompt": body.negative_tags or None,
        "voice_gender": body.vocal_gender,
        "style_weight": body.style_weight,
        "weirdness": body.weirdness_constraint,
        "audio_weight": body.audio_weight,
    }


def _draft(body: _Song, catalog: Catalog, raw: Mapping[str, object]) -> Draft:
    if body.persona_id:
        raise InvalidParameter("personaId", "is not offered here", "此处不支持")
    model = catalog.offer(FAMILY, PLATFORM, Kind.MUSIC).model(body.model)
    return replace(draft_of(PLATFORM, Kind.MUSIC, model.name, body, raw), fields=_FIELDS)
