"""Simulated results are real files: they decode, they show what was asked, they are made fast."""

from __future__ import annotations

import io
import time

import av
import pytest
from PIL import Image

from local.upstreams.media import Recipe, check_picture, make, pixels
from tests.axes import table


def picture(prompt: str, size: str = "1:1", variant: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(make(Recipe("image", prompt, "demo model", size, variant=variant))))


def test_a_picture_is_a_png_of_the_size_asked_for() -> None:
    image = picture("a lighthouse", "768x512")
    image.load()
    assert (image.format, image.size) == ("PNG", (768, 512))


def test_two_prompts_and_two_variants_give_different_pictures() -> None:
    first = picture("a lighthouse").tobytes()
    assert first != picture("a ship").tobytes()
    assert first != picture("a lighthouse", variant=1).tobytes()


def test_one_prompt_gives_the_same_bytes_again() -> None:
    recipe = Recipe("image", "a harbour", "demo model")
    first = make(recipe)
    make.cache_clear()
    assert make(recipe) == first


@pytest.mark.parametrize("prompt", ["", "一只红狐狸" * 40, "x" * 5000, "tab\tnul\0 half \ud800 emoji 🦊"])
def test_no_prompt_breaks_a_picture(prompt: str) -> None:
    assert picture(prompt, "256x256").size == (256, 256)


@table(
    "size, expected",
    [
        ("1:1", (1024, 1024)),
        ("3:2", (1024, 682)),
        ("9:16", (576, 1024)),
        ("1024x1536", (682, 1024)),
        ("512x512", (512, 512)),
        ("99999x1", (1024, 64)),
        ("0:0", (1024, 1024)),
        ("huge", (1024, 1024)),
    ],
)
def test_sizes_keep_their_ratio_within_the_cap(size: str, expected: tuple[int, int]) -> None:
    assert pixels(size, 1024) == expected


def test_a_video_lasts_as_long_as_asked_moves_and_is_made_in_under_a_second() -> None:
    started = time.perf_counter()
    body = make(Recipe("video", "waves at night", "demo model", "16:9", 5.0))
    assert time.perf_counter() - started < 1.0
    assert 0 < body.index(b"moov") < body.index(b"mdat")
    with av.open(io.BytesIO(body), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (480, 270)
        frames = [bytes(frame.planes[0]) for frame in container.decode(stream)]
        assert container.duration == pytest.approx(5_000_000, abs=150_000)
    assert frames[0] != frames[-1]


def test_a_video_from_a_picture_opens_on_that_picture() -> None:
    red = io.BytesIO()
    Image.new("RGB", (300, 300), (220, 20, 20)).save(red, "PNG")
    body = make(Recipe("video", "go", "demo model", "1:1", 1.0, background=red.getvalue()))
    with av.open(io.BytesIO(body), "r") as container:
        first = next(container.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    r, g, b = first.getpixel((20, 20))
    assert r > 180
    assert max(g, b) < 70


def test_a_song_sounds_and_stops_at_the_cap() -> None:
    body = make(Recipe("music", "quiet rain", "demo model", seconds=300.0))
    with av.open(io.BytesIO(body), "r") as container:
        assert container.duration == pytest.approx(30_000_000, abs=200_000)
        loud = max(max(memoryview(frame.planes[0]).cast("f")) for frame in container.decode(audio=0))
    assert loud > 0.1


def test_what_is_no_picture_is_told_apart() -> None:
    with pytest.raises(ValueError, match="not a picture"):
        check_picture(b"<html>")
