"""Limits of a picture's size, checked before memory is allocated, and decoding by Pillow."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from relay.nouns.media.kinds import NotMedia
from relay.nouns.media.parts import Data, damaged

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 64_000_000  # width × height: a few KB may decode to gigabytes
MAX_WEBP_PIXELS = 17_000_000  # its decoder takes 16 bytes per pixel
MAX_MOVING = 1_000_000_000  # frames × width × height of an animation
MAX_BUFFERED = 256 << 20  # bytes of coefficients a decoder keeps for a JPEG of several scans


def check_size(width: int, height: int, frames: int = 1, most: int = MAX_PIXELS) -> None:
    if width <= 0 or height <= 0:
        raise NotMedia("has no readable dimensions", "无法读取图片尺寸")
    if width * height > most:
        raise NotMedia(f"has {width}x{height} pixels, more than {most // 1_000_000} million", "图片像素过多")
    if width * height * frames > MAX_MOVING:
        raise NotMedia(f"has {frames} frames of {width}x{height} pixels, too many to decode", "动图总像素过多")


def decode(data: Data, family: str) -> None:
    """Decode the picture, of an animation the first frame, with Pillow. Raises NotMedia.

    A JPEG is decoded at an eighth of its size: that reads all of its data and needs little memory.
    """
    from PIL import GifImagePlugin, JpegImagePlugin, WebPImagePlugin  # noqa: PLC0415 - 40 ms that only judging needs

    readers: dict[str, type[ImageFile]] = {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
    }
    file: Any = BytesIO(data.raw) if isinstance(data.raw, bytes) else data.raw
    try:
        with readers[family](file) as picture:
            picture.draft(None, (max(picture.width // 8, 1), max(picture.height // 8, 1)))
            picture.load()
    except Exception as error:  # its readers raise many kinds of errors for hostile bytes
        raise damaged("it cannot be decoded") from error
