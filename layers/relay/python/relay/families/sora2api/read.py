"""Reading requests of the family's clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field

from relay.families.bodies import MAX_TEXT, Body, Picture, read_body, read_json
from relay.families.dialect import TaskQuery
from relay.families.sora2api.grammar import is_storyboard, read_shots, read_target, take_style, take_target
from relay.families.sora2api.words import DEFAULTS, FAMILY, MODELS, PLATFORM, STYLES, TIERS, Named
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
}


class _Create(Body):
    prompt: Annotated[str, Field(max_length=MAX_TEXT)]
    model: str | None = None
    stream: bool = False
    async_mode: bool = False


class _Transform(_Create):
    image: Picture


class _Film(_Create):
    style: str | None = None


class _Animate(_Film):
    image: Picture


class _Remix(_Film):
    remix_target_id: str | None = None


B = TypeVar("B", bound=_Create)


def asks_async(inbound: Inbound) -> bool:
    """Whether a client wants the task at once. What cannot be read is told by the reader."""
    try:
        return b"async_mode" in inbound.body and read_json(inbound).get("async_mode") is True
    except BadInput:
        return False


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    return TaskQuery(inbound.params["task_id"], PLATFORM)


def read_image(inbound: Inbound, catalog: Catalog) -> Draft:
    return _draw(_body(_Create, inbound), catalog)


def read_transformed_image(inbound: Inbound, catalog: Catalog) -> Draft:
    body = _body(_Transform, inbound)
    return _draw(body, catalog, body.image)


def read_video(inbound: Inbound, catalog: Catalog) -> Draft:
    return _film(_body(_Film, inbound), catalog)


def read_transformed_video(inbound: Inbound, catalog: Catalog) -> Draft:
    body = _body(_Animate, inbound)
    return _film(body, catalog, image=body.image)


def read_remix(inbound: Inbound, catalog: Catalog) -> Draft:
    body = _body(_Remix, inbound)
    if body.remix_target_id is None and take_target(body.prompt)[1] is None:
        raise MissingField("remix_target_id")
    return _film(body, catalog, target=body.remix_target_id)


def read_storyboard(inbound: Inbound, catalog: Catalog) -> Draft:
    body = _body(_Film, inbound)
    read_shots(body.prompt)
    return _film(body, catalog)


def _body(model: type[B], inbound: Inbound) -> B:
    """The body, without what every path refuses alike."""
    document = read_json(inbound)
    for name in document.keys() & _ELSEWHERE.keys() - model.model_fields.keys():
        raise InvalidParameter(name, f"is not read here but by {_ELSEWHERE[name]}", f"请使用 {_ELSEWHERE[name]}")
    body = read_body(model, document)
    if not body.prompt.strip():
        raise MissingField("prompt")
    if body.stream and not body.async_mode:
        raise InvalidParameter(
            "stream", "is not served yet: send async_mode and ask /v1/tasks", "暂不支持，请使用 async_mode"
        )
    return body


def _named(name: str | None, kind: Kind, catalog: Catalog) -> Named:
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


def _draw(body: _Create, catalog: Catalog, image: str | None = None) -> Draft:
    named = _named(body.model, Kind.IMAGE, catalog)
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


def _film(body: _Film, catalog: Catalog, *, image: str | None = None, target: str | None = None) -> Draft:
    named = _named(body.model, Kind.VIDEO, catalog)
    text, style = _styled(body)
    text, target = _targeted(text, target)
    board = is_storyboard(text)
    _check_goes_together(text, board=board, target=target, image=image)
    if board:
        named = _of_storyboards(named, catalog)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model=catalog.offer(FAMILY, PLATFORM, Kind.VIDEO).model(named.model).name,
        prompt=text,
        action="remix" if target else "storyboard" if board else "image2video" if image else "text2video",
        ratio=named.shape,
        duration=named.seconds,
        media=media_of(MediaRole.IMAGE, "image", image),
        options=options_of(style=style, remix_target=target),
        fields={"ratio": "model", "duration": "model", "remix_target": "remix_target_id"},
    )


def _styled(body: _Film) -> tuple[str, str | None]:
    """The prompt without the style it names, and the style of the request. Raises InvalidParameter."""
    if body.style is not None and body.style not in STYLES:
        raise InvalidParameter("style", f"must be one of: {', '.join(STYLES)}", f"必须是以下之一：{', '.join(STYLES)}")
    text, inside = take_style(body.prompt)
    if body.style and inside and body.style != inside:
        raise InvalidParameter("style", "contradicts the style in prompt", "与 prompt 中的风格矛盾")
    return text, body.style or inside


def _targeted(prompt: str, said: str | None) -> tuple[str, str | None]:
    """The prompt without the film it names, and the film to remake. Raises InvalidParameter."""
    target = None if said is None else read_target("remix_target_id", said)
    text, inside = take_target(prompt)
    if target and inside and target != inside:
        raise InvalidParameter("remix_target_id", "contradicts the film named in prompt", "与 prompt 中的视频矛盾")
    return text, target or inside


def _check_goes_together(text: str, *, board: bool, target: str | None, image: str | None) -> None:
    """Raises BadInput for what no one film can be."""
    if not text.strip():
        raise MissingField("prompt", ": there is no text beside what it names", "：除标识外没有文字")
    if target and image:
        raise InvalidParameter("image", "is not taken together with a film to remake", "不能与 remix 同时提供")
    if target and board:
        raise InvalidParameter("prompt", "must not hold shots and a film to remake", "不能同时包含分镜和 remix")
    if board:
        read_shots(text)


def _of_storyboards(named: Named, catalog: Catalog) -> Named:
    """Upstreams make storyboards in standard quality whatever is asked for: so that is what is sold and charged."""
    standard = next(name for name, tier in TIERS.items() if tier.begins == "sora2" and named.seconds in tier.seconds)
    return named._replace(model=standard)
