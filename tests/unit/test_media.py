"""Files are judged by their bytes: a whole file of a known type is taken, everything else is told what it is not."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from relay.nouns.media import PICTURES, UPLOADABLE, NotMedia, inspect, sniff
from relay.nouns.media.pixels import MAX_PIXELS
from tests.axes import table
from tests.samples import CONTENT_TYPES, classic, gif_with, jpeg_with, png_of, sample, still_gif

ZIP = b"PK\x03\x04" + b"\0" * 26 + b"PK\x05\x06" + b"\0" * 18
FTYP = struct.pack(">I", 20) + b"ftyp%b\0\0\0\0isom"
CUT_BEHIND = ("jpg", "jpeg", "png")  # for these what follows the end is cut off, for the others it is refused


def refused(body: bytes) -> str:
    with pytest.raises(NotMedia) as caught:
        inspect(body)
    return str(caught.value)


def saved(family: str, **how: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(file, family, **how)
    return file.getvalue()


# --- normal files


@table("extension", CONTENT_TYPES)
def test_a_real_file_is_what_it_is(extension: str) -> None:
    found = inspect(sample(extension))
    assert (found.type.content_type, found.size) == (CONTENT_TYPES[extension], len(sample(extension)))


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_before(*segments: bytes) -> bytes:
    """A JPEG with these segments before its dimensions."""
    return sample("jpg")[:2] + b"".join(segments) + sample("jpg")[2:]


XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:RDF><script/></rdf:RDF></x:xmpmeta>"


def prompted() -> bytes:
    """A PNG as image generators write it: the prompt in its text."""
    words, file = PngInfo(), io.BytesIO()
    words.add_text("parameters", "a web page, <script>alert(1)</script>, <svg onload=x>")
    words.add_itxt("workflow", '{"prompt": "<html><body onload=alert(1)>"}')
    Image.new("RGB", (64, 48)).save(file, "PNG", pnginfo=words)
    return file.getvalue()


NORMAL = {
    "JPEG, progressive": saved("JPEG", progressive=True),
    "JPEG, large": saved("JPEG", quality=95),
    "JPEG with 1 MB of XMP before its dimensions": jpeg_before(*[segment(0xE1, XMP + bytes(60_000))] * 18),
    "JPEG with 1 MB of ICC before its dimensions": jpeg_before(*[segment(0xE2, b"ICC_PROFILE\0" + bytes(60_000))] * 18),
    "JPEG with a plain comment": jpeg_with(b"made with a <3 camera"),
    "JPEG in grey": saved("JPEG", keep_rgb=False),
    "PNG with a prompt that mentions markup": prompted(),
    "PNG, interlaced and 16 bit deep": png_of(9, 7, depth=16, interlace=1),
    "PNG, one bit deep": png_of(9, 7, depth=1),
    "GIF, animated": saved("GIF", save_all=True, append_images=[Image.new("RGB", (640, 480))] * 3),
    "WebP, animated": saved("WEBP", save_all=True, append_images=[Image.new("RGB", (640, 480))] * 3),
    "WebP without loss": saved("WEBP", lossless=True),
    "QuickTime without ftyp": classic(),
    "QuickTime that begins with wide": b"\0\0\0\x08wide" + classic(),
    "QuickTime that begins with free": b"\0\0\0\x10free" + bytes(8) + classic(),
    "MP4 in fragments": sample("fragments"),
    "MP4 with a box of 64 bits": sample("mp4") + b"\0\0\0\x01free" + struct.pack(">Q", 16 + 99) + b"x" * 99,
    "MP4 whose last box goes on to the end": sample("mp4") + b"\0\0\0\0free" + b"x" * 99,
}


@table("body", NORMAL.values(), ids=NORMAL.keys())
def test_a_normal_file_is_taken_whole(body: bytes) -> None:
    assert inspect(body).size == len(body)


BEHIND = {
    "a newline": b"\n",
    "padding": bytes(5000),
    "a phone's trailer": b"\0\0\x01\x0aImage_UTC_Data1700000000000SEFHe\0\0\0SEFT",
    "a motion photo's film": sample("mp4"),
    "an archive": ZIP,
    "a script": b"<script>alert(1)</script>",
    "another picture": sample("jpg"),
}


@pytest.mark.parametrize("extension", CUT_BEHIND)
def test_what_follows_a_picture_is_cut_off(extension: str) -> None:
    sizes = {name: inspect(sample(extension) + behind).size for name, behind in BEHIND.items()}
    assert sizes == dict.fromkeys(BEHIND, len(sample(extension)))


@table("extension", sorted({*CONTENT_TYPES} - {*CUT_BEHIND}))
def test_padding_behind_other_files_is_cut_off(extension: str) -> None:
    assert inspect(sample(extension) + b"\n" + bytes(99)).size == len(sample(extension))


def test_a_live_webm_of_unknown_length_is_whole() -> None:
    body = sample("webm")
    for name in (b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"):
        at = body.index(name) + 4
        width = 9 - body[at].bit_length()
        body = body[:at] + b"\x01" + b"\xff" * 7 + body[at + width :]
    assert inspect(body).type.extension == "webm"


def test_a_mapped_file_is_judged_like_one_in_memory() -> None:
    for extension in CONTENT_TYPES:
        with TemporaryFile() as file:
            file.write(sample(extension) + b"\n")
            file.flush()
            with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
                assert inspect(mapped) == inspect(sample(extension) + b"\n")


# --- what is cut short, double or none of ours


@table("extension", CONTENT_TYPES)
def test_a_file_cut_in_the_middle_is_refused(extension: str) -> None:
    body = sample(extension)
    for part in (0.2, 0.5, 0.9):
        refused(body[: int(len(body) * part)])


@table("extension", CONTENT_TYPES)
def test_a_file_without_its_last_byte_is_refused(extension: str) -> None:
    assert "cut short" in refused(sample(extension)[:-1])


@table("extension", sorted({*CONTENT_TYPES} - {*CUT_BEHIND}))
def test_what_follows_other_files_is_refused(extension: str) -> None:
    for behind in (ZIP, b"<script>", b"x", sample("jpg")):
        refused(sample(extension) + behind)


@table(
    "body",
    [
        b"<!doctype html><html><body>cat.png</body></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%PDF-1.7\n" + sample("jpg"),
        b"MZ" + b"\0" * 200,
        b"\x7fELF" + b"\0" * 200,
        ZIP,
        b"II*\0" + b"\0" * 200,
        b"BM" + b"\0" * 200,
        b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska" + b"\0" * 99,
        b"RIFF\x04\0\0\0ACON",
        b"\0" * 100,
    ],
)  # fmt: skip
def test_other_files_are_none_of_ours(body: bytes) -> None:
    assert refused(body).startswith("is none of")


@pytest.mark.parametrize(("brand", "name"), [(b"heic", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")])
def test_a_picture_that_no_provider_takes_is_told_what_to_become(brand: bytes, name: str) -> None:
    assert refused(FTYP % brand + b"\0\0\0\x08free").startswith(f"is {name}")
    assert "convert it to JPEG or PNG" in refused(FTYP % brand)


def test_a_sound_without_a_container_is_known_but_no_upload() -> None:
    found = sniff(sample("aac"))
    assert found is not None
    assert (found.kind, found.extension) == ("audio", "aac")
    assert refused(sample("aac")).startswith("is none of")


@table("extension", ["mp4", "webm"])
def test_a_sound_in_a_container_of_videos_is_no_video(extension: str) -> None:
    sound = {"mp4": FTYP % b"isom" + sample("m4a")[int.from_bytes(sample("m4a")[:4], "big") :], "webm": sample("weba")}
    assert inspect(sound[extension]).type.kind == "audio"
    with pytest.raises(NotMedia, match="is none of: "):
        inspect(sound[extension], tuple(each for each in UPLOADABLE if each.kind == "video"))


def test_a_sound_as_it_is_written_while_it_is_made_is_taken_and_a_tag_behind_one_dropped() -> None:
    wav = sample("wav").replace(struct.pack("<I", 1600), b"\xff" * 4)
    assert inspect(wav).size == len(wav)
    assert inspect(sample("mp3") + b"TAG".ljust(128, b"x")).size == len(sample("mp3"))


def test_an_empty_file_is_refused() -> None:
    assert refused(b"") == "is empty"


def test_a_film_is_no_picture_where_only_pictures_are_wanted() -> None:
    with pytest.raises(NotMedia, match="is none of: jpg, png, gif, webp "):
        inspect(sample("mp4"), PICTURES)


# --- what is hollow


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", len(body) + 8) + name + body


def listed(kind: bytes, *inside: bytes) -> bytes:
    body = kind + b"".join(inside)
    return b"LIST" + struct.pack("<I", len(body)) + body


def riff(kind: bytes, *inside: bytes) -> bytes:
    body = kind + b"".join(inside)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def without(body: bytes, name: bytes, by: bytes) -> bytes:
    return body.replace(name, by)


def half_a_png() -> bytes:
    """Half of the pixels, packed anew, and a good end."""
    rows = b"".join(b"\0" + bytes(64 * 3) for _ in range(24))
    return png_of(64, 48, colour=2, pixels=rows)


EBML = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
HOLLOW = {
    "a PNG header and an end": png_of(64, 48, pixels=b""),
    "half a PNG with an end glued on": half_a_png(),
    "a PNG with bytes cut out of the middle": sample("png")[:400] + sample("png")[-12:],
    "a JPEG's header and garbage": sample("jpg")[:20] + b"garbage" * 200 + b"\xff\xd9",
    "a JPEG without a scan": sample("jpg")[: sample("jpg").index(b"\xff\xda")] + b"\xff\xd9",
    "a JPEG whose scan is empty": sample("jpg")[: sample("jpg").index(b"\xff\xda") + 14] + b"\xff\xd9",
    "a JPEG without tables": sample("jpg").replace(b"\xff\xdb", b"\xff\xec"),
    "a GIF without a frame": sample("gif")[:13] + b"\x3b",
    "a GIF frame without data": still_gif(100, 100, data=b"\x01\x44"),
    "a WebP of 12 bytes": b"RIFF\x04\0\0\0WEBP",
    "a WebP with no bits": riff(b"WEBP", b"VP8 \x0a\0\0\0\x10\0\0\x9d\x01\x2a\x40\0\x30\0"),
    "an MP4 of 20 bytes": FTYP % b"isom",
    "an MP4 of data alone": FTYP % b"isom" + box(b"mdat", b"x" * 999),
    "an MP4 with an empty index": FTYP % b"isom" + box(b"moov") + box(b"mdat", b"x" * 999),
    "an MP4 whose index names data that is not there": without(sample("mp4"), b"mdat", b"free"),
    "QuickTime of data alone": box(b"mdat", b"x" * 999),
    "an AVI of 12 bytes": b"RIFF\x04\0\0\0AVI ",
    "an AVI without frames": riff(b"AVI ", listed(b"hdrl"), listed(b"movi")),
    "an AVI of frames alone": riff(b"AVI ", listed(b"movi", b"00dc\x04\0\0\0abcd")),
    "a WebM of 17 bytes": EBML + b"\x18\x53\x80\x67\x80",
    "a WebM without a cluster": without(sample("webm"), b"\x1f\x43\xb6\x75", b"\x12\x54\xc3\x67"),
    "an MP3's tag alone": b"ID3\4\0\0\0\0\0\x10" + bytes(16),
    "an MP3 of one frame": sample("mp3")[:20],
    "an Ogg of a page": sample("ogg")[:47],
    "an Ogg of a film": sample("ogg").replace(b"OpusHead", b"\x80theora"),
    "a FLAC without a frame": sample("flac")[:42].replace(b"fLaC\0", b"fLaC\x80"),
    "a FLAC without a header": b"fLaC\x84\0\0\0\xff\xf8",
    "a FLAC of beginnings": b"fLaC\x80\0\0\x22" + bytes(34) + b"\xff\xf8" * 70_000,
    "a WAV without samples": sample("wav")[:36],
    "an M4A of data alone": FTYP % b"M4A " + box(b"mdat", b"x" * 999),
    "a WebM without tracks": without(sample("webm"), b"\x16\x54\xae\x6b", b"\x12\x54\xc3\x67"),
}


@table("body", HOLLOW.values(), ids=HOLLOW.keys())
def test_a_hollow_file_is_refused(body: bytes) -> None:
    assert refused(body).split(" ")[0:2] in (["is", "hollow:"], ["is", "damaged:"], ["is", "cut"])


def test_a_flipped_bit_in_a_png_is_noticed() -> None:
    body = bytearray(sample("png"))
    body[len(body) // 2] ^= 1
    assert "checksum" in refused(bytes(body))


# --- what is two things at once


SCRIPT = b"<script>alert(1)</script>"
DOUBLE = {
    "a script in a GIF's comment": gif_with(SCRIPT),
    "a GIF that begins a script": still_gif(0x2A2F, 100)[:-1] + b"*/=1;alert(1)",
    "a GIF whose dimensions open a comment": still_gif(0x2A2F, 4),
    "a GIF with a script behind it": sample("gif") + b"*/=1;alert(1)",
    "a page in a GIF's comment": gif_with(b"<body onload=alert(1)>"),
    "a page in a JPEG's comment": jpeg_with(b"<body onload=alert(1)>"),
    "PHP in a JPEG's comment": jpeg_with(b"<?php system($_GET[0]); ?>"),
    "SVG in a JPEG's comment": jpeg_with(b"<SVG onload=alert(1)>"),
    "a PDF in a JPEG's comment": jpeg_with(b"%PDF-1.4\n1 0 obj"),
    "a JPEG whose first segment opens a comment": jpeg_before(segment(0xE0, b"JFIF".ljust(0x2F2A - 2, b"\0"))),
    "a page before a PNG's header": sample("png")[:8] + b"\0\0\0\x0dIHDR<iframe src=x>" + sample("png")[8:],
}


@table("body", DOUBLE.values(), ids=DOUBLE.keys())
def test_a_file_that_is_two_things_is_refused(body: bytes) -> None:
    refused(body)


# --- what is too large


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 1), (MAX_PIXELS + 1, 1), (2**32 - 1, 2**32 - 1)])
def test_a_bomb_is_refused_by_its_dimensions(size: tuple[int, int]) -> None:
    body = png_of(*size, pixels=b"")
    assert len(body) < 100
    assert "pixels" in refused(body)


def test_a_picture_as_large_as_allowed_is_taken() -> None:
    assert inspect(png_of(MAX_PIXELS // 8000, 8000, pixels=bytes(MAX_PIXELS + 8000))).type.extension == "png"


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_a_picture_without_dimensions_is_refused(size: tuple[int, int]) -> None:
    assert "dimensions" in refused(png_of(*size, pixels=b""))


def test_two_thousand_frames_of_a_large_gif_are_refused_before_one_is_decoded() -> None:
    frame = still_gif(8000, 8000)[19:-1]
    body = still_gif(8000, 8000)[:-1] + frame * 1999 + b"\x3b"
    tracemalloc.start()
    assert "2000 frames" in refused(body)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20


def test_a_progressive_jpeg_that_would_fill_the_memory_is_refused() -> None:
    body = bytearray(saved("JPEG", progressive=True, subsampling=0))
    at = body.index(b"\xff\xc2") + 5
    body[at : at + 4] = struct.pack(">HH", 7900, 7900)
    assert "hollow" in refused(bytes(body))  # its bits do not even begin to suffice
    filled = body.index(b"\xff\xda") + 40
    assert "progressive" in refused(bytes(body[:filled]) + b"\x55" * 400_000 + bytes(body[filled:]))


@pytest.mark.parametrize(
    "body",
    [
        sample("gif")[:13] + b"\x21\xff" + b"\x01x" * 700_000 + b"\0\x3b",
        sample("jpg")[:2] + b"\xff\xe5\0\x02" * 700_000 + sample("jpg")[2:],
        sample("mp4") + b"\0\0\0\x08free" * 700_000,
        sample("png")[:33] + (b"\0\0\0\0tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))) * 700_000,
        sample("jpg")[: sample("jpg").index(b"\xff\xda") + 20] + b"\xff" * 4_000_000 + b"\0",
    ],
    ids=["GIF", "JPEG", "MP4", "PNG", "JPEG of fill bytes"],
)
def test_a_file_of_too_many_parts_is_refused_soon(body: bytes) -> None:
    refused(body)


# --- whatever comes


SAMPLES = [sample(each) for each in (*CONTENT_TYPES, "fragments")]
HEADS = [each[:40] for each in SAMPLES]


def changed(body: bytes, at: int, drop: int, put: bytes) -> bytes:
    at %= len(body)
    return body[:at] + put + body[at + drop :]


FILES = (
    st.binary(max_size=200)
    | st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary(max_size=200))
    | st.builds(changed, st.sampled_from(SAMPLES), st.integers(0, 10_000), st.integers(0, 8), st.binary(max_size=8))
    | st.builds(
        lambda body, once, twice: changed(changed(body, *once), *twice),
        st.sampled_from([*SAMPLES, *NORMAL.values()]),
        st.tuples(st.integers(0, 10_000), st.integers(0, 300), st.binary(max_size=8)),
        st.tuples(st.integers(0, 10_000), st.integers(0, 300), st.binary(max_size=8)),
    )
)


@settings(deadline=None)
@given(FILES)
@example(b"\x1a\x45\xdf\xa3webm")
@example(b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7 + b"webm")
@example(b"\xff\xd8\xff\xff\xd9")
@example(b"RIFF\xff\xff\xff\xffWEBP")
@example(b"RIFF\x10\0\0\0WEBPVP8X\0\0\0\0")
@example(b"\0\0\0\0ftypisom")
@example(b"\0\0\0\x01moov" + b"\xff" * 8)
def test_any_bytes_are_judged_or_are_no_media(body: bytes) -> None:
    sniff(body)
    with suppress(NotMedia):
        found = inspect(body)
        assert 0 < found.size <= len(body)
        assert found.type in UPLOADABLE
        assert inspect(body[: found.size]) == found  # what is kept is a whole file again
