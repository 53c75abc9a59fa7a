"""What both sides of the route for videos of any vendor call things."""

from __future__ import annotations

from collections.abc import Mapping

from relay.nouns.options import OPTIONS

PLATFORM = "generations"
PATH = "/v1/video/generations"
RATIO = "aspect_ratio"  # in `metadata`, where a vendor's own fields are; `size` is pixels

# Of the vendors' own fields in `metadata` those are read that say what one of our options does, by that option's name.
METADATA: Mapping[str, tuple[type, ...]] = {
    name: {"text": (str,), "word": (str,), "number": (int, float), "whole": (int,), "flag": (bool,)}[option.type]
    for name, option in OPTIONS.items()
    if option.type != "object"
}
