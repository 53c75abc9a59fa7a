"""Reading requests to the chat route: the last message says what to make, and the model of which kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from relay.families.bodies import read_body, read_document, read_json
from relay.families.reading import as_object
from relay.families.sora2api.films import Film, film
from relay.families.sora2api.read import Character, CharacterFilm, Create, Transform, character, character_film, draw
from relay.families.sora2api.words import CREATE_CHARACTER, MODELS
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import BadInput, InvalidParameter, MissingField
from relay.nouns.wire import Inbound, Json

MESSAGES = "messages"
_NAMES = frozenset({*MODELS, CREATE_CHARACTER})
_NAMED = re.compile(rb'"model"\s*:\s*"(?:%s)"' % "|".join(_NAMES).encode())
_PARTS: Mapping[str, str] = {"image_url": "image", "video_url": "video"}  # the field that holds the same
_FIELDS = ("image", "video", "remix_target_id", "stream")


class _Said(NamedTuple):
    """What is asked for, in the words of the other paths, and what this client calls those it has no such words for."""

    model: str
    fields: Mapping[str, object]
    names: Mapping[str, str]


def names_model(inbound: Inbound) -> bool:
    """Whether a chat completion is for one of the family's models: the path is other families' as well."""
    if not _NAMED.search(inbound.body):  # most calls are for other models, and are read by their own family
        return False
    try:
        model = read_document(inbound).get("model")
    except BadInput:
        return False
    return isinstance(model, str) and model in _NAMES


def read_chat(inbound: Inbound, catalog: Catalog) -> Draft:
    said = _read(read_json(inbound))
    try:
        draft = _draft(said, catalog)
    except BadInput as error:
        name = said.names.get(error.field or "")
        if name is None:
            raise
        raise BadInput(f"{name}: {error.message}", f"{name}：{error.zh}", field=name) from error
    media = tuple(replace(each, field=said.names.get(each.field, each.field)) for each in draft.media)
    return replace(draft, media=media, fields={**draft.fields, **said.names})


def _read(document: Mapping[str, object]) -> _Said:
    model, messages = document.get("model"), document.get(MESSAGES)
    if not isinstance(model, str):
        raise MissingField("model")
    if not isinstance(messages, list) or not messages:
        raise MissingField(MESSAGES)
    content = as_object(messages[-1]).get("content")
    told = _read_parts(content) if isinstance(content, list) else {"prompt": content}
    given = {name: document[name] for name in _FIELDS if name in document}
    for name in given.keys() & told.keys():
        raise InvalidParameter(name, f"is in {MESSAGES} as well", f"与 {MESSAGES} 重复")
    return _Said(model, {**given, **told}, dict.fromkeys(("prompt", *told), MESSAGES))


def _read_parts(parts: list[Json]) -> dict[str, object]:
    found = dict[str, object]()
    texts = list[str]()
    for each in map(as_object, parts):
        kind = each.get("type")
        text, name = each.get("text"), _PARTS.get(str(kind))
        if kind == "text" and isinstance(text, str):
            texts.append(text)
        elif name is None or name in found:
            problem = "is there twice" if name else "is neither text nor image_url nor video_url"
            raise InvalidParameter(MESSAGES, f"has a part that {problem}", "包含重复或不支持的部分")
        else:
            found[name] = as_object(each.get(str(kind))).get("url", "")
    return {"prompt": "\n".join(texts), **found}


def _draft(said: _Said, catalog: Catalog) -> Draft:
    """Raises BadInput, for a field that goes with no such model too."""
    asked, named = {"model": said.model, **said.fields}, MODELS.get(said.model)
    if said.model == CREATE_CHARACTER:
        return character(read_body(Character, _only(asked, "prompt", "video")), catalog)
    if named and named.kind is Kind.IMAGE:
        given = _only(asked, "prompt", "image")
        body = read_body(Transform if "image" in given else Create, given)
        return draw(body, catalog, body.image if isinstance(body, Transform) else None)
    if "video" in asked:
        return character_film(read_body(CharacterFilm, _only(asked, "prompt", "video")), catalog)
    transform = read_body(Transform, asked) if "image" in asked else None
    target = asked.get("remix_target_id")
    if target is not None and not isinstance(target, str):
        raise InvalidParameter("remix_target_id", "should be a valid string", "必须是字符串")
    return film(read_body(Film, asked), catalog, image=transform.image if transform else None, target=target)


def _only(asked: Mapping[str, object], *names: str) -> Mapping[str, object]:
    for name in sorted(asked.keys() - {"model", "stream", *names}):
        raise InvalidParameter(name, "does not go with this model or with video", "不适用于该模型或视频输入")
    return asked
