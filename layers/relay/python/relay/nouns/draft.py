"""What a client asked for, in canonical words, and the kinds of thing there are to ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as having
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
    `units` are what a price may be for. `metered`: what was used is charged, and bounded by the limits of open lines
    instead of those of creations.
    """

    file: Literal["image", "video", "audio"] | None
    units: tuple[str, ...]
    metered: bool = False


KINDS: Mapping[Kind, Traits] = {
    Kind.IMAGE: Traits("image", ("call", "image")),
    Kind.VIDEO: Traits("video", ("call", "second")),
    Kind.MUSIC: Traits("audio", ("call",)),
    Kind.SPEECH: Traits("audio", ("call", "character")),
    Kind.TRANSCRIPT: Traits(None, ("call",)),
    Kind.TEXT: Traits(None, ("call",)),
    Kind.CHARACTER: Traits(None, ("call",)),
    Kind.CHAT: Traits(None, ("token",), metered=True),
}


class MediaRole(StrEnum):
    """What an input is for."""

    IMAGE = "image"  # to work from; what the upstream makes of several is for it to say
    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    MASK = "mask"  # which part of the image to change
    REFERENCE = "reference"  # an image whose subject or style is to appear
    VIDEO = "video"
    AUDIO = "audio"
    SOURCE = "source"  # of a face swap: the image whose face is taken
    TARGET = "target"  # of a face swap: the image it is put into


# Which kinds of file each may be (`nouns/media`); what is not listed is an image. Of a video its sound can be used.
FILE_KINDS: Mapping[MediaRole, tuple[str, ...]] = {MediaRole.VIDEO: ("video",), MediaRole.AUDIO: ("audio", "video")}


def file_kinds(role: MediaRole) -> tuple[str, ...]:
    return FILE_KINDS.get(role, ("image",))


@dataclass(frozen=True, slots=True)
class Medium:
    """One input: an https URL, inline bytes (`data:`, until it is stored), or `media:<key>` for a file in our bucket.

    `field` is what the client calls it, with its place where it is one of a list: `image_url`, `filesUrl[1]`.
    """

    role: MediaRole
    url: str
    field: str = having(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Parent:
    """A task of ours to follow up on, and with `ref` which part of it: a clip, an index, a button.

    The client's words for both are `field` and `ref_field`. The rest is filled in at submit from the parent itself:
    the upstream, its API and platform there, its job, and the upstream's own word for the part.
    """

    task_id: str
    ref: str = ""
    field: str = having(default="task_id", compare=False)
    ref_field: str = having(default="", compare=False)
    upstream: str = ""
    api: str = ""
    label: str = ""
    upstream_task_id: str = ""
    upstream_ref: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the client wants to be told of the end, and what it calls that field; with `moves` also of each change.

    With `hook` it is the account's own address, and counts as long as the account has it; `also` are its
    further ones.
    """

    url: str
    field: str = having(default="callback_url", compare=False)
    moves: bool = False
    hook: bool = False
    also: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.url, *self.also)


@dataclass(frozen=True, slots=True)
class ClientRef:
    """The client's own reference for a task, and what it calls that field; with `once` no other task may have it."""

    text: str
    field: str = "client_ref"
    once: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client asked for, in canonical words; `raw` is the request as it was sent, for families that echo it.

    `duration` is seconds. `fields` are the client's words for what it calls otherwise than we do (`count`, `duration`,
    an option); they serve refusals at submit and are not stored, nor are the `field`s of media, parent and callback.
    """

    dialect: str
    platform: str
    kind: Kind
    model: str
    prompt: str = ""
    action: str = ""
    count: int = 1
    size: str | None = None
    ratio: str | None = None
    duration: int | None = None
    media: tuple[Medium, ...] = ()
    options: Mapping[str, object] = having(default_factory=dict)
    parent: Parent | None = None
    callback: Callback | None = None
    raw: Mapping[str, object] = having(default_factory=dict)
    fields: Mapping[str, str] = having(default_factory=dict, compare=False)
    asks: bool = False  # accepted as it is, to be completed by its client before it is fitted and charged
    client_ref: ClientRef | None = having(default=None, compare=False)  # kept on the task

    def urls(self, *roles: MediaRole) -> list[str]:
        """The media of these roles, in the order they were sent."""
        return [medium.url for medium in self.media if medium.role in roles]

    def url(self, role: MediaRole) -> str | None:
        """The first medium of this role."""
        return next(iter(self.urls(role)), None)

    def client_word(self, about: str) -> str:
        """What the client calls a field of this draft, a medium by its role, or an option."""
        medium = next((medium for medium in self.media if medium.role == about), None)
        if medium and medium.field:
            return medium.field.partition("[")[0]
        if about == "parent" and self.parent:
            return self.parent.field
        return self.fields.get(about, about)


def media_of(role: MediaRole, field: str, given: str | Sequence[str] | None) -> tuple[Medium, ...]:
    """The media in a client's field: one, a list of them, or none."""
    if isinstance(given, str):
        return (Medium(role, given, field),)
    return tuple(Medium(role, url, f"{field}[{number}]") for number, url in enumerate(given or ()))


def options_of(**values: object) -> dict[str, object]:
    """The options that a client gave a value."""
    return {name: value for name, value in values.items() if value is not None}
