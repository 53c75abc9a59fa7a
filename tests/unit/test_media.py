"""Files are judged by their bytes: one whole file of a known type is taken, everything else is told what it is not."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.media import MAX_PIXELS, UPLOADABLE, Inspection, NotMedia, inspect, judge, sniff
from tests.samples import CONTENT_TYPES, SOUNDS, gif_with, jpeg_with, png_of, sample

ZIP = b"PK\x03\x04" + b"\0" * 26 + b"PK\x05\x06" + b"\0" * 18
FTYP = struct.pack(">I", 20) + b"ftyp%b\0\0\0\0isom"


def refused(body: bytes) -> str:
    with pytest.raises(NotMedia) as caught:
        judge(inspect([body]))
    return str(caught.value)


@pytest.mark.parametrize("extension", CONTENT_TYPES)
def test_a_real_file_is_what_it_is(extension: str) -> None:
    assert judge(inspect([sample(extension)])).content_type == CONTENT_TYPES[extension]


@pytest.mark.parametrize("extension", [*SOUNDS, "wav"])
def test_a_sound_is_known_but_no_upload(extension: str) -> None:
    found = sniff(sample(extension))
    assert found is not None
    assert (found.kind, found.extension) == ("audio", extension)
    assert refused(sample(extension)).startswith("is none of")


@pytest.mark.parametrize("extension", CONTENT_TYPES)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_cut_in_the_middle_is_refused(extension: str, part: float) -> None:
    body = sample(extension)
    refused(body[: int(len(body) * part)])


@pytest.mark.parametrize("extension", CONTENT_TYPES)
def test_a_file_without_its_last_byte_is_refused(extension: str) -> None:
    assert "cut short" in refused(sample(extension)[:-1])


@pytest.mark.parametrize("extension", CONTENT_TYPES)
def test_a_file_with_an_archive_behind_it_is_refused(extension: str) -> None:
    assert "appended" in refused(sample(extension) + ZIP)


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><html><body>cat.png</body></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7\n" + sample("jpg"),
        b"MZ" + b"\0" * 200,
        b"\x7fELF" + b"\0" * 200,
        ZIP,
        b"II*\0" + b"\0" * 200,
        b"BM" + b"\0" * 200,
        b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska" + b"\0" * 99,
        *[FTYP % brand + b"\0\0\0\x08free" for brand in (b"heic", b"avif", b"mif1", b"crx ")],
        b"RIFF\x04\0\0\0ACON",
        b"\0" * 100,
    ],
)  # fmt: skip
def test_other_files_are_none_of_ours(body: bytes) -> None:
    assert refused(body).startswith("is none of")


@pytest.mark.parametrize(
    "body",
    [
        gif_with(b"<script>alert(1)</script>"),
        gif_with(b"<SCRIPT src=//evil.example>"),
        jpeg_with(b"<?php system($_GET[0]); ?>"),
        jpeg_with(b"<svg onload=alert(1)>"),
        jpeg_with(b"<html><body onload=alert(1)>"),
        jpeg_with(b'<!ENTITY x SYSTEM "file:///etc/passwd">'),
        jpeg_with(b"%PDF-1.4\n1 0 obj"),
        sample("png")[:8] + b"\0\0\0\x0dIHDR<iframe src=x>" + sample("png")[8:],
    ],
)  # fmt: skip
def test_markup_inside_a_picture_is_refused(body: bytes) -> None:
    assert "markup" in refused(body)


def test_markup_far_into_a_file_is_found() -> None:
    body = sample("jpg")
    assert "markup" in refused(body[:-2] + b"\0" * 3_000_000 + b"<?php eval(1);" + body[-2:])


def test_chance_does_not_spell_markup() -> None:
    noise = random.Random(5)
    mark = b"".join(noise.randbytes(50_000) + short for short in (b"<svg>", b"<html ", b"%PDF-", b"<?php1"))
    body = sample("jpg")
    assert judge(inspect([body[:-2] + mark + body[-2:]])).extension == "jpg"


def test_an_empty_file_is_refused() -> None:
    assert refused(b"") == "is empty"


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 1), (MAX_PIXELS + 1, 1), (2**32 - 1, 2**32 - 1)])
def test_a_bomb_is_refused_by_its_dimensions(size: tuple[int, int]) -> None:
    body = png_of(*size)
    assert len(body) < 100
    assert "pixels" in refused(body)


def test_a_picture_as_large_as_allowed_is_taken() -> None:
    assert judge(inspect([png_of(MAX_PIXELS // 8000, 8000)])).extension == "png"


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_a_picture_without_dimensions_is_refused(size: tuple[int, int]) -> None:
    assert "dimensions" in refused(png_of(*size))


def test_a_film_is_no_picture_where_only_pictures_are_wanted() -> None:
    pictures = tuple(each for each in UPLOADABLE if each.kind == "image")
    with pytest.raises(NotMedia, match="is none of: jpg, png, gif, webp "):
        judge(inspect([sample("mp4")]), pictures)


def test_a_film_whose_last_box_goes_on_to_the_end_is_whole() -> None:
    assert judge(inspect([FTYP % b"isom" + b"\0\0\0\0mdat" + b"x" * 999])).extension == "mp4"


def test_a_film_with_a_box_of_64_bits_is_whole() -> None:
    box = b"\0\0\0\x01mdat" + struct.pack(">Q", 16 + 999) + b"x" * 999
    assert judge(inspect([FTYP % b"mp42" + box])).extension == "mp4"


def test_a_live_webm_of_unknown_length_is_whole() -> None:
    body = sample("webm")
    at = body.index(b"\x18\x53\x80\x67") + 4
    assert judge(inspect([body[:at] + b"\x01" + b"\xff" * 7 + body[at + 8 :]])).extension == "webm"


def test_a_hundred_megabytes_are_judged_in_seconds() -> None:
    began, seen = time.process_time(), Inspection()
    chunk = os.urandom(1 << 20)
    for _ in range(100):
        seen.feed(chunk)
    assert time.process_time() - began < 10
    assert len(seen.head) < 1 << 20


HEADS = [sample(each)[:40] for each in CONTENT_TYPES]
FILES = (
    st.binary(max_size=200)
    | st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary(max_size=200))
    | st.builds(
        lambda body, at, put: body[: at % len(body)] + put + body[at % len(body) :],
        st.sampled_from([sample(each) for each in CONTENT_TYPES]),
        st.integers(0, 10_000),
        st.binary(max_size=8),
    )
)


@given(FILES)
@example(b"\x1a\x45\xdf\xa3webm")
@example(b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7 + b"webm")
@example(b"\xff\xd8\xff\xff\xd9")
@example(b"RIFF\xff\xff\xff\xffWEBP")
@example(b"\0\0\0\0ftypisom")
def test_any_bytes_are_judged_or_are_no_media(body: bytes) -> None:
    sniff(body)
    with suppress(NotMedia):
        judge(inspect([body]))


@given(st.sampled_from([sample(each) for each in CONTENT_TYPES]) | FILES, st.lists(st.integers(0, 60), max_size=30))
@example(b"x" * 30 + b"<scr" + b"ipt>" + b"x" * 30, [34])
def test_a_file_is_the_same_however_it_comes(body: bytes, cuts: list[int]) -> None:
    chunks, rest = list[bytes](), body
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    seen = inspect([*chunks, rest])
    assert seen.sha256 == hashlib.sha256(body).hexdigest()
    whole = inspect([body])
    for each in ("size", "head", "tail", "markup", "boxes_end"):
        assert getattr(seen, each) == getattr(whole, each)
