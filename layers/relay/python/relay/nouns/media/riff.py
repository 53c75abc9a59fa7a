"""The two formats made of RIFF chunks that we take: WebP and AVI."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from relay.nouns.media.parts import Data, cut_short, damaged, hollow, take, whole
from relay.nouns.media.pixels import MAX_WEBP_PIXELS, check_size, decode

_FRAMES = (b"dc", b"db")  # how the names of a video's compressed and raw frames end


class Chunk(NamedTuple):
    """`start` and `end` are those of the content; a list's content begins with its kind."""

    name: bytes
    start: int
    end: int


def chunks(data: Data, at: int, end: int) -> Iterator[Chunk]:
    """The chunks between two places; an odd size is padded by a byte that some writers leave out at the end."""
    while at < end:
        name, size = struct.unpack("<4sI", take(data, at, 8))
        if at + 8 + size > end:
            raise cut_short()
        yield Chunk(name, at + 8, at + 8 + size)
        at += 8 + size + size % 2


def webp_end(data: Data) -> int:
    """Where the picture ends. Raises NotMedia."""
    riff = _riff(data, 0)
    found = list(chunks(data, riff.start + 4, riff.end))
    size = next((_webp_size(data, each) for each in found if each.name in (b"VP8X", b"VP8 ", b"VP8L")), (0, 0))
    pictures = [each for each in found if each.name in (b"VP8 ", b"VP8L", b"ANMF")]
    if not pictures:
        raise hollow("it has no picture in it")
    check_size(*size, frames=len(pictures), most=MAX_WEBP_PIXELS)
    decode(data, "WEBP")
    return whole(data, min(riff.end + riff.end % 2, len(data)))


def _webp_size(data: Data, chunk: Chunk) -> tuple[int, int]:
    head = Data(take(data, chunk.start, min(10, chunk.end - chunk.start)))
    if chunk.name == b"VP8L":
        (bits,) = struct.unpack("<I", take(head, 1, 4))
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk.name == b"VP8X":
        width, height = take(head, 4, 3), take(head, 7, 3)
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    width, height = struct.unpack("<HH", take(head, 6, 4))
    return width & 0x3FFF, height & 0x3FFF


def avi_end(data: Data) -> int:
    """Where the video ends; a long one goes on in further RIFFs. Raises NotMedia."""
    riff = _riff(data, 0)
    lists = {
        bytes(data[each.start : each.start + 4]): each
        for each in chunks(data, riff.start + 4, riff.end)
        if each.name == b"LIST"
    }
    if b"hdrl" not in lists or not _has_film_stream(data, lists[b"hdrl"]):
        raise hollow("it has no header list with a video in it")
    if b"movi" not in lists or not _has_frame(data, lists[b"movi"]):
        raise hollow("it has no frames")
    end = riff.end + riff.end % 2
    while data[end : end + 4] == b"RIFF":
        riff = _riff(data, end)
        if take(data, riff.start, 4) != b"AVIX":
            raise damaged("another file follows it")
        end = riff.end + riff.end % 2
    return whole(data, min(end, len(data)))


def _riff(data: Data, at: int) -> Chunk:
    name, size = struct.unpack("<4sI", take(data, at, 8))
    if name != b"RIFF" or size < 4 or at + 8 + size > len(data):
        raise cut_short()
    return Chunk(name, at + 8, at + 8 + size)


def _has_film_stream(data: Data, headers: Chunk) -> bool:
    for stream in chunks(data, headers.start + 4, headers.end):
        if stream.name == b"LIST" and data[stream.start : stream.start + 4] == b"strl":
            for part in chunks(data, stream.start + 4, stream.end):
                if part.name == b"strh" and data[part.start : part.start + 4] == b"vids":
                    return True
    return False


def _has_frame(data: Data, frames: Chunk) -> bool:
    for each in chunks(data, frames.start + 4, frames.end):
        if each.name == b"LIST" and data[each.start : each.start + 4] == b"rec " and _has_frame(data, each):
            return True
        if each.name[2:] in _FRAMES and each.end > each.start:
            return True
    return False
