"""Writing requests: what KIE's APIs take alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from relay.families.provider import Carries
from relay.nouns.draft import Draft, MediaRole
from relay.nouns.errors import Unfit

IMAGES = (MediaRole.IMAGE, MediaRole.FIRST_FRAME)
VIDEOS = Carries(("text2video", "image2video"), IMAGES)


def images_of(draft: Draft, most: int, roles: Collection[MediaRole] = IMAGES) -> list[str]:
    """The input images. Raises Unfit for more than `most`: with the first of them an API would make something else."""
    images = draft.urls(*roles)
    if len(images) > most:
        if not most:
            raise Unfit("image", "is not taken by this model", "该模型不支持")
        raise Unfit("image", f"takes at most {most} for this model", f"该模型最多 {most} 个")
    return images


def image_of(draft: Draft) -> str | None:
    """The input image of an API that takes one."""
    return next(iter(images_of(draft, 1)), None)


def check_extension(draft: Draft) -> None:
    """Raises Unfit for an extension of no video that we know, or with media of its own."""
    if draft.parent and draft.media:
        raise Unfit(draft.media[0].role, "is not taken where a video is extended", "延长视频时不支持")
    if draft.action == "extend" and not draft.parent:
        raise Unfit("action", "must be a video that was made here", "必须是在此生成的视频")


def filled(**fields: object) -> dict[str, object]:
    """The fields that have a value: the others are left out."""
    return {name: value for name, value in fields.items() if value}


def chosen_options(draft: Draft, words: Mapping[str, str]) -> dict[str, object]:
    """The options that were asked for, by the API's own words."""
    asked = ((word, draft.options.get(name)) for name, word in words.items())
    return {word: value for word, value in asked if value is not None}
