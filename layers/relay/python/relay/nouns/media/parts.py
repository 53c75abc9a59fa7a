"""Shared by the readers of all formats: reading with bounds, errors, comments, and bytes behind a file's end."""

from __future__ import annotations

import re
from mmap import mmap

from relay.nouns.media.kinds import NotMedia

_MOST_LOOKS = 600_000  # slices read of one file; a real GIF of 100 MB takes 400,000

_STEP = 1 << 20
# Markup is refused in comments only: XMP and EXIF are markup themselves, and a PNG's text may hold a prompt.
_MARKUP = re.compile(
    rb"<\s*/?(?:html|head|body|script|svg|iframe|img|meta|object|embed|style|link|form|base)\b"
    rb"|<!(?:doctype|entity)|<\?php|%PDF-",
    re.IGNORECASE,
)


class Data:
    """A file read by slices; a large one is memory-mapped."""

    __slots__ = ("_looks", "raw")

    def __init__(self, raw: bytes | mmap) -> None:
        self.raw, self._looks = raw, 0

    def __len__(self) -> int:
        return len(self.raw)

    def __getitem__(self, part: slice) -> bytes:
        """Raises NotMedia after _MOST_LOOKS slices: a file of millions of tiny parts would take too long."""
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            raise damaged("it is made of too many parts")
        return self.raw[part]


def take(data: Data, at: int, size: int) -> bytes:
    """Exactly these bytes. Raises NotMedia where the file ends before."""
    found = data[at : at + size]
    if at < 0 or len(found) < size:
        raise cut_short()
    return found


def cut_short() -> NotMedia:
    return NotMedia("is cut short", "文件不完整")


def damaged(what: str) -> NotMedia:
    return NotMedia(f"is damaged: {what}", "文件已损坏")


def hollow(what: str) -> NotMedia:
    return NotMedia(f"is hollow: {what}", "文件没有实际内容")


def check_comment(text: bytes) -> None:
    if _MARKUP.search(text):
        raise NotMedia("holds markup or a script in a comment", "文件注释内含脚本或标记")


def whole(data: Data, end: int) -> int:
    """`end`, if only zeros and white space follow it. Raises NotMedia for anything else."""
    for at in range(end, len(data), _STEP):
        if data[at : min(at + _STEP, len(data))].strip(b"\0\r\n\t "):
            raise NotMedia("has something appended to it", "文件附带了多余内容")
    return end
