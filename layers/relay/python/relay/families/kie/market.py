"""Owns KIE's Market jobs as we call them: one create call for every model, inputs named model by model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relay.families.kie.records import FILMS, IMAGES, Wire, as_urls, at_most, pick
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, State


@dataclass(frozen=True, slots=True)
class Inputs:
    """How a model names its inputs. `images` None means it takes none; `image` is a field for a single one.

    `usual_ratio` is sent to a model that requires a shape where none is wanted; `always` holds fields it requires
    whatever is asked. Which shapes and lengths it makes stands with its source in the catalog.
    """

    images: str | None = None
    image: str | None = None
    most_images: int = 1
    ratio: str = "aspect_ratio"
    usual_ratio: str | None = None
    always: Mapping[str, object] = field(default_factory=dict)


# The longest beginning of a model id decides. Source of each row: that model's page in the KIE docs, Market.
_MODELS: Mapping[str, Inputs] = {
    "": Inputs(images="image_urls"),
    "nano-banana": Inputs(images="image_input", most_images=8),
    "google/nano-banana": Inputs(ratio="image_size"),
    "google/nano-banana-edit": Inputs(images="image_urls", most_images=10, ratio="image_size"),
    "gpt-image/1.5-text-to-image": Inputs(usual_ratio="1:1", always={"quality": "medium"}),
    "gpt-image/1.5-image-to-image": Inputs(
        images="input_urls",
        most_images=16,
        usual_ratio="1:1",
        always={"quality": "medium"},
    ),
    "seedream/4.5-text-to-image": Inputs(usual_ratio="1:1", always={"quality": "basic"}),
    "seedream/4.5-edit": Inputs(images="image_urls", most_images=10, usual_ratio="1:1", always={"quality": "basic"}),
    "grok-imagine/text-to-image": Inputs(),
    "grok-imagine/image-to-image": Inputs(images="image_urls"),
    "kling-3.0/video": Inputs(
        images="image_urls",
        most_images=2,
        usual_ratio="16:9",
        always={"mode": "std", "sound": False, "multi_shots": False},
    ),
    "kling-2.6/text-to-video": Inputs(usual_ratio="16:9", always={"sound": False}),
    "kling-2.6/image-to-video": Inputs(images="image_urls", always={"sound": False}),
    "hailuo/02-image-to-video": Inputs(image="image_url"),
    "hailuo/2-3-image-to-video": Inputs(image="image_url"),
}


def _write(draft: Draft, source: Source) -> dict[str, object]:
    inputs = _MODELS[max(filter(source.model.startswith, _MODELS), key=len)]
    if draft.count > 1:
        raise Unfit("count", "is not a number made at once", "不是可一次生成的数量", (1,))  # one job, one result
    body = dict(inputs.always)
    if draft.prompt:
        body["prompt"] = draft.prompt
    body |= _images(draft, inputs)
    if ratio := nearest(source.sizes, draft.ratio, draft.size) or inputs.usual_ratio:
        body[inputs.ratio] = ratio
    if draft.duration:
        body["duration"] = str(draft.duration)  # the Market's video models take it as text
    return {"model": source.model, "input": body}


def _images(draft: Draft, inputs: Inputs) -> dict[str, object]:
    images = draft.urls(*IMAGES)
    if not images:
        return {}
    most = inputs.most_images if inputs.images or inputs.image else 0
    if len(images) > most:
        raise at_most(most)
    return {inputs.images: images} if inputs.images else {str(inputs.image): images[0]}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    result = as_object(pick(record, "resultJson"))
    if urls := as_urls(pick(result, "resultUrls")):
        return urls
    values = as_object(pick(result, "resultObject")).values()
    return tuple(asset for value in values for asset in as_urls(value))


WIRE = Wire(
    create="/api/v1/jobs/createTask",
    query="/api/v1/jobs/recordInfo",
    word_fields=("state",),
    # KIE docs, Get Task Details
    words={
        "WAITING": State.QUEUED,
        "QUEUING": State.QUEUED,
        "GENERATING": State.PROCESSING,
        "SUCCESS": State.SUCCEEDED,
        "FAIL": State.FAILED,
    },
    carries={Kind.IMAGE: Carries(media=IMAGES), Kind.VIDEO: FILMS},
    write=_write,
    read_assets=_read_assets,
)
