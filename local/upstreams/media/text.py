"""Owns putting a prompt into a box: the font, the wrapping and the size at which it fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

LONGEST_TEXT = 600
# A font with Chinese glyphs comes first: it draws Latin too, the reverse is not true.
FONT_PATTERNS = (
    "NotoSansCJK*-Regular*",
    "NotoSansSC*",
    "SourceHanSans*",
    "wqy-*",
    "PingFang*",
    "Hiragino Sans GB*",
    "msyh*",
    "DejaVuSans-Bold.ttf",
    "LiberationSans-Bold.ttf",
    "Arial*.ttf",
)
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "C:/Windows/Fonts")
# One CJK character is a word of its own; anything else breaks at spaces.
_WORD = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+")


@lru_cache(maxsize=1)
def _font_file() -> str | None:
    folders = [Path(folder) for folder in FONT_FOLDERS if Path(folder).is_dir()]
    for pattern in FONT_PATTERNS:
        for folder in folders:
            found = sorted(folder.rglob(pattern))
            if found:
                return str(found[0])
    return None


@lru_cache(maxsize=64)
def font(size: int) -> Font:
    """The best font of this machine at `size` pixels; Pillow's own where there is none."""
    file = _font_file()
    return ImageFont.truetype(file, size) if file else ImageFont.load_default(size)


def printable(text: str) -> str:
    """One line of drawable text: control characters and lone surrogates become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT]).split())


def fit(text: str, width: float, height: float, largest: int) -> tuple[list[str], int]:
    """Lines and font size with which `text` fills the box; cut with an ellipsis when even small letters overflow."""
    size = largest
    smallest = max(9, largest // 5)
    while True:
        lines = _wrap(text, width, font(size).getlength)
        most = max(1, int(height / (size * LINE_HEIGHT)))
        if len(lines) <= most:
            return lines, size
        if size <= smallest:
            return [*lines[: most - 1], lines[most - 1].rstrip() + "…"], size
        size = max(smallest, int(size * 0.85))


LINE_HEIGHT = 1.32


def _wrap(text: str, width: float, length: Callable[[str], float]) -> list[str]:
    lines, line, end = [], "", 0
    for match in _WORD.finditer(text):
        gap = " " if match.start() > end and line else ""
        end = match.end()
        if line and length(line + gap + match[0]) > width:
            lines.append(line)
            line, gap = "", ""
        line += gap + match[0]
        while length(line) > width and len(line) > 1:
            cut = max(1, int(len(line) * width / length(line)) - 1)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line] if line else lines
