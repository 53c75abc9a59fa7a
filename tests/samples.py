"""Real files of every type, made once: what a client could bring, and what an upstream could make."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from functools import cache
from typing import Any

import av
from PIL import Image

PICTURES = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}
FILMS = {"mp4": "mpeg4", "mov": "mpeg4", "avi": "mpeg4", "webm": "libvpx"}
SOUNDS = {"mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "m4a": "aac", "weba": "libopus", "aac": "aac"}
CONTAINERS = {"m4a": "ipod", "weba": "webm", "aac": "adts"}
CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "avi": "video/x-msvideo",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "weba": "audio/webm",
}


@cache
def sample(extension: str) -> bytes:
    """A small file of one type, as an ordinary program writes it."""
    if extension in PICTURES:
        return _picture(PICTURES[extension])
    if extension in FILMS:
        return _film(extension)
    if extension == "fragments":
        return _film("mp4", {"movflags": "frag_keyframe+empty_moov"})
    return _wave() if extension == "wav" else _sound(extension)


def _picture(family: str) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((64, 48)).convert("RGB").save(file, family)
    return file.getvalue()


def _film(extension: str, options: dict[str, str] | None = None) -> bytes:
    frames: Any = av.VideoFrame  # its makers are not annotated
    file = io.BytesIO()
    with av.open(file, "w", format=extension, options=options or {}) as container:
        stream: Any = container.add_stream(FILMS[extension], rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(10):
            frame = frames.from_image(Image.new("RGB", (64, 48), (shade * 20, 80, 90)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def _wave() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\1" * 800)
    return file.getvalue()


def _sound(extension: str) -> bytes:
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(_wave())) as source,
        av.open(file, "w", format=CONTAINERS.get(extension, extension)) as container,
    ):
        stream: Any = container.add_stream(SOUNDS[extension], rate=8000)
        reader: Any = source
        for frame in reader.decode(audio=0):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def png_of(
    width: int, height: int, *, depth: int = 8, colour: int = 0, interlace: int = 0, pixels: bytes | None = None
) -> bytes:
    """A PNG of this size, all black; `pixels` are others, which may be too few."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    rows = bytes(2 * height * (width * depth * 3 // 8 + 16)) if pixels is None else pixels
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg_with(comment: bytes) -> bytes:
    """A good JPEG with a comment in it."""
    jpeg = sample("jpg")
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]


def gif_with(comment: bytes) -> bytes:
    """A good GIF with a comment in it."""
    gif = sample("gif")
    return gif[:-1] + b"\x21\xfe" + bytes([len(comment)]) + comment + b"\0\x3b"


def still_gif(width: int, height: int, data: bytes | None = None) -> bytes:
    """A GIF with one frame of this size; its data stands for every pixel only where the size is small."""
    held = b"\x55" * (width * height // 4000 + 64) if data is None else data
    blocks = b"".join(bytes([len(held[at : at + 255])]) + held[at : at + 255] for at in range(0, len(held), 255))
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return (
        b"GIF89a"
        + screen[:7]
        + b"\0\0\0\xff\xff\xff"
        + b"\x2c"
        + (struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02" + blocks + b"\0\x3b")
    )


def classic() -> bytes:
    """QuickTime as it was before its files named their type."""
    mov = sample("mov")
    (size,) = struct.unpack(">I", mov[:4])
    return mov[size:]
