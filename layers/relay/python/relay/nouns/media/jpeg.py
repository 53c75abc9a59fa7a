"""JPEG, segment by segment to its end marker. What follows is dropped: phones append trailers and videos."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from relay.nouns.media.kinds import NotMedia
from relay.nouns.media.parts import Data, check_comment, cut_short, damaged, hollow, take
from relay.nouns.media.pixels import MAX_BUFFERED, check_size, decode

_END, _SCAN, _COMMENT, _APP0 = 0xD9, 0xDA, 0xFE, 0xE0
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # headers of frames; the three are tables
_HUFFMAN, _PROGRESSIVE = range(0xC0, 0xC3), 0xC2
# of many 0xFF the last: with all of them (\xff+) the search would take quadratic time
_AFTER_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]", re.DOTALL)
_MOST_SCANS = 64  # a scan of a hundred bytes may take a decoder a second
_SCRIPT = 0x2F2A  # a length whose bytes are "/*": the file would be a valid script too


@dataclass(slots=True)
class _Frame:
    marker: int
    blocks: int
    scans: int = 0
    coded: int = 0  # bytes of all scans


def end_of(data: Data) -> int:
    """Where the picture ends. Raises NotMedia."""
    at, frame = 2, None
    while True:
        marker, at = _marker(data, at)
        if marker == _END:
            break
        (length,) = struct.unpack(">H", take(data, at, 2))
        segment = take(data, at + 2, length - 2) if length >= 2 else b""
        if length < 2 or (marker == _APP0 and length == _SCRIPT):
            raise damaged("a segment has no possible length")
        at += length
        if marker in _FRAMES:
            frame = _frame(marker, segment)
        elif marker == _COMMENT:
            check_comment(segment)
        elif marker == _SCAN:
            if frame is None:
                raise damaged("a scan before its frame")
            start, at = at, _scan_end(data, at)
            frame.scans, frame.coded = frame.scans + 1, frame.coded + at - start
    _check(frame)
    decode(data, "JPEG")
    return at


def _marker(data: Data, at: int) -> tuple[int, int]:
    """A marker and where what belongs to it starts; any number of 0xFF may stand before it."""
    if take(data, at, 1) != b"\xff":
        raise damaged("no marker where one must be")
    while (found := take(data, at, 1)) == b"\xff":
        at += 1
    if found[0] <= 0x01 or 0xD0 <= found[0] <= 0xD8:
        raise damaged("a marker that cannot stand there")
    return found[0], at + 1


def _scan_end(data: Data, at: int) -> int:
    found = _AFTER_SCAN.search(data.raw, at)
    if found is None:
        raise cut_short()
    return found.start()


def _frame(marker: int, segment: bytes) -> _Frame:
    fields = Data(segment)
    _, height, width, count = struct.unpack(">BHHB", take(fields, 0, 6))
    check_size(width, height)
    sampling = [divmod(take(fields, 6 + 3 * each, 3)[1], 16) for each in range(count)]
    if not sampling or not all(1 <= factor <= 4 for pair in sampling for factor in pair):
        raise damaged("its frame has no components")
    widest, highest = (max(column) for column in zip(*sampling, strict=True))
    blocks = sum(-(-width * h // (8 * widest)) * -(-height * v // (8 * highest)) for h, v in sampling)
    return _Frame(marker, blocks)


def _check(frame: _Frame | None) -> None:
    if frame is None or frame.scans == 0:
        raise hollow("it has no picture in it")
    if frame.marker in _HUFFMAN and frame.coded * 8 < frame.blocks:  # a block takes a bit at the very least
        raise hollow("it has no data for its pixels")
    if frame.scans > _MOST_SCANS:
        raise damaged("it has too many scans")
    buffered = frame.marker == _PROGRESSIVE or frame.scans > 1
    if buffered and frame.blocks * 128 > MAX_BUFFERED:
        raise NotMedia("has too many pixels for a progressive JPEG", "渐进式 JPEG 像素过多")
