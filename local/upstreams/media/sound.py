"""Owns the sound: a short melody of plucked notes whose tune is read from the prompt."""

from __future__ import annotations

import hashlib
import io
import math
from array import array
from fractions import Fraction
from random import Random
from typing import Any

import av

RATE = 22050
SPEECH_RATE = 24000
# By the words for types of speech: the container and the codec.
SOUNDS = {
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("ogg", "libopus"),
    "aac": ("adts", "aac"),
    "flac": ("flac", "flac"),
    "wav": ("wav", "pcm_s16le"),
    "pcm": ("s16le", "pcm_s16le"),
}
BEAT = 0.24
CHUNK = 1152
# In a pentatonic scale any order of notes sounds harmonious.
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)
PHRASE = 8


def make_sound(prompt: str, seconds: float, form: str = "mp3") -> bytes:
    """A sound of `seconds`; `pcm` is bare samples of 16 bits."""
    samples = _melody(prompt, int(seconds * RATE))
    container_format, codec = SOUNDS[form]
    out = io.BytesIO()
    with av.open(out, "w", format=container_format) as container:
        stream: Any = container.add_stream(codec, rate=RATE if form == "mp3" else SPEECH_RATE, layout="mono")
        for start in range(0, len(samples), CHUNK):
            piece = samples[start : start + CHUNK]
            frame = av.AudioFrame(format="s16p", layout="mono", samples=len(piece))
            # The plane may be padded for alignment, and update() wants all of it.
            frame.planes[0].update(piece.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def _melody(prompt: str, length: int) -> array[int]:
    dice = Random(hashlib.sha256(prompt.encode("utf-8", "replace")).digest())
    root = 220.0 * 2 ** (dice.randrange(7) / 12)
    phrase = [(dice.choice(SCALE), dice.choice((1, 1, 2))) for _ in range(PHRASE)]
    notes = {note: _note(root * 2 ** (note[0] / 12), note[1] * BEAT) for note in set(phrase)}
    samples: array[int] = array("h")
    while len(samples) < length:
        for note in phrase:
            samples.extend(notes[note])
    return samples[:length]


def _note(pitch: float, seconds: float) -> array[int]:
    turn = 2 * math.pi * pitch / RATE
    fade = 4.0 / (seconds * RATE)
    attack = RATE // 200
    return array(
        "h",
        (
            round(
                9000 * min(1.0, n / attack) * math.exp(-fade * n) * (math.sin(turn * n) + 0.35 * math.sin(2 * turn * n))
            )
            for n in range(int(seconds * RATE))
        ),
    )
