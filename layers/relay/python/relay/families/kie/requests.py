"""Owns what is said where a request does not fit an API."""

from __future__ import annotations

from relay.nouns.errors import Unfit


def at_most(images: int) -> Unfit:
    """An API takes fewer input images than were given; with the first of them it would make something else."""
    if not images:
        return Unfit("image", "is not taken by this model", "该模型不支持")
    return Unfit("image", f"takes at most {images} for this model", f"该模型最多 {images} 个")
