"""The images API as we call it: as OpenAI serves it, where the answer to the request is the pictures, and as a task.

In the first form inputs are sent inside a form; in the second, which relays like this one serve, by their addresses.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote

from relay.families.forms import write_form
from relay.families.newapi.answers import refusal
from relay.families.newapi.images.words import EDITS, GENERATIONS, MOST_IMAGES, OPTIONS
from relay.families.newapi.task_answers import read_accepted_task, read_task_document
from relay.families.provider import Api, Carries, Job, MediaForm, Mode, Order
from relay.families.reading import MAX_ASSETS, Record, as_object, is_url
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Call, Json

ACCEPT = {"accept": "application/json"}
SECONDS = 600.0  # a picture of 4K takes minutes
LARGEST_ANSWER = 32 << 20  # bytes: pictures inside an answer grow by a third


def write_submit(order: Order) -> Call:
    """A generation as JSON, an edit as a form."""
    draft, asked = order.draft, _asked(order)
    if not draft.media:
        return Call.json("POST", GENERATIONS, asked, ACCEPT)
    images, masks = draft.urls(MediaRole.IMAGE), draft.urls(MediaRole.MASK)
    files: dict[str, str | list[str]] = {"image" if len(images) == 1 else "image[]": images, "mask": masks}
    return write_form("POST", EDITS, {field: str(value) for field, value in asked.items()}, files)


def write_task(order: Order) -> Call:
    draft, asked = order.draft, _asked(order) | {"async": True}
    if images := draft.urls(MediaRole.IMAGE):
        asked["image"] = images
    if mask := draft.url(MediaRole.MASK):
        asked["mask"] = mask
    if order.callback_url:
        asked["callback_url"] = order.callback_url
    return Call.json("POST", GENERATIONS, asked, ACCEPT)


def _asked(order: Order) -> dict[str, Json]:
    """Raises Unfit for what the API has no word for."""
    draft = order.draft
    images, masks = draft.urls(MediaRole.IMAGE), draft.urls(MediaRole.MASK)
    if len(images) > MOST_IMAGES or len(masks) > 1:
        raise Unfit("image" if len(masks) < 2 else "mask", f"takes at most {MOST_IMAGES}, and one mask", "数量过多")
    if masks and not images:
        raise Unfit(MediaRole.MASK, "needs an image", "需要图片")
    asked: dict[str, Json] = {"model": order.source.model, "prompt": draft.prompt, "n": draft.count}
    if size := _size(draft, order.source.sizes):
        asked["size"] = size
    return asked | {name: draft.options[name] for name in OPTIONS if name in draft.options}


def _size(draft: Draft, sizes: tuple[str, ...]) -> str | None:
    """Pixels are made as they are asked for, or not at all: the nearest may be a much smaller picture."""
    resolution = draft.options.get("resolution")
    if resolution and (draft.size or draft.ratio):
        raise Unfit("resolution", "is not taken together with a shape", "不能与形状同时提供")
    pixels = str(resolution) if resolution else draft.size
    if pixels and sizes and pixels not in sizes:
        known = ", ".join(sizes)
        raise Unfit("size", f"must be one of: {known}", f"必须是以下之一：{known}")
    return pixels or nearest(sizes, draft.ratio)


def read_submit(answer: Answer, _: Order) -> Observation:
    """The pictures. An answer without any is a success without a result; one that is no answer raises."""
    document = as_object(answer.body)
    if not 200 <= answer.status < 300 or not isinstance(document.get("data"), list):
        raise refusal(answer)
    return Observation(State.SUCCEEDED, progress=100.0, assets=_assets(document))


def read_task(answer: Answer, _: Order) -> Observation:
    return read_accepted_task(answer, _complete)


def write_query(job: Job) -> Call:
    return Call("GET", f"{GENERATIONS}/{quote(job.upstream_task_id, safe='')}", ACCEPT)


def read_query(answer: Answer) -> Observation:
    return read_task_document(answer, _complete)


def _complete(seen: Observation, document: Record) -> Observation:
    return replace(seen, assets=tuple(each for each in _assets(document) if each.data is None))


def _assets(document: Record) -> tuple[Asset, ...]:
    data = document.get("data")
    items = data[:MAX_ASSETS] if isinstance(data, list) else []
    return tuple(found for each in items if (found := _asset(as_object(each))))


def _asset(item: Record) -> Asset | None:
    """A picture by its address, or its bytes; some upstreams give these as an address."""
    url, inside = item.get("url"), item.get("b64_json")
    if is_url(url):
        return Asset(url)
    text = inside if isinstance(inside, str) else url if isinstance(url, str) and url.startswith("data:") else ""
    try:
        data = base64.b64decode(text.rpartition(",")[2], validate=True)
    except ValueError:  # also text that is not even ASCII
        return None
    return Asset("", data=data) if data else None


CARRIES = {Kind.IMAGE: Carries(media=(MediaRole.IMAGE, MediaRole.MASK), options=(*OPTIONS, "resolution"))}
API = Api(
    write_submit,
    read_submit,
    mode=Mode.ANSWER,
    media_form=MediaForm.DATA,
    seconds=SECONDS,
    largest_answer=LARGEST_ANSWER,
    carries=CARRIES,
)
TASKS = Api(write_task, read_task, write_query, read_query, carries=CARRIES)
