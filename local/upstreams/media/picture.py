"""Owns the picture: a background grown from the prompt, with the prompt written on it."""

from __future__ import annotations

import colorsys
import hashlib
import io
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from local.upstreams.media.text import LINE_HEIGHT, fit, font, printable

Colour = tuple[int, int, int]


def draw_picture(
    prompt: str, caption: str, size: tuple[int, int], seed: str, background: bytes | None = None
) -> Image.Image:
    """The prompt on a background; with `background` bytes, that picture shows and the text keeps to the bottom."""
    if background is None:
        base = _backdrop(size, Random(hashlib.sha256(seed.encode("utf-8", "replace")).digest()))
        box = (0.09, 0.16, 0.91, 0.80)
    else:
        base = ImageOps.fit(Image.open(io.BytesIO(background)).convert("RGB"), size)
        box = (0.04, 0.70, 0.96, 0.90)
    return _write(base, printable(prompt) or "(no prompt)", printable(caption), box)


def palette(dice: Random) -> tuple[Colour, Colour, Colour]:
    """Two background colours and an accent: neighbours on the colour wheel, because opposite ones mix to grey."""
    hue = dice.random()
    return _colour(hue, 0.75, 0.34), _colour(hue + 0.12, 0.62, 0.82), _colour(hue + 0.22, 0.42, 1.0)


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _backdrop(size: tuple[int, int], dice: Random) -> Image.Image:
    dark, light, accent = palette(dice)
    # Drawn small and scaled up: the same soft look for a twentieth of the work.
    ramp = Image.linear_gradient("L").rotate(dice.choice((25, 35, 145, 155)), expand=False)
    small = ImageOps.colorize(ramp.crop((50, 50, 206, 206)).resize((256, 256)), dark, light).convert("RGB")
    glow = Image.new("L", (256, 256), 0)
    draw = ImageDraw.Draw(glow)
    for _ in range(5):
        radius, x, y = dice.randint(14, 62), dice.randint(0, 256), dice.randint(0, 256)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=dice.randint(50, 120))
    small.paste(Image.new("RGB", (256, 256), accent), mask=glow.filter(ImageFilter.GaussianBlur(14)))
    return small.resize(size, Image.Resampling.BICUBIC)


def _write(base: Image.Image, prompt: str, caption: str, box: tuple[float, float, float, float]) -> Image.Image:
    wide, high = base.size
    left, top, right, bottom = box[0] * wide, box[1] * high, box[2] * wide, box[3] * high
    pad = min(wide, high) * 0.05
    small = max(9, min(wide, high) // 34)
    lines, size = fit(prompt, right - left - 2 * pad, bottom - top - 2 * pad, max(12, min(wide, high) // 11))
    block = len(lines) * size * LINE_HEIGHT
    middle = (top + bottom) / 2
    panel = (left, middle - block / 2 - pad, right, middle + block / 2 + pad)
    veil = Image.new("L", base.size, 0)
    ImageDraw.Draw(veil).rounded_rectangle(panel, radius=pad, fill=120)
    base.paste((8, 10, 18), mask=veil)
    draw = ImageDraw.Draw(base)
    for number, line in enumerate(lines):
        y = middle - block / 2 + (number + 0.5) * size * LINE_HEIGHT
        draw.text((wide / 2, y), line, font=font(size), fill=(255, 255, 255), anchor="mm")
    draw.text((wide / 2, high - small * 1.5), caption, font=font(small), fill=(235, 238, 245), anchor="mm")
    return base
