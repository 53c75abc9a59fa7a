"""The media types we know, and how to tell them by a file's first bytes."""

from __future__ import annotations

from dataclasses import dataclass

SNIFFED = 64  # bytes of a file's start that `sniff` looks at


@dataclass(frozen=True, slots=True)
class MediaType:
    """`kind` is image, video or audio; `extension` is without a dot."""

    kind: str
    extension: str
    content_type: str


JPEG = MediaType("image", "jpg", "image/jpeg")
PNG = MediaType("image", "png", "image/png")
GIF = MediaType("image", "gif", "image/gif")
WEBP = MediaType("image", "webp", "image/webp")
MP4 = MediaType("video", "mp4", "video/mp4")
MOV = MediaType("video", "mov", "video/quicktime")
AVI = MediaType("video", "avi", "video/x-msvideo")
WEBM = MediaType("video", "webm", "video/webm")
MP3 = MediaType("audio", "mp3", "audio/mpeg")
WAV = MediaType("audio", "wav", "audio/wav")
M4A = MediaType("audio", "m4a", "audio/mp4")
OGG = MediaType("audio", "ogg", "audio/ogg")
FLAC = MediaType("audio", "flac", "audio/flac")
AAC = MediaType("audio", "aac", "audio/aac")
WEBA = MediaType("audio", "weba", "audio/webm")
# Bare samples, which nothing in them tells from any other bytes: only who made a file can say that it is one.
PCM = MediaType("audio", "pcm", "audio/pcm")

PICTURES = (JPEG, PNG, GIF, WEBP)
SOUNDS = (MP3, WAV, M4A, OGG, FLAC, WEBA)
UPLOADABLE = (*PICTURES, MP4, MOV, AVI, WEBM, *SOUNDS)
_STORED = (*UPLOADABLE, AAC, PCM)

# Where each type's magic stands: offset, bytes. The first match wins.
_MAGIC: tuple[tuple[int, bytes, MediaType], ...] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (8, b"WEBP", WEBP),
    (8, b"AVI ", AVI),
    (8, b"WAVE", WAV),
    (4, b"ftypqt", MOV),
    (4, b"ftypM4A", M4A),
    (4, b"ftyp", MP4),
    # QuickTime as it was before `ftyp`: the first box is one of these
    *((4, name, MOV) for name in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),
    (0, b"\x1a\x45\xdf\xa3", WEBM),
    (0, b"ID3", MP3),
    (0, b"\xff\xfb", MP3),
    (0, b"\xff\xfa", MP3),
    (0, b"\xff\xf3", MP3),
    (0, b"\xff\xf2", MP3),
    *((0, start, AAC) for start in (b"\xff\xf1", b"\xff\xf9")),
    (0, b"OggS", OGG),
    (0, b"fLaC", FLAC),
)
_RIFF = (WEBP, AVI, WAV)
# Picture formats in the container of MP4, by the brand after `ftyp`, with their common names.
_BOXED_PICTURES = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "CR3",
}


class NotMedia(ValueError):
    """The bytes are no file we accept; the message says why, `zh` in Chinese."""

    def __init__(self, message: str, zh: str) -> None:
        self.zh = zh
        super().__init__(message)


def sniff(head: bytes) -> MediaType | None:
    """The type of a file with these first bytes, or None."""
    for offset, magic, found in _MAGIC:
        if head.startswith(magic, offset) and (found not in _RIFF or head.startswith(b"RIFF")):
            if found is WEBM and b"webm" not in head[:SNIFFED]:
                return None  # EBML, but some other Matroska
            return None if found is MP4 and boxed_picture(head) else found
    return None


def boxed_picture(head: bytes) -> str | None:
    """The name of a picture format that no upstream takes (HEIC, AVIF, CR3), or None."""
    return _BOXED_PICTURES.get(head[8:12]) if head.startswith(b"ftyp", 4) else None


def by_name(name: str) -> MediaType | None:
    """The type of a stored file, whose extension we chose ourselves; not for file names of clients."""
    extension = name.rpartition(".")[2]
    return next((each for each in _STORED if each.extension == extension), None)
