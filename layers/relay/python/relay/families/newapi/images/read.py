"""Reading requests of the images API: JSON, or a form with the images in it; and whether their client waits."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, Media, Url, read_body, read_json
from relay.families.forms import as_data_uri, is_form, read_form
from relay.families.newapi.images.words import MOST_IMAGES, OPTIONS, PLATFORM, RESOLUTIONS
from relay.families.newapi.task_documents import TRUTH, asks_async, check_async
from relay.families.newapi.words import FAMILY
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, Kind, MediaRole, media_of, options_of
from relay.nouns.errors import BadInput, InvalidParameter, MissingField
from relay.nouns.wire import Inbound

_PIXELS, _RATIO = re.compile(r"[1-9][0-9]{1,4}x[1-9][0-9]{1,4}"), re.compile(r"[1-9][0-9]?:[1-9][0-9]?")
_WHOLE = ("n", "output_compression", "partial_images", "seed")  # what a form says in digits
_FLAGS = ("async", "stream", "watermark")
_FORMATS = ("url", "b64_json")


class _Create(Body):
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=10)] = 1
    size: str | None = None
    aspect_ratio: str | None = None
    quality: Literal["auto", "standard", "low", "medium", "high", "hd"] | None = None
    background: Literal["auto", "transparent", "opaque"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    moderation: Literal["auto", "low"] | None = None
    input_fidelity: Literal["high", "low"] | None = None
    style: Annotated[str, Field(max_length=100)] | None = None
    negative_prompt: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    seed: int | None = None
    watermark: bool | None = None
    response_format: Literal["url", "b64_json"] = "url"
    image: list[Media] = Field(default_factory=list, max_length=MOST_IMAGES)
    mask: Media | None = None
    stream: bool = False
    partial_images: int = 0
    wants_task: bool | None = Field(None, alias="async")
    callback_url: Url | None = None


def read_generation(inbound: Inbound, catalog: Catalog) -> Draft:
    return _draft(_read(inbound), catalog)


def read_edit(inbound: Inbound, catalog: Catalog) -> Draft:
    body = _read(inbound)
    if not body.image:
        raise MissingField("image")
    return _draft(body, catalog)


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    if inbound.query.get("response_format", "url") not in _FORMATS:
        raise InvalidParameter("response_format", f"must be one of: {', '.join(_FORMATS)}", "必须是 url 或 b64_json")
    return TaskQuery(inbound.params["image_id"], PLATFORM)


def wants_task(inbound: Inbound) -> bool:
    return asks_async(inbound, _document)


def wants_bytes(inbound: Inbound) -> bool:
    """Whether the pictures are to be in the answer. What cannot be read is told by the reader."""
    if inbound.query.get("response_format") == "b64_json":
        return True
    try:
        return b"b64_json" in inbound.body and _document(inbound).get("response_format") == "b64_json"
    except BadInput:
        return False


def _read(inbound: Inbound) -> _Create:
    check_async(inbound)
    body = read_body(_Create, _document(inbound))
    if not body.prompt.strip():
        raise InvalidParameter("prompt", "must not be blank", "不能为空白")
    if body.stream or body.partial_images:
        raise InvalidParameter("stream" if body.stream else "partial_images", "is not served here", "此处不支持")
    if body.mask and not body.image:
        raise MissingField("image", " together with mask", "（须与 mask 同时提供）")
    return body


def _document(inbound: Inbound) -> dict[str, object]:
    """The fields of a request; `image` is a list. In a form a file is a data URI, and numbers are said in digits."""
    if not is_form(inbound):
        document = read_json(inbound)
        given = document.get("image")
        return document | {"image": [given]} if isinstance(given, str) else document
    form = read_form(inbound)
    said = {name: _plain(name, value) for name, value in form.document.items() if _name(name) != "image"}
    images: list[object] = [text for name, texts in form.fields.items() if _name(name) == "image" for text in texts]
    for name, files in form.files.items():
        uris = [as_data_uri(file) for file in files]
        if _name(name) == "image":
            images += uris
        else:
            said[name] = uris[0] if len(uris) == 1 else uris
    return said | {"image": images}


def _name(part: str) -> str:
    """The field a part of a form is of: clients say `image[]` where they send several."""
    return part.partition("[")[0]


def _plain(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in _WHOLE and re.fullmatch("-?[0-9]{1,18}", value):
        return int(value)
    return TRUTH.get(value.lower(), value) if name in _FLAGS else value


def _draft(body: _Create, catalog: Catalog) -> Draft:
    size, ratio, resolution = _shape(body)
    said = {name: getattr(body, name) for name in OPTIONS} | {"resolution": resolution}
    if body.quality in ("auto", "standard"):
        said["quality"] = None  # which asks for what is usual
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.IMAGE,
        model=catalog.offer(FAMILY, PLATFORM, Kind.IMAGE).model(body.model).name,
        prompt=body.prompt,
        count=body.n,
        size=size,
        ratio=ratio,
        media=media_of(MediaRole.IMAGE, "image", body.image) + media_of(MediaRole.MASK, "mask", body.mask),
        options=options_of(**said, negative_prompt=body.negative_prompt, seed=body.seed, watermark=body.watermark),
        callback=Callback(body.callback_url) if body.callback_url else None,
        fields={"count": "n", "ratio": "aspect_ratio" if body.aspect_ratio else "size", "resolution": "size"},
    )


def _shape(body: _Create) -> tuple[str | None, str | None, str | None]:
    """Pixels, a ratio and a resolution, of which `size` may say any."""
    size, ratio = body.size, body.aspect_ratio
    if ratio and not _RATIO.fullmatch(ratio):
        raise InvalidParameter("aspect_ratio", "must be like 16:9", "必须如 16:9")
    if size in (None, "", "auto"):
        return None, ratio, None
    if size in RESOLUTIONS:
        return None, ratio, size
    if ratio:
        raise InvalidParameter("aspect_ratio", "contradicts size", "与 size 矛盾")
    if _RATIO.fullmatch(str(size)):
        return None, size, None
    if not _PIXELS.fullmatch(str(size)):
        raise InvalidParameter(
            "size", "must be auto, or like 1024x1536, 3:2 or 2K", "必须是 auto 或如 1024x1536、3:2、2K"
        )
    return size, None, None
