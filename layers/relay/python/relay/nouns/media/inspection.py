"""Checks that an upload is one whole file of an allowed type, and how many of its bytes belong to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from mmap import mmap

from relay.nouns.media import boxes, ebml, gif, jpeg, kinds, png, riff, sounds
from relay.nouns.media.kinds import UPLOADABLE, MediaType, NotMedia, boxed_picture, sniff
from relay.nouns.media.parts import Data

_FIND_END: Mapping[MediaType, Callable[[Data], int]] = {
    kinds.JPEG: jpeg.end_of,
    kinds.PNG: png.end_of,
    kinds.GIF: gif.end_of,
    kinds.WEBP: riff.webp_end,
    kinds.MP4: boxes.end_of,
    kinds.MOV: boxes.end_of,
    kinds.AVI: riff.avi_end,
    kinds.WEBM: ebml.end_of,
    kinds.MP3: sounds.mp3_end,
    kinds.WAV: sounds.wav_end,
    kinds.OGG: sounds.ogg_end,
    kinds.FLAC: sounds.flac_end,
    kinds.M4A: boxes.sound_end,
    kinds.WEBA: ebml.sound_end,
}
# Containers of videos that hold a sound alone, as browsers record it, are of another type.
_SOUND_ALONE: Mapping[MediaType, tuple[Callable[[Data], bool], MediaType]] = {
    kinds.MP4: (boxes.is_sound, kinds.M4A),
    kinds.WEBM: (ebml.is_sound, kinds.WEBA),
}


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file's type, and its `size` in bytes without what follows its end: only these bytes may be stored."""

    type: MediaType
    size: int


def inspect(raw: bytes | mmap, allowed: tuple[MediaType, ...] = UPLOADABLE) -> Inspected:
    """Inspect a file. Raises only NotMedia: not one whole file, of an allowed type, within the limits of `pixels`."""
    data = Data(raw)
    if len(data) == 0:
        raise NotMedia("is empty", "文件为空")
    head = data[: kinds.SNIFFED]
    found = sniff(head)
    if other := boxed_picture(head):
        raise NotMedia(
            f"is {other}, which no provider takes; convert it to JPEG or PNG", f"不支持 {other}，请转换为 JPEG 或 PNG"
        )
    if found and found in _SOUND_ALONE and _SOUND_ALONE[found][0](data):
        found = _SOUND_ALONE[found][1]
    if found is None or found not in allowed:
        known = ", ".join(each.extension for each in allowed)
        raise NotMedia(f"is none of: {known} (judged by its bytes)", f"不是支持的格式（按内容判断）：{known}")
    return Inspected(found, _FIND_END[found](data))
