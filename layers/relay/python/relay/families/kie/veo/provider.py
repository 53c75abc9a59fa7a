"""KIE's Veo API as we call it."""

from __future__ import annotations

from relay.families.kie.records import FILMS, IMAGES, Wire, as_urls, at_most, pick
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, State

# KIE docs, Generate Veo3.1 Video
_MODEL = "veo3_fast"
_BY_IMAGES = (
    "TEXT_2_VIDEO",
    "FIRST_AND_LAST_FRAMES_2_VIDEO",
    "FIRST_AND_LAST_FRAMES_2_VIDEO",
    "REFERENCE_2_VIDEO",
)


def _write(draft: Draft, source: Source) -> dict[str, object]:
    images = draft.urls(*IMAGES)
    if len(images) >= len(_BY_IMAGES):
        raise at_most(len(_BY_IMAGES) - 1)
    way = {"prompt": draft.prompt, "model": source.model or _MODEL, "generationType": _BY_IMAGES[len(images)]}
    ratio = nearest(source.sizes, draft.ratio, draft.size)
    wanted = {"imageUrls": images, "aspect_ratio": ratio, "duration": draft.duration}
    return {**way, **{name: value for name, value in wanted.items() if value}}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    # older answers have the list beside the flag, and as a JSON string
    response = as_object(pick(record, "response"))
    return as_urls(pick(response, "resultUrls") or pick(record, "resultUrls"))


WIRE = Wire(
    create="/api/v1/veo/generate",
    query="/api/v1/veo/record-info",
    word_fields=("successFlag",),
    # KIE docs, Get Veo3.1 Video Details
    words={"0": State.PROCESSING, "1": State.SUCCEEDED, "2": State.FAILED, "3": State.FAILED},
    carries={Kind.VIDEO: FILMS},
    write=_write,
    read_assets=_read_assets,
)
