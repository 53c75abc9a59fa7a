"""Owns the video: the prompt's picture with a ball that rolls along a filling bar, as H.264 any browser plays."""

from __future__ import annotations

import math
import tempfile
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageDraw

from local.upstreams.media.picture import draw_picture

FRAMES_PER_SECOND = 8
ENCODER_OPTIONS = {"preset": "ultrafast", "crf": "27"}


def make_video(
    prompt: str,
    caption: str,
    size: tuple[int, int],
    seconds: float,
    *,
    seed: str,
    background: bytes | None = None,
) -> bytes:
    """An MP4 of `seconds`; with `background` bytes it opens on that picture."""
    still = draw_picture(prompt, caption, size, seed, background)
    count = max(1, round(seconds * FRAMES_PER_SECOND))
    # A file on disk because moving the index to the front makes the muxer read back what it wrote.
    with tempfile.TemporaryDirectory(prefix="genrelay-video-") as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=ENCODER_OPTIONS)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            for number in range(count):
                frame = av.VideoFrame.from_image(_frame(still, number, count))  # type: ignore[no-untyped-call]
                frame.pts = number
                frame.time_base = Fraction(1, FRAMES_PER_SECOND)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


def _frame(still: Image.Image, number: int, count: int) -> Image.Image:
    image = still.copy()
    draw = ImageDraw.Draw(image)
    wide, high = image.size
    done = (number + 1) / count
    thick = max(4, high // 54)
    x = thick + done * (wide - 2 * thick)
    draw.rectangle((0, high - thick, wide, high), fill=(20, 22, 30))
    draw.rectangle((0, high - thick, x, high), fill=(255, 214, 92))
    bounce = abs(math.sin(number / FRAMES_PER_SECOND * math.pi * 1.5)) * high * 0.08
    radius = thick * 1.8
    y = high - thick - radius - bounce
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 236, 170))
    return image
