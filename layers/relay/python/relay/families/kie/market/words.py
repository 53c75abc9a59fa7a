"""What the Market's models call their inputs; both sides read a request's `input` by this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relay.nouns.task import State

PLATFORM = "market"
CREATE_PATH, QUERY_PATH = "/api/v1/jobs/createTask", "/api/v1/jobs/recordInfo"

# KIE docs, Get Task Details
STATES: Mapping[str, State] = {
    "waiting": State.QUEUED,
    "queuing": State.QUEUED,
    "generating": State.PROCESSING,
    "success": State.SUCCEEDED,
    "fail": State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """How a model names its inputs. `images` None means it takes none; `image` is a field for a single one.

    `usual_ratio` is sent to a model that requires a shape where none is wanted; `always` holds fields it requires
    whatever is asked, which can be nothing else here. Which shapes and lengths it makes stands with its source in the
    catalog. `level` is a field whose values have prices of their own, with the usual one first: each other value is a
    model of its own in the catalog, ID@VALUE. `options` are values of fields named as our options, by our words.
    """

    images: str | None = None
    image: str | None = None
    most_images: int = 1
    needs_image: bool = False
    ratio: str = "aspect_ratio"
    usual_ratio: str | None = None
    level: tuple[str, str] | None = None
    always: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_NANO_FORMATS = {"output_format": {"png": "png", "jpeg": "jpeg"}}
# The longest beginning of a model id decides. Source of each row: that model's page in the KIE docs, Market.
_MODELS: Mapping[str, Inputs] = {
    "": Inputs(images="image_urls"),
    "nano-banana": Inputs(images="image_input", most_images=8),
    "nano-banana-pro": Inputs(
        images="image_input",
        most_images=8,
        level=("resolution", "1K"),
        options={"output_format": {"png": "png", "jpeg": "jpg"}},
    ),
    "google/nano-banana": Inputs(ratio="image_size", options=_NANO_FORMATS),
    "google/nano-banana-edit": Inputs(
        images="image_urls", most_images=10, needs_image=True, ratio="image_size", options=_NANO_FORMATS
    ),
    "gpt-image/1.5-text-to-image": Inputs(usual_ratio="1:1", level=("quality", "medium")),
    "gpt-image/1.5-image-to-image": Inputs(
        images="input_urls", most_images=16, needs_image=True, usual_ratio="1:1", level=("quality", "medium")
    ),
    "seedream/4.5-text-to-image": Inputs(usual_ratio="1:1", level=("quality", "basic")),
    "seedream/4.5-edit": Inputs(
        images="image_urls", most_images=10, needs_image=True, usual_ratio="1:1", level=("quality", "basic")
    ),
    "grok-imagine/text-to-image": Inputs(),
    "grok-imagine/image-to-image": Inputs(images="image_urls", needs_image=True),
    "kling-3.0/video": Inputs(
        images="image_urls",
        most_images=2,
        usual_ratio="16:9",
        level=("mode", "std"),
        always={"sound": False, "multi_shots": False},
    ),
    "kling-2.6/text-to-video": Inputs(usual_ratio="16:9", always={"sound": False}),
    "kling-2.6/image-to-video": Inputs(images="image_urls", needs_image=True, always={"sound": False}),
    "bytedance/v1-pro-image-to-video": Inputs(image="image_url", needs_image=True),
    "bytedance/v1-pro-text-to-video": Inputs(),
    "hailuo/02-text-to-video": Inputs(),
    "hailuo/02-image-to-video": Inputs(image="image_url", needs_image=True),
    "hailuo/2-3-image-to-video": Inputs(image="image_url", needs_image=True),
}


def inputs_of(model: str) -> Inputs:
    return _MODELS[max(filter(model.startswith, _MODELS), key=len)]
