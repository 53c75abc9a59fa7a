"""MP4, QuickTime and M4A: nested boxes; the size table of a video or sound track must match the data in the file."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from relay.nouns.media.kinds import NotMedia
from relay.nouns.media.parts import Data, cut_short, damaged, hollow, take, whole

_NAME = re.compile(rb"[\w \xa9]{4}")
_MOST_SAMPLES = 1_000_000  # frames of one video


class Box(NamedTuple):
    """`start` and `end` are those of the content."""

    name: bytes
    start: int
    end: int


def boxes(data: Data, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places, up to padding. Raises NotMedia."""
    while at + 8 <= end:
        size, name = struct.unpack(">I4s", take(data, at, 8))
        start = at + 8
        if size == 1:  # the size is in the eight bytes behind the name
            (size,) = struct.unpack(">Q", take(data, start, 8))
            start += 8
        elif size == 0 and name != b"\0\0\0\0":
            size = end - at
        if not _NAME.fullmatch(name):
            return
        if at + size > end:
            raise cut_short()
        if size < start - at:
            raise damaged("a box is smaller than its own header")
        yield Box(name, start, at + size)
        at += size


def end_of(data: Data) -> int:
    """Where the video ends. Raises NotMedia."""
    return _end_of(data, b"vide", "video")


def sound_end(data: Data) -> int:
    """The same of a sound."""
    return _end_of(data, b"soun", "sound")


def is_sound(data: Data) -> bool:
    """Whether it holds a sound and no video. What cannot be read is told by the others."""
    try:
        index = next((each for each in boxes(data, 0, len(data)) if each.name == b"moov"), None)
        kinds = [_kind(data, track) for track in _inside(data, index, b"trak")] if index else []
    except NotMedia:
        return False
    return b"soun" in kinds and b"vide" not in kinds


def _end_of(data: Data, kind: bytes, name: str) -> int:
    found = list(boxes(data, 0, len(data)))
    held = sum(each.end - each.start for each in found if each.name == b"mdat")
    index = next((each for each in found if each.name == b"moov"), None)
    if index is None or not held:
        raise hollow(f"it has no index of a {name}, or no data")
    in_fragments = any(each.name == b"moof" for each in found)
    wanted = next((track for track in _inside(data, index, b"trak") if _kind(data, track) == kind), None)
    if wanted is None:
        raise hollow(f"it has no {name} track")
    samples = _sample_bytes(data, wanted)
    if samples > held or not (samples or in_fragments):
        raise hollow("it has not the data that its index names")
    return whole(data, found[-1].end)


def _inside(data: Data, box: Box, *path: bytes) -> Iterator[Box]:
    """The boxes at a path of names within one."""
    for each in boxes(data, box.start, box.end):
        if each.name == path[0]:
            yield from _inside(data, each, *path[1:]) if path[1:] else [each]


def _kind(data: Data, track: Box) -> bytes:
    """What a track holds: `vide`, `soun` or another word."""
    return next((take(data, each.start + 8, 4) for each in _inside(data, track, b"mdia", b"hdlr")), b"")


def _sample_bytes(data: Data, track: Box) -> int:
    """How many bytes a track's samples have, by its table of sizes."""
    for table in _inside(data, track, b"mdia", b"minf", b"stbl", b"stsz"):
        each, count = struct.unpack(">II", take(data, table.start + 4, 8))
        if each:
            return int(each * count)
        if count > _MOST_SAMPLES or table.start + 12 + 4 * count > table.end:
            raise damaged("its table of sizes cannot be right")
        return sum(struct.unpack(f">{count}I", take(data, table.start + 12, 4 * count)))
    return 0
