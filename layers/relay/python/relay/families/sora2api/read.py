"""Reading requests of the family's clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Picture, read_body, read_json
from relay.families.sora2api.grammar import read_cut
from relay.families.sora2api.words import DEFAULTS, FAMILY, MODELS, PLATFORM, Named
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, media_of, options_of
from relay.nouns.errors import BadInput, InvalidParameter, MissingField
from relay.nouns.wire import Inbound

# Fields that only some of the paths read: left out silently, something else would be made than was asked for.
_ELSEWHERE: Mapping[str, str] = {
    "image": "a /transform path",
    "remix_target_id": "/v1/videos/remix",
    "video": "a /v1/characters path",
    "style": "a /v1/videos path",
    "timestamps": "/v1/characters/create",
}


class _Asked(Body):
    stream: bool = False
    async_mode: bool = False


class Create(_Asked):
    prompt: Annotated[str, Field(max_length=MAX_TEXT)]
    model: str | None = None


class Transform(Create):
    image: Picture


class CharacterFilm(Create):
    video: Picture


class Character(_Asked):
    video: Picture
    timestamps: str | None = None


B = TypeVar("B", bound=_Asked)


def asks_async(inbound: Inbound) -> bool:
    """Whether a client wants the task at once."""
    return _asks("async_mode", inbound)


def asks_stream(inbound: Inbound) -> bool:
    return _asks("stream", inbound)


def _asks(field: str, inbound: Inbound) -> bool:
    """What cannot be read is told by the reader."""
    try:
        return field.encode() in inbound.body and read_json(inbound).get(field) is True
    except BadInput:
        return False


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["task_id"], PLATFORM)


def read_image(inbound: Inbound, catalog: Catalog) -> Draft:
    return draw(read_request(Create, inbound), catalog)


def read_transformed_image(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_request(Transform, inbound)
    return draw(body, catalog, body.image)


def read_character(inbound: Inbound, catalog: Catalog) -> Draft:
    return character(read_request(Character, inbound), catalog)


def read_character_film(inbound: Inbound, catalog: Catalog) -> Draft:
    return character_film(read_request(CharacterFilm, inbound), catalog)


def character(body: Character, catalog: Catalog) -> Draft:
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.CHARACTER,
        model=catalog.offer(FAMILY, PLATFORM, Kind.CHARACTER).model(None).name,
        media=media_of(MediaRole.VIDEO, "video", body.video),
        options=options_of(timestamps=None if body.timestamps is None else read_cut("timestamps", body.timestamps)),
    )


def character_film(body: CharacterFilm, catalog: Catalog) -> Draft:
    check_prompt(body)
    named = named_model(body.model, Kind.VIDEO, catalog)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model=catalog.offer(FAMILY, PLATFORM, Kind.VIDEO).model(named.model).name,
        prompt=body.prompt,
        action="character",
        ratio=named.shape,
        duration=named.seconds,
        media=media_of(MediaRole.VIDEO, "video", body.video),
        fields={"ratio": "model", "duration": "model"},
    )


def read_request(model: type[B], inbound: Inbound) -> B:
    """The body, without what every path refuses alike."""
    document = read_json(inbound)
    for name in sorted(document.keys() & _ELSEWHERE.keys() - model.model_fields.keys()):
        raise InvalidParameter(name, f"is not read here but by {_ELSEWHERE[name]}", f"请使用 {_ELSEWHERE[name]}")
    body = read_body(model, document)
    # paths of characters answer by streams alone, unless a task is asked for
    if not (body.async_mode or body.stream) and "video" in model.model_fields:
        raise InvalidParameter("stream", "must be true here, or async_mode", "必须为 true，或使用 async_mode")
    return body


def named_model(name: str | None, kind: Kind, catalog: Catalog) -> Named:
    """The model a name says, if it is sold. Raises BadInput."""
    said = DEFAULTS[kind] if name is None else name
    found, problem = MODELS.get(said), ""
    if found and found.kind is not kind:
        problem = f" makes no {kind}"
    elif found and found.model not in catalog.offer(FAMILY, PLATFORM, kind).models:
        problem = " needs a Pro account, which there is none of here" if found.pro else " is not sold here"
    if found is None or problem:
        shown = ascii(said[:60])[1:-1]
        raise BadInput(f"Invalid model: {shown}{problem}", f"模型无效：{shown}", field="model")
    return found


def check_prompt(body: Create) -> None:
    if not body.prompt.strip():
        raise MissingField("prompt")


def draw(body: Create, catalog: Catalog, image: str | None = None) -> Draft:
    check_prompt(body)
    named = named_model(body.model, Kind.IMAGE, catalog)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.IMAGE,
        model=catalog.offer(FAMILY, PLATFORM, Kind.IMAGE).model(named.model).name,
        prompt=body.prompt,
        size=named.shape,
        media=media_of(MediaRole.IMAGE, "image", image),
        fields={"size": "model"},
    )
