"""WebM: nested elements; the segment must hold a video or sound track and a cluster with data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from relay.nouns.media.kinds import NotMedia
from relay.nouns.media.parts import Data, cut_short, damaged, hollow, take, whole

_SEGMENT, _TRACKS, _CLUSTER, _TRACK, _TRACK_TYPE = 0x18538067, 0x1654AE6B, 0x1F43B675, 0xAE, 0x83
_BLOCKS = (0xA3, 0xA0)  # a simple block, a block group
# What a segment is made of beside tracks and clusters: seek head, info, cues, tags, chapters, void, checksum.
_PARTS = frozenset({0x114D9B74, 0x1549A966, 0x1C53BB6B, 0x1254C367, 0x1043A770, 0xEC, 0xBF, _TRACKS, _CLUSTER})
_FILM, _SOUND = b"\x01", b"\x02"


class Element(NamedTuple):
    """`start` and `end` are those of the content; of one of unknown length `end` is its parent's."""

    id: int
    start: int
    end: int
    known: bool


def end_of(data: Data) -> int:
    """Where the video ends. Raises NotMedia."""
    return _end_of(data, _FILM, "video")


def sound_end(data: Data) -> int:
    """The same of a sound."""
    return _end_of(data, _SOUND, "sound")


def is_sound(data: Data) -> bool:
    """Whether it holds a sound and no video. What cannot be read is told by the others."""
    try:
        segment = _element(data, _element(data, 0, len(data)).end, len(data))
        tracks = next((part for part in _parts(data, segment) if part.id == _TRACKS), None)
        return tracks is not None and _has(data, tracks, _SOUND) and not _has(data, tracks, _FILM)
    except NotMedia:
        return False


def _end_of(data: Data, kind: bytes, name: str) -> int:
    header = _element(data, 0, len(data))
    segment = _element(data, header.end, len(data))
    if not header.known or segment.id != _SEGMENT:
        raise damaged("its header is not followed by a segment")
    track = block = False
    for part in _parts(data, segment):
        track = track or (part.id == _TRACKS and _has(data, part, kind))
        block = block or (part.id in _BLOCKS and part.end > part.start)
    if not track:
        raise hollow(f"it has no {name} track")
    if not block:
        raise hollow("it has no cluster with data")
    return whole(data, segment.end)


def _parts(data: Data, segment: Element) -> Iterator[Element]:
    """A segment's parts, with what the clusters hold: the end of a live one is only known by what follows it."""
    at, cluster_end = segment.start, segment.start
    while at < segment.end:
        each = _element(data, at, segment.end)
        inside = at < cluster_end
        if not inside and each.id not in _PARTS:
            raise damaged("its segment holds something else")
        if not each.known and each.id != _CLUSTER:
            raise damaged("an element has no length")
        yield each
        at = each.start if each.id == _CLUSTER else each.end
        if each.id == _CLUSTER:
            cluster_end = each.end


def _has(data: Data, tracks: Element, kind: bytes) -> bool:
    """Whether one of the tracks is of this kind."""
    for track in _children(data, tracks):
        if track.id == _TRACK:
            for each in _children(data, track):
                if each.id == _TRACK_TYPE and data[each.start : each.end] == kind:
                    return True
    return False


def _children(data: Data, parent: Element) -> Iterator[Element]:
    at = parent.start
    while at < parent.end:
        child = _element(data, at, parent.end)
        yield child
        at = child.end


def _element(data: Data, at: int, end: int) -> Element:
    identity, _, at = _number(data, at, marked=True)
    size, known, start = _number(data, at, marked=False)
    if known and start + size > end:
        raise cut_short()
    return Element(identity, start, start + size if known else end, known)


def _number(data: Data, at: int, *, marked: bool) -> tuple[int, bool, int]:
    """A number, whether it is one (all bits set mean unknown), and where it ends; an id keeps its length bits."""
    width = 9 - take(data, at, 1)[0].bit_length()
    if width > 8:
        raise damaged("an element has no length")
    value, most = int.from_bytes(take(data, at, width), "big"), 1 << 7 * width
    return value if marked else value % most, value % most != most - 1, at + width
