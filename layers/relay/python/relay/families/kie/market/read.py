"""Reading requests of the Market: its models, each with inputs of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from relay.families.bodies import AS_TEXT, Body, Media, Url, read_body, read_json
from relay.families.kie.market.words import PLATFORM, Inputs, inputs_of
from relay.families.kie.replies import CamelBody, Ratio, Text, callback_of, level_of, sold_of
from relay.families.kie.words import FAMILY
from relay.nouns.catalog import Catalog, Offer
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, media_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.wire import Inbound

Seconds = Annotated[str, AS_TEXT, Field(pattern="^[1-9][0-9]{0,2}$")]


class _Input(Body):
    """What every model takes; `_form` adds a model's own fields."""

    prompt: Text = ""


class _Named(CamelBody):
    model: Annotated[str, Field(min_length=1, max_length=200)]
    call_back_url: Url | None = None


class _Create(_Named):
    input: _Input


@cache
def _form(model: str, kind: Kind) -> type[_Create]:
    """The body of a request for one model."""
    inputs = inputs_of(model)
    fields: dict[str, Any] = {inputs.ratio: (Ratio | None, None)}
    if inputs.images:
        fields[inputs.images] = (list[Media] | None, None)
    if inputs.image:
        fields[inputs.image] = (Media | None, None)
    if inputs.level:
        fields[inputs.level[0]] = (str | None, None)
    if kind is Kind.VIDEO:
        fields["duration"] = (Seconds | None, None)
    fields |= {name: (Literal[only] | None, None) for name, only in inputs.always.items()}
    fields |= {name: (Literal[*words.values()] | None, None) for name, words in inputs.options.items()}
    given = create_model("Input", __base__=_Input, **fields)
    return create_model("Create", __base__=_Create, input=(given, ...))


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    document = read_json(inbound)
    name, offer = read_body(_Named, document).model, _offer(catalog)
    inputs, sold = inputs_of(name), sold_of(offer, name)
    form = _form(name, sold.kind)
    body = read_body(form, _checked(document, form))
    given: Mapping[str, Any] = body.input.model_dump(exclude_none=True)
    media = _media(given, inputs)
    if inputs.needs_image and not media:
        raise MissingField(_picture_field(inputs))
    if not body.input.prompt.strip() and not media:
        raise MissingField("input.prompt")
    ratio, level = given.get(inputs.ratio), inputs.level
    model = level_of(offer, name, given.get(level[0]) or level[1], level[1], f"input.{level[0]}") if level else sold
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=sold.kind,
        model=model.name,
        prompt=body.input.prompt,
        action=("image2video" if media else "text2video") if sold.kind is Kind.VIDEO else "",
        ratio=None if ratio == "auto" else ratio,
        duration=int(given["duration"]) if "duration" in given else None,
        media=media,
        callback=callback_of(body.call_back_url),
        options=_options(given, inputs),
        raw={name: document[name] for name in ("model", "callBackUrl", "input") if name in document},
        fields={name: f"input.{name}" for name in ("prompt", "duration", *inputs.options)}
        | {"image": _picture_field(inputs)},
    )


def _checked(document: Mapping[str, object], form: type[_Create]) -> dict[str, object]:
    """Null counts as absent in the input as well, and what the model does not have is refused: it would be left out."""
    given = document.get("input")
    if not isinstance(given, dict):
        return dict(document)
    given = {name: value for name, value in given.items() if value is not None}
    known = getattr(form.model_fields["input"].annotation, "model_fields", {})
    for name in given:
        if name not in known:
            field = f"input.{name}" if re.fullmatch("[A-Za-z0-9_]{1,60}", name) else "input"
            raise InvalidParameter(field, "is not taken by this model", "该模型不支持")
    return {**document, "input": given}


def _offer(catalog: Catalog) -> Offer:
    """All that the Market sells, whatever its kind: its clients name a model alone."""
    offers = catalog.menus.get(FAMILY, {}).get(PLATFORM, {})
    return Offer("", {name: model for offer in offers.values() for name, model in offer.models.items()})


def _picture_field(inputs: Inputs) -> str:
    return f"input.{inputs.images or inputs.image}"


def _media(given: Mapping[str, Any], inputs: Inputs) -> tuple[Medium, ...]:
    return media_of(MediaRole.IMAGE, _picture_field(inputs), given.get(inputs.images or inputs.image or ""))


def _options(given: Mapping[str, Any], inputs: Inputs) -> dict[str, object]:
    """The options in our words."""
    said = (
        (name, ours)
        for name, words in inputs.options.items()
        for ours, theirs in words.items()
        if given.get(name) == theirs
    )
    return dict(said)
