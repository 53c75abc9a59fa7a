"""What a file really is, judged by its bytes: type, dimensions, and whether anything hides behind or inside it.

Names and declared types are hostile input and are never looked at here.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO

import imagesize

HEAD = 1 << 18  # bytes kept from the start: a JPEG's dimensions may stand behind its colour profile
TAIL = 16
_OPEN_END, _NO_BOXES = -1, -2
MAX_PIXELS = 64_000_000  # width × height; a picture of a few KB may unpack to gigabytes


@dataclass(frozen=True, slots=True)
class MediaType:
    """`kind` is image, video or audio; `extension` is without a dot."""

    kind: str
    extension: str
    content_type: str


_JPEG = MediaType("image", "jpg", "image/jpeg")
_PNG = MediaType("image", "png", "image/png")
_GIF = MediaType("image", "gif", "image/gif")
_WEBP = MediaType("image", "webp", "image/webp")
_MP4 = MediaType("video", "mp4", "video/mp4")
_MOV = MediaType("video", "mov", "video/quicktime")
_AVI = MediaType("video", "avi", "video/x-msvideo")
_WEBM = MediaType("video", "webm", "video/webm")
_MP3 = MediaType("audio", "mp3", "audio/mpeg")
_WAV = MediaType("audio", "wav", "audio/wav")
_M4A = MediaType("audio", "m4a", "audio/mp4")
_OGG = MediaType("audio", "ogg", "audio/ogg")
_FLAC = MediaType("audio", "flac", "audio/flac")

PICTURES = (_JPEG, _PNG, _GIF, _WEBP)
UPLOADABLE = (*PICTURES, _MP4, _MOV, _AVI, _WEBM)

# Where each type's magic stands: offset, bytes. The first match wins.
_MAGIC: tuple[tuple[int, bytes, MediaType], ...] = (
    (0, b"\xff\xd8\xff", _JPEG),
    (0, b"\x89PNG\r\n\x1a\n", _PNG),
    (0, b"GIF87a", _GIF),
    (0, b"GIF89a", _GIF),
    (8, b"WEBP", _WEBP),
    (8, b"AVI ", _AVI),
    (8, b"WAVE", _WAV),
    (4, b"ftypqt", _MOV),
    (4, b"ftypM4A", _M4A),
    (4, b"ftyp", _MP4),
    (0, b"\x1a\x45\xdf\xa3", _WEBM),
    (0, b"ID3", _MP3),
    (0, b"\xff\xfb", _MP3),
    (0, b"\xff\xfa", _MP3),
    (0, b"\xff\xf3", _MP3),
    (0, b"\xff\xf2", _MP3),
    (0, b"OggS", _OGG),
    (0, b"fLaC", _FLAC),
)
_RIFF = (_WEBP, _AVI, _WAV)
# Pictures in the same box as films (HEIC, AVIF, Canon's raw), by the brand after `ftyp`.
_BOXED_PICTURES = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx ")

# What an interpreter or a browser would act on if it were served the file: the first wherever it stands, the second
# only near the start, where such readers look. Compressed bytes spell anything as short by chance: `<svg` once in
# five films of 100 MB.
_MARKUP = re.compile(rb"<(?:script|iframe|!doctype|!entity|\?php\s)", re.IGNORECASE)
_DOCUMENT = re.compile(rb"<svg[\s/>]|<html[\s>]|%PDF-", re.IGNORECASE)
_NEAR = 4096


class NotMedia(ValueError):
    """The bytes are not what we take; the message says what is wrong with them, `zh` in Chinese."""

    def __init__(self, message: str, zh: str) -> None:
        self.zh = zh
        super().__init__(message)


def sniff(head: bytes) -> MediaType | None:
    """The type a file's first bytes announce, or None."""
    for offset, magic, found in _MAGIC:
        if head.startswith(magic, offset) and (found not in _RIFF or head.startswith(b"RIFF")):
            if found is _WEBM and b"webm" not in head[:64]:
                return None  # EBML, but some other Matroska
            if found is _MP4 and head.startswith(_BOXED_PICTURES, 8):
                return None
            return found
    return None


