"""Reading requests of Kling's API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import AS_TEXT, MAX_TEXT, Body, PathReference, Picture, Url, read_body, read_json
from relay.families.newapi.kling.words import (
    CAMERA,
    FARTHEST,
    IMAGE,
    MOST_MASKS,
    MOST_POINTS,
    PLATFORM,
    PRO,
    TEXT,
    Ratio,
)
from relay.families.newapi.words import FAMILY
from relay.nouns.catalog import Catalog, Model
from relay.nouns.draft import Callback, ClientRef, Draft, Kind, MediaRole, Medium, options_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Inbound

# Fields of Kling's newer models and of the family's other APIs: left out silently, another film would be made.
_NOT_READ = (
    *("image_list", "element_list", "voice_list", "multi_shot", "multi_prompt", "shot_type", "watermark_info"),
    *("image_url", "images", "input_reference", "first_frame", "last_frame", "size", "seconds", "seed"),
)
_MOVES = Annotated[float, Field(ge=-10, le=10)]
_PIXELS = Annotated[int, Field(ge=-FARTHEST, le=FARTHEST)]


class _Moves(Body):
    horizontal: _MOVES | None = None
    vertical: _MOVES | None = None
    pan: _MOVES | None = None
    tilt: _MOVES | None = None
    roll: _MOVES | None = None
    zoom: _MOVES | None = None


class _Camera(Body):
    type: CAMERA
    config: _Moves | None = None


class _Point(Body):
    x: _PIXELS
    y: _PIXELS


class _Moving(Body):
    mask: Picture
    trajectories: Annotated[list[_Point], Field(min_length=2, max_length=MOST_POINTS)]


class _Create(Body):
    model_name: str | None = None
    model: str | None = None
    prompt: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    negative_prompt: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    image: Picture | None = None
    image_tail: Picture | None = None
    mode: Literal["std", "pro"] = "std"
    duration: Annotated[Literal["5", "10"], AS_TEXT] = "5"
    aspect_ratio: Ratio | None = None
    cfg_scale: Annotated[float, Field(ge=0, le=1)] | None = None
    sound: Literal["on", "off"] | None = None
    static_mask: Picture | None = None
    dynamic_masks: Annotated[list[_Moving], Field(max_length=MOST_MASKS)] = Field(default_factory=list)
    camera_control: _Camera | None = None
    callback_url: Url | None = None
    external_task_id: PathReference | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    document, action = read_json(inbound), inbound.path.rpartition("/")[2]
    # clients write what they leave empty as an empty text
    body = read_body(_Create, {name: value for name, value in document.items() if value != ""})
    for name in _NOT_READ:
        if document.get(name):
            raise InvalidParameter(name, "is not read here", "不支持该字段")
    _check(body, action)
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.VIDEO,
        model=_model(body, catalog).name,
        prompt=body.prompt,
        action=action,
        # pictures have a shape of their own
        ratio=body.aspect_ratio or ("16:9" if action == TEXT else None),
        duration=int(body.duration),
        media=tuple(_media(body)),
        options=_options(body),
        callback=Callback(body.callback_url, moves=True) if body.callback_url else None,
        client_ref=ClientRef(body.external_task_id, "external_task_id", once=True) if body.external_task_id else None,
        fields={"ratio": "aspect_ratio", "model": "model_name", "action": "image" if action == IMAGE else "prompt"},
    )


def _model(body: _Create, catalog: Catalog) -> Model:
    """The model of this name and mode: each mode has its price, so it is a model of its own."""
    offer = catalog.offer(FAMILY, PLATFORM, Kind.VIDEO)
    if body.model_name and body.model not in (None, body.model_name):
        raise InvalidParameter("model", "contradicts model_name", "与 model_name 矛盾")
    name = (body.model_name or body.model or offer.default).removesuffix(PRO)
    modes = {"std": name, "pro": name + PRO}
    if not offer.models.keys() & set(modes.values()):
        known = ", ".join(sorted({each.removesuffix(PRO) for each in offer.models}))
        field = "model_name" if body.model is None else "model"
        raise InvalidParameter(field, f"must be one of: {known}", f"必须是以下之一：{known}")
    mode = "pro" if (body.model_name or body.model or "").endswith(PRO) else body.mode
    if modes[mode] not in offer.models:
        raise InvalidParameter("mode", f"{mode} is not offered for this model", f"该模型不支持 {mode}")
    return offer.models[modes[mode]]


def _check(body: _Create, action: str) -> None:
    if action == TEXT and not body.prompt.strip():
        raise MissingField("prompt")
    if action == IMAGE and not (body.image or body.image_tail):
        raise MissingField("image", f" for {IMAGE}", f"（{IMAGE}）")
    pictures = [name for name in ("image", "image_tail", "static_mask", "dynamic_masks") if getattr(body, name)]
    if action == TEXT and pictures:
        raise InvalidParameter(pictures[0], f"is for {IMAGE}", f"仅用于 {IMAGE}")
    masked = pictures[-1] if pictures and pictures[-1].endswith(("mask", "masks")) else ""
    if masked and not body.image:
        raise MissingField("image", f" for {masked}", f"（{masked}）")
    guides = [name for name in ("image_tail", masked, "camera_control") if name and getattr(body, name)]
    if len(guides) > 1:
        raise InvalidParameter(guides[1], f"is not taken together with {guides[0]}", f"不能与 {guides[0]} 同时使用")
    if body.camera_control:
        _check_camera(body.camera_control)


def _check_camera(camera: _Camera) -> None:
    """One direction alone for the type that takes any, none for the others."""
    field, directions = "camera_control.config", sum(1 for _, much in camera.config or () if much)
    if camera.type == "simple" and directions != 1:
        raise InvalidParameter(field, "must move in exactly one direction", "必须且只能有一个方向不为 0")
    if camera.type != "simple" and directions:
        raise InvalidParameter(field, "is for the type simple", "仅用于 simple 类型")


def _media(body: _Create) -> Iterator[Medium]:
    if body.image:
        yield Medium(MediaRole.IMAGE, body.image, "image")
    if body.image_tail:
        yield Medium(MediaRole.LAST_FRAME, body.image_tail, "image_tail")
    if body.static_mask:
        yield Medium(MediaRole.MASK, body.static_mask, "static_mask")
    for number, moving in enumerate(body.dynamic_masks):
        yield Medium(MediaRole.MASK, moving.mask, f"dynamic_masks[{number}].mask")


def _options(body: _Create) -> dict[str, object]:
    camera = body.camera_control
    return options_of(
        negative_prompt=body.negative_prompt,
        cfg_scale=body.cfg_scale,
        sound=None if body.sound is None else body.sound == "on",
        camera_control=camera.model_dump(exclude_none=True) if camera else None,
        # the masks themselves are inputs, in the same order
        dynamic_masks=[each.model_dump(exclude={"mask"}) for each in body.dynamic_masks] or None,
    )


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    """A task by its id, or by the client's own for it."""
    task_id = inbound.params["task_id"]
    return TaskQuery(task_id, PLATFORM, client_ref=task_id)
