"""PNG, chunk by chunk to IEND, with its checksums and its pixels. What follows IEND is cut off."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from relay.nouns.media.parts import Data, cut_short, damaged, hollow, take
from relay.nouns.media.pixels import check_size

_STEP = 1 << 20
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # bits, by colour type
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # Adam7
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


@dataclass(slots=True)
class _Pixels:
    """Decompresses the pixel data only to count its bytes."""

    needed: int
    _stream: zlib._Decompress = field(default_factory=zlib.decompressobj)

    def feed(self, packed: bytes) -> None:
        try:
            while packed and self.needed > 0:
                self.needed -= len(self._stream.decompress(packed, _STEP))
                packed = self._stream.unconsumed_tail
        except zlib.error as error:
            raise damaged("its pixels cannot be unpacked") from error


def end_of(data: Data) -> int:
    """Where the picture ends. Raises NotMedia."""
    at, pixels, frames, header = 8, None, 0, b""
    size: int
    while True:
        size, name = struct.unpack(">I4s", take(data, at, 8))
        _check_sum(data, at, size)
        if pixels is None:
            header = _header(data, at, size, name)
            pixels = _Pixels(_needed(header))
        elif name == b"IDAT":
            for start in range(at + 8, at + 8 + size, _STEP):
                pixels.feed(data[start : min(start + _STEP, at + 8 + size)])
        elif name not in _CRITICAL and not name[0] & 0x20:
            raise damaged("it has a part that no PNG has")
        frames += name == b"fcTL"
        at += size + 12
        if name == b"IEND":
            break
    if pixels.needed > 0:
        raise hollow("it has not the data for its pixels")
    check_size(*_size(header), frames)
    return at


def _check_sum(data: Data, at: int, size: int) -> None:
    if at + size + 12 > len(data):
        raise cut_short()
    check, end = 0, at + 8 + size
    for start in range(at + 4, end, _STEP):
        check = zlib.crc32(data[start : min(start + _STEP, end)], check)
    if struct.pack(">I", check) != data[end : end + 4]:
        raise damaged("a checksum is wrong")


def _header(data: Data, at: int, size: int, name: bytes) -> bytes:
    if name != b"IHDR" or size != 13:
        raise damaged("it does not begin with its header")
    header = take(data, at + 8, 13)
    depth, colour, packing, filtering, interlace = header[8:]
    if depth not in _DEPTHS.get(colour, ()) or packing or filtering or interlace > 1:
        raise damaged("its header says what no PNG is")
    return header


def _needed(header: bytes) -> int:
    """Bytes of the unpacked pixels: each row of each pass is led by a byte."""
    width, height = _size(header)
    check_size(width, height)
    depth, colour, interlace = header[8], header[9], header[12]
    needed = 0
    for left, top, across, down in _PASSES if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            needed += rows * ((columns * depth * _CHANNELS[colour] + 7) // 8 + 1)
    return needed


def _size(header: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", header[:8])
    return width, height
