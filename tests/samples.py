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
SOUNDS = {"mp3": "libmp3lame", "flac": "flac", "ogg": "libopus"}
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
}


@cache
def sample(extension: str) -> bytes:
    """A small file of one type, as an ordinary program writes it."""
    if extension in PICTURES:
        return _picture(PICTURES[extension])
    if extension in FILMS:
        return _film(extension)
    return _wave() if extension == "wav" else _sound(extension)


def _picture(family: str) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((64, 48)).convert("RGB").save(file, family)
    return file.getvalue()


def _film(extension: str) -> bytes:
    frames: Any = av.VideoFrame  # its makers are not annotated
    file = io.BytesIO()
    with av.open(file, "w", format=extension) as container:
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
    with av.open(io.BytesIO(_wave())) as source, av.open(file, "w", format=extension) as container:
        stream: Any = container.add_stream(SOUNDS[extension], rate=8000)
        reader: Any = source
        for frame in reader.decode(audio=0):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims to be as large as that, in less than a hundred bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 8)), (b"IEND", b""))
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