@dataclass(slots=True)
class Inspection:
    """Bytes as they pass, in one go and whatever the size: keeps a head, a tail, a digest and what was noticed."""

    size: int = 0
    head: bytearray = field(default_factory=bytearray)
    tail: bytes = b""
    markup: bool = False
    boxes_end: int = 0  # where the boxes seen so far end, if the file is made of boxes as MP4 is
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def feed(self, chunk: bytes) -> None:
        seen, start = self.tail + chunk, self.size - len(self.tail)
        self.size += len(chunk)
        self.head += chunk[: HEAD - len(self.head)]
        self.markup = self.markup or _MARKUP.search(seen) is not None
        self.boxes_end = _boxes_end(seen, start, self.boxes_end)
        self.tail = seen[-TAIL:]
        self._digest.update(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def inspect(chunks: Iterable[bytes]) -> Inspection:
    seen = Inspection()
    for chunk in chunks:
        seen.feed(chunk)
    return seen


def judge(seen: Inspection, allowed: tuple[MediaType, ...] = UPLOADABLE) -> MediaType:
    """What an upload is. Raises NotMedia for anything but one whole file of an allowed type and bearable dimensions."""
    if seen.size == 0:
        raise NotMedia("is empty", "文件为空")
    found = sniff(bytes(seen.head))
    if found not in allowed or found is None:
        known = ", ".join(each.extension for each in allowed)
        raise NotMedia(f"is none of: {known} (judged by its bytes)", f"不是支持的格式（按内容判断）：{known}")
    if seen.markup or _DOCUMENT.search(seen.head, 0, _NEAR):
        raise NotMedia("holds markup or a script", "文件内含脚本或标记")
    if not _ENDS[found](seen):
        raise NotMedia("is cut short, or something is appended to it", "文件不完整或附带了多余内容")
    if found.kind == "image":
        _check_dimensions(seen)
    return found


def _check_dimensions(seen: Inspection) -> None:
    width, height = imagesize.get(BytesIO(seen.head))
    if width <= 0 or height <= 0:
        raise NotMedia("has no readable dimensions", "无法读取图片尺寸")
    if width * height > MAX_PIXELS:
        raise NotMedia(f"has {width}x{height} pixels, more than {MAX_PIXELS // 1_000_000} million", "图片像素过多")


def _riff_ends(seen: Inspection) -> bool:
    # the size counts what follows it; an odd size is padded by a byte that some writers leave out
    declared = struct.unpack_from("<I", seen.head, 4)[0] + 8
    return seen.size in (declared, declared + declared % 2)


def _boxes_end(seen: bytes, start: int, end: int) -> int:
    """Where the last box ends that begins in `seen`, which stands at `start`; `end` is where the one before does."""
    while start <= end <= start + len(seen) - 8:
        (size,) = struct.unpack_from(">I", seen, end - start)
        if size == 1:  # the size is in the eight bytes behind the name
            if end - start + 16 > len(seen):
                break
            (size,) = struct.unpack_from(">Q", seen, end - start + 8)
        if size == 0:
            return _OPEN_END
        end = end + size if size >= 8 else _NO_BOXES
    return end


def _boxes_whole(seen: Inspection) -> bool:
    return seen.boxes_end in (seen.size, _OPEN_END)


def _webm_whole(seen: Inspection) -> bool:
    """A header, then one segment that says how long it is, or that it goes on to the end."""
    head = bytes(seen.head)
    header, start = _ebml_size(head, 4)
    segment = start + (header or 0)
    if not head.startswith(b"\x18\x53\x80\x67", segment):
        return False
    size, start = _ebml_size(head, segment + 4)
    return start <= seen.size and size in (None, seen.size - start)


def _ebml_size(head: bytes, at: int) -> tuple[int | None, int]:
    """An element's size, None for an unknown one, and where its content starts."""
    first = head[at] if at < len(head) else 0
    width = 9 - first.bit_length()
    value = int.from_bytes(head[at : at + width], "big") & ~(1 << 7 * width)
    return (None if value == (1 << 7 * width) - 1 else value), at + width


_ENDS: dict[MediaType, Callable[[Inspection], bool]] = {
    _PNG: lambda seen: seen.tail.endswith(b"\0\0\0\0IEND\xaeB`\x82"),
    _JPEG: lambda seen: seen.tail.rstrip(b"\0").endswith(b"\xff\xd9"),
    _GIF: lambda seen: seen.tail.rstrip(b"\0").endswith(b"\x3b"),
    _MP4: _boxes_whole,
    _MOV: _boxes_whole,
    _WEBM: _webm_whole,
    _WEBP: _riff_ends,
    _AVI: _riff_ends,
}
