"""What a client asked for, in canonical words, and the kinds of thing there are to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """What can be asked for. The catalog's deadlines are listed by these names."""

    IMAGE = "image"
    VIDEO = "video"
    MUSIC = "music"
    SPEECH = "speech"
    TRANSCRIPT = "transcript"
    TEXT = "text"
    CHARACTER = "character"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Traits:
    """What holds for a kind in every family.

    `file` is the kind of media a result is, which is what gets archived; None where the result is what was said of it.
    `units` are what a price may be for.
    """

    file: Literal["image", "video", "audio"] | None
    units: tuple[str, ...]


KINDS: Mapping[Kind, Traits] = {
    Kind.IMAGE: Traits("image", ("call", "image")),
    Kind.VIDEO: Traits("video", ("call", "second")),
    Kind.MUSIC: Traits("audio", ("call",)),
    Kind.SPEECH: Traits("audio", ("call",)),
    Kind.TRANSCRIPT: Traits(None, ("call",)),
    Kind.TEXT: Traits(None, ("call",)),
    Kind.CHARACTER: Traits(None, ("call",)),
    Kind.CHAT: Traits(None, ("call",)),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client asked for, in canonical words; `raw` is the request as it was sent, for families that echo it.

    `parent` is a task of ours to continue; `parent_upstream_task_id` and `pin` are filled from it at submit,
    because only the upstream that made the parent can continue it. `duration` is seconds.
    """

    dialect: str
    platform: str
    kind: Kind
    model: str
    prompt: str = ""
    action: str = ""
    count: int = 1
    size: str | None = None
    aspect_ratio: str | None = None
    duration: int | None = None
    image_urls: tuple[str, ...] = ()
    mask_url: str | None = None
    video_url: str | None = None
    parent: str | None = None
    parent_upstream_task_id: str | None = None
    pin: str | None = None
    lyrics: str | None = None
    style: str | None = None
    callback_url: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    raw: Mapping[str, object] = field(default_factory=dict)
