"""KIE's 4o image API as we call it."""

from __future__ import annotations

from relay.families.kie.gpt4o.words import OPTIONS
from relay.families.kie.records import Wire, as_urls, at_most, pick
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, State

# KIE docs, Generate 4o Image
_MAX_FILES = 5


def _write(draft: Draft, source: Source) -> dict[str, object]:
    images, count = draft.urls(MediaRole.IMAGE), draft.count if draft.count > 1 else None
    if len(images) > _MAX_FILES:
        raise at_most(_MAX_FILES)
    size = nearest(source.sizes, draft.ratio, draft.size) or "1:1"
    body = {"size": size, "prompt": draft.prompt, "filesUrl": images, "maskUrl": draft.url(MediaRole.MASK)}
    # optional fields only where they say something: the current schema has dropped most of them
    said = {name: value for name, value in {**body, "nVariants": count}.items() if value}
    return said | {word: draft.options[name] for name, word in OPTIONS.items() if name in draft.options}


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
    carries={Kind.IMAGE: Carries(media=(MediaRole.IMAGE, MediaRole.MASK), options=OPTIONS)},
    write=_write,
    read_assets=_read_assets,
)
