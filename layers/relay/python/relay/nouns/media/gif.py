"""GIF, block by block to its trailer."""

from __future__ import annotations

import struct

from relay.nouns.media.parts import Data, check_comment, damaged, hollow, take, whole
from relay.nouns.media.pixels import check_size, decode

_TRAILER, _FRAME, _EXTENSION, _COMMENT = b"\x3b", b"\x2c", b"\x21", 0xFE
_TEXT = 1 << 20  # bytes of a comment that are read
_MOST_PIXELS = 4096  # that one byte of a frame can stand for: a code has 12 bits and spells at most 4,094


def end_of(data: Data) -> int:
    """Where the animation ends. Raises NotMedia."""
    width, height, flags = struct.unpack("<HHB", take(data, 6, 5))
    if b"/*" in data[6:11]:
        raise damaged("its dimensions begin a script")
    at, frames = 13 + _colours(flags), 0
    while (kind := take(data, at, 1)) != _TRAILER:
        if kind == _FRAME:
            right, bottom, at = _frame(data, at + 1)
            width, height, frames = max(width, right), max(height, bottom), frames + 1
        elif kind == _EXTENSION:
            at = _extension(data, at + 1)
        else:
            raise damaged("no block where one must be")
    if frames == 0:
        raise hollow("it has no picture in it")
    check_size(width, height, frames)
    decode(data, "GIF")
    return whole(data, at + 1)


def _colours(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _frame(data: Data, at: int) -> tuple[int, int, int]:
    """How far a frame reaches to the right and down, and where it ends."""
    left, top, width, height, flags = struct.unpack("<HHHHB", take(data, at, 9))
    start = at + 9 + _colours(flags) + 1
    end, held = _blocks(data, start)
    if width * height > held * _MOST_PIXELS:
        raise hollow("it has no data for its pixels")
    return left + width, top + height, end


def _extension(data: Data, at: int) -> int:
    end, _ = _blocks(data, at + 1)
    if take(data, at, 1)[0] == _COMMENT:
        check_comment(data[at : min(end, at + _TEXT)])
    return end


def _blocks(data: Data, at: int) -> tuple[int, int]:
    """Where a row of sub-blocks ends, and how many bytes they hold."""
    held = 0
    while size := take(data, at, 1)[0]:
        at, held = at + size + 1, held + size
    return at + 1, held
