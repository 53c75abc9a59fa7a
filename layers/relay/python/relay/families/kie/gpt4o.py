"""Owns KIE's 4o image API as we call it."""

from __future__ import annotations

from relay.families.kie.records import Wire, as_urls, at_most, pick
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, MediaRole
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, State

# KIE docs, Generate 4o Image
_MAX_FILES = 5
_OPTIONS = ("isEnhance", "uploadCn", "enableFallback", "fallbackModel")


def _write(draft: Draft, source: Source) -> dict[str, object]:
    # optional fields only where they say something: the current schema has dropped most of them
    images, mask = draft.urls(MediaRole.IMAGE), draft.url(MediaRole.MASK)
    if len(images) > _MAX_FILES:
        raise at_most(_MAX_FILES)
    body: dict[str, object] = {"size": nearest(source.sizes, draft.ratio, draft.size) or "1:1"}
    if draft.prompt:
        body["prompt"] = draft.prompt
    if images:
        body["filesUrl"] = images
    if mask:
        body["maskUrl"] = mask
    if draft.count > 1:
        body["nVariants"] = draft.count
    return body | {name: draft.options[name] for name in _OPTIONS if name in draft.options}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    return as_urls(pick(as_object(pick(record, "response")), "resultUrls"))


WIRE = Wire(
    create="/api/v1/gpt4o-image/generate",
    query="/api/v1/gpt4o-image/record-info",
    word_fields=("status", "successFlag"),
    # KIE docs, Get 4o Image Details; 3 is not listed there but means failed in the sister APIs
    words={
        "GENERATING": State.PROCESSING,
        "SUCCESS": State.SUCCEEDED,
        "CREATE_TASK_FAILED": State.FAILED,
        "GENERATE_FAILED": State.FAILED,
        "0": State.PROCESSING,
        "1": State.SUCCEEDED,
        "2": State.FAILED,
        "3": State.FAILED,
    },
    write=_write,
    read_assets=_read_assets,
)
