"""Reading requests for films: each is a new one, of a picture, a storyboard, or another film made anew."""

from __future__ import annotations

from relay.families.bodies import Picture
from relay.families.sora2api.grammar import is_storyboard, read_shots, read_target, take_style, take_target
from relay.families.sora2api.read import Create, check_prompt, named_model, read_request
from relay.families.sora2api.words import FAMILY, PLATFORM, STYLES, TIERS, Named
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, media_of, options_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Inbound


class Film(Create):
    style: str | None = None


class _Animate(Film):
    image: Picture


class _Remix(Film):
    remix_target_id: str | None = None


def read_video(inbound: Inbound, catalog: Catalog) -> Draft:
    return film(read_request(Film, inbound), catalog)


def read_transformed_video(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_request(_Animate, inbound)
    return film(body, catalog, image=body.image)


def read_remix(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_request(_Remix, inbound)
    if body.remix_target_id is None and take_target(body.prompt)[1] is None:
        raise MissingField("remix_target_id")
    return film(body, catalog, target=body.remix_target_id)


def read_storyboard(inbound: Inbound, catalog: Catalog) -> Draft:
    body = read_request(Film, inbound)
    read_shots(body.prompt)
    return film(body, catalog)


def film(body: Film, catalog: Catalog, *, image: str | None = None, target: str | None = None) -> Draft:
    check_prompt(body)
    named = named_model(body.model, Kind.VIDEO, catalog)
    text, style = _styled(body)
    text, target = _targeted(text, target)
    board = is_storyboard(text)
    _check_goes_together(text, board=board, target=target, image=image)
    if board:
        named = _of_storyboards(named)
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


def _styled(body: Film) -> tuple[str, str | None]:
    """The prompt without the style it names, and the style of the request. Raises InvalidParameter."""
    if body.style is not None and body.style not in STYLES:
        raise InvalidParameter("style", f"must be one of: {', '.join(STYLES)}", f"必须是以下之一：{', '.join(STYLES)}")
    text, inside = take_style(body.prompt)
    if body.style and inside and body.style != inside:
        raise InvalidParameter("style", "contradicts the style in prompt", "与 prompt 中的风格矛盾")
    if take_style(text)[1] not in (None, inside):
        raise InvalidParameter("prompt", "names two styles", "包含两种风格")
    return text, body.style or inside


def _targeted(prompt: str, said: str | None) -> tuple[str, str | None]:
    """The prompt without the film it names, and the film to remake. Raises InvalidParameter."""
    target = None if said is None else read_target("remix_target_id", said)
    text, inside = take_target(prompt)
    if target and inside and target != inside:
        raise InvalidParameter("remix_target_id", "contradicts the film named in prompt", "与 prompt 中的视频矛盾")
    if take_target(text)[1] not in (None, inside):
        raise InvalidParameter("prompt", "names two videos", "包含两个视频")
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


def _of_storyboards(named: Named) -> Named:
    """Upstreams make storyboards in standard quality whatever is asked for: so that is what is sold and charged."""
    standard = next(name for name, tier in TIERS.items() if tier.begins == "sora2" and named.seconds in tier.seconds)
    return named._replace(model=standard)
