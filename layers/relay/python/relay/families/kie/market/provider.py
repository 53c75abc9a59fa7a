"""KIE's Market jobs as we call them: one create call for every model, inputs named model by model."""

from __future__ import annotations

from relay.families.kie.market.words import CREATE_PATH, QUERY_PATH, STATES, Inputs, inputs_of
from relay.families.kie.records import Wire, as_urls, pick
from relay.families.kie.write import IMAGES, VIDEOS, images_of
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset


def _write(draft: Draft, source: Source) -> dict[str, object]:
    model, _, level = source.model.partition("@")
    inputs = inputs_of(model)
    if draft.count > 1:
        raise Unfit("count", "is not a number made at once", "不是可一次生成的数量", (1,))  # one job, one result
    body = dict(inputs.always)
    if inputs.level:
        body[inputs.level[0]] = level or inputs.level[1]
    if draft.prompt:
        body["prompt"] = draft.prompt
    body |= _images(draft, inputs) | _options(draft, inputs)
    if ratio := nearest(source.sizes, draft.ratio, draft.size) or inputs.usual_ratio:
        body[inputs.ratio] = ratio
    if draft.duration:
        body["duration"] = str(draft.duration)  # the Market's video models take it as text
    return {"model": model, "input": body}


def _images(draft: Draft, inputs: Inputs) -> dict[str, object]:
    images = images_of(draft, inputs.most_images if inputs.images or inputs.image else 0)
    if not images and inputs.needs_image:
        raise Unfit("image", "is required by this model", "该模型必填")
    if not images:
        return {}
    return {inputs.images: images} if inputs.images else {str(inputs.image): images[0]}


def _options(draft: Draft, inputs: Inputs) -> dict[str, object]:
    found = dict[str, object]()
    for name in OPTIONS:
        if (asked := draft.options.get(name)) is None:
            continue
        words = inputs.options.get(name, {})
        if str(asked) not in words:
            raise Unfit(name, f"{asked} is not offered for this model", f"该模型不支持 {asked}")
        found[name] = words[str(asked)]
    return found


def _read_assets(record: Record) -> tuple[Asset, ...]:
    result = as_object(pick(record, "resultJson"))
    if urls := as_urls(pick(result, "resultUrls")):
        return urls
    values = as_object(pick(result, "resultObject")).values()
    return tuple(asset for value in values for asset in as_urls(value))


OPTIONS = ("output_format",)
WIRE = Wire(
    create=CREATE_PATH,
    query=QUERY_PATH,
    word_fields=("state",),
    words={word.upper(): state for word, state in STATES.items()},
    carries={Kind.IMAGE: Carries(media=IMAGES, options=OPTIONS), Kind.VIDEO: VIDEOS},
    write=_write,
    read_assets=_read_assets,
)
