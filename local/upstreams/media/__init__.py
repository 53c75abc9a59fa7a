"""Owns the files simulated upstreams hand out: real pictures, videos and sounds, made in memory and cached."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image, UnidentifiedImageError

from local.upstreams.media.picture import draw_picture
from local.upstreams.media.sound import SOUNDS, make_sound
from local.upstreams.media.video import make_video

Kind = Literal["image", "video", "music"]

CONTENT_TYPES: dict[Kind, str] = {"image": "image/png", "video": "video/mp4", "music": "audio/mpeg"}
SUFFIXES: dict[Kind, str] = {"image": "png", "video": "mp4", "music": "mp3"}
SOUND_TYPES = {**{form: f"audio/{form}" for form in SOUNDS}, "mp3": "audio/mpeg"}
LONGEST_VIDEO = 60.0
LONGEST_SOUND = 30.0
PICTURE_SIDE = 1024
VIDEO_SIDE = 480
_SIZE = re.compile(r"\s*(\d{1,5})\s*[x×:*]\s*(\d{1,5})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """Everything one file is made from; equal recipes give equal bytes."""

    kind: Kind
    prompt: str
    caption: str
    size: str = "1:1"
    seconds: float = 5.0
    variant: int = 0
    background: bytes | None = None
    form: str = ""  # of a sound that is no MP3

    @property
    def suffix(self) -> str:
        return self.form or SUFFIXES[self.kind]

    @property
    def content_type(self) -> str:
        return SOUND_TYPES[self.form] if self.form else CONTENT_TYPES[self.kind]


@lru_cache(maxsize=128)
def make(recipe: Recipe) -> bytes:
    """The bytes of the file; the second call with an equal recipe is free."""
    seed = recipe.prompt if recipe.variant == 0 else f"{recipe.prompt}#{recipe.variant}"
    if recipe.kind == "music":
        return make_sound(seed, length_of("music", recipe.seconds), recipe.form or "mp3")
    if recipe.kind == "video":
        size = pixels(recipe.size, VIDEO_SIDE)
        seconds = length_of("video", recipe.seconds)
        return make_video(recipe.prompt, recipe.caption, size, seconds, seed=seed, background=recipe.background)
    size = pixels(recipe.size, PICTURE_SIDE)
    picture = draw_picture(recipe.prompt, recipe.caption, size, seed, background=recipe.background)
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=2)
    return out.getvalue()


def check_picture(body: bytes) -> None:
    """Raises ValueError for bytes that no picture can be read from."""
    try:
        with Image.open(io.BytesIO(body)) as image:
            image.load()
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError("it is not a picture") from error


def length_of(kind: Kind, seconds: float) -> float:
    """Seconds a file of this kind really lasts when `seconds` were asked for."""
    return max(0.5, min(seconds, LONGEST_SOUND if kind == "music" else LONGEST_VIDEO))


def pixels(size: str, cap: int) -> tuple[int, int]:
    """Width and height for "1024x1536" or "16:9": the ratio is kept, no side exceeds `cap`, both are even."""
    match = _SIZE.fullmatch(size)
    wide, high = (int(match[1]), int(match[2])) if match else (1, 1)
    wide, high = max(wide, 1), max(high, 1)
    is_ratio = match is None or max(wide, high) < 64
    scale = cap / max(wide, high)
    if not is_ratio:
        scale = min(scale, 1.0)
    return _even(wide * scale), _even(high * scale)


def _even(length: float) -> int:
    # yuv420p halves both sides, so an odd one cannot be encoded; 64 keeps extreme ratios drawable.
    return max(64, round(length / 2) * 2)
