"""Sounds: MP3 frame by frame, Ogg page by page, FLAC and WAV up to their samples. M4A is in `boxes`."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from relay.nouns.media.kinds import NotMedia
from relay.nouns.media.parts import Data, cut_short, damaged, hollow, take, whole

# Thousands of bits per second of layer III by a header's four bits, for MPEG-1 and for MPEG-2 and 2.5.
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SAMPLING = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by the version's bits
_LEAST_FRAMES = 2  # one may stand in any file by chance
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")  # what players write behind a song
_CODECS = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
_FLAC_FRAMES = (b"\xff\xf8", b"\xff\xf9")
_SMALLEST_FLAC_FRAME, _LARGEST_FLAC_FRAME = 8, 1 << 17  # bytes
_MOST_TRIES = 16  # places where the last frame may begin: its bytes may look like a beginning by chance


def _crc16(word: int) -> int:
    for _ in range(8):
        word = word << 1 ^ (0x8005 if word & 0x8000 else 0)
    return word & 0xFFFF


_CRC16 = [_crc16(byte << 8) for byte in range(256)]
_CHUNK = re.compile(rb"[\w ]{4}")
_ENDLESS = 0xFFFFFFFF  # the size of what was written as it was made


def mp3_end(data: Data) -> int:
    """Where its frames end; tags behind them are dropped. Raises NotMedia."""
    at, frames = _behind_tag(data), 0
    while (size := _frame(data[at : at + 4])) and at + size <= len(data):
        at, frames = at + size, frames + 1
    if frames < _LEAST_FRAMES:
        raise hollow("it has no sound in it")
    left = data[at : at + 16]
    if size:
        raise cut_short()
    return at if left.startswith(_TAGS) else whole(data, at)


def _behind_tag(data: Data) -> int:
    head = data[0:10]
    if not head.startswith(b"ID3"):
        return 0
    if len(head) < 10:
        raise cut_short()
    size = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _frame(head: bytes) -> int:
    """The bytes of the frame that begins so; 0 where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # layer III
        return 0
    version, rate, sampling = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or sampling == 3:
        return 0
    first = version == 3
    bits = _RATES[0 if first else 1][rate] * 1000
    return (144 if first else 72) * bits // _SAMPLING[version][sampling] + (head[2] >> 1 & 1)


def ogg_end(data: Data) -> int:
    """Where its last page ends. Raises NotMedia."""
    at, pages = 0, 0
    while data[at : at + 4] == b"OggS":
        count = take(data, at + 26, 1)[0]
        start = at + 27 + count
        size = sum(take(data, at + 27, count))
        if start + size > len(data):
            raise cut_short()
        if not pages and not data[start : start + 8].startswith(_CODECS):
            raise hollow("it has no sound in it")
        at, pages = start + size, pages + 1
    if pages < 2:
        raise hollow("it has no sound in it")
    return whole(data, at)


def flac_end(data: Data) -> int:
    """Where its last frame ends. Frames do not say how long they are, but end with a checksum. Raises NotMedia."""
    at, last, first = 4, False, True
    while not last:
        (head,) = struct.unpack(">I", take(data, at, 4))
        last, kind, size = bool(head >> 31), head >> 24 & 0x7F, head & 0xFFFFFF
        if first and (kind, size) != (0, 34):
            raise damaged("it does not begin with its header")
        at, first = at + 4 + size, False
    if data[at : at + 2] not in _FLAC_FRAMES:
        raise hollow("it has no sound in it")
    start = max(at, len(data) - _LARGEST_FLAC_FRAME)
    tail = data[start : len(data)]
    places = sorted((place for word in _FLAC_FRAMES for place in _places(tail, word)), reverse=True)
    for place in places[:_MOST_TRIES]:
        if end := _checked(tail[place:]):
            return start + place + end
    raise NotMedia("is cut short, or has something appended to it", "文件不完整或附带了多余内容")


def _places(tail: bytes, word: bytes) -> Iterator[int]:
    at = tail.find(word)
    while at >= 0:
        yield at
        at = tail.find(word, at + 1)


def _checked(frame: bytes) -> int:
    """Where a FLAC frame ends whose checksum is right, if only zeros and white space follow it; else 0."""
    least, check = max(len(frame.rstrip(b"\0\r\n\t ")), _SMALLEST_FLAC_FRAME), 0
    for number, byte in enumerate(frame, 1):
        check = (check << 8 & 0xFFFF) ^ _CRC16[check >> 8 ^ byte]
        if check == 0 and number >= least:
            return number
    return 0


def wav_end(data: Data) -> int:
    """Where its samples, or the chunks behind them, end; a size that was not known reaches to the end."""
    at, format_, samples = 12, False, False
    while at + 8 <= len(data) and not (samples and not _CHUNK.fullmatch(data[at : at + 4])):
        name, size = struct.unpack("<4sI", take(data, at, 8))
        if name == b"data" and size == _ENDLESS:
            size = len(data) - at - 8
        if at + 8 + size > len(data):
            raise cut_short()
        format_, samples = format_ or (name == b"fmt " and size >= 16), samples or (name == b"data" and size > 0)
        at += 8 + size + size % 2
    if not format_ or not samples:
        raise hollow("it has no sound in it")
    return whole(data, min(at, len(data)))
