"""KIE's Flux Kontext API as we call it."""

from __future__ import annotations

from relay.families.kie.flux import words
from relay.families.kie.records import IMAGES, Wire, as_urls, at_most, pick
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset


def _write(draft: Draft, source: Source) -> dict[str, object]:
    images, options = draft.urls(*IMAGES), draft.options
    if len(images) > 1:
        raise at_most(1)
    if options.get("output_format", "png") not in words.FORMATS:
        raise Unfit("output_format", f"must be one of: {', '.join(words.FORMATS)}", "取值不受支持")
    safety = options.get("safety", 0)
    if not isinstance(safety, int) or not 0 <= safety <= (words.SAFEST_EDIT if images else 6):
        raise Unfit("safety", "is at most 6, and 2 where a picture is edited", "最大为 6，编辑图片时为 2")
    wanted = {"inputImage": images[0] if images else None}
    wanted["aspectRatio"] = nearest(source.sizes, draft.ratio, draft.size)
    said = {name: value for name, value in wanted.items() if value}
    chosen = {word: options[name] for name, word in words.OPTIONS.items() if name in options}
    return {"prompt": draft.prompt, "model": source.model or words.USUAL_MODEL, **said, **chosen}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    return as_urls(pick(as_object(pick(record, "response")), "resultImageUrl"))


WIRE = Wire(
    create=words.CREATE_PATH,
    query=words.QUERY_PATH,
    word_fields=("successFlag",),
    words={str(flag): state for flag, state in words.STATES.items()},
    carries={Kind.IMAGE: Carries(media=IMAGES, options=tuple(words.OPTIONS))},
    write=_write,
    read_assets=_read_assets,
)
