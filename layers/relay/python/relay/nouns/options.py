"""The vocabulary of `Draft.options`: what can be asked for beside prompt, number, shape, length and inputs.

A dialect writes these names, whatever its own are, and a provider's `Api` says which of them it `carries`. Asked for
from an API that does not carry it, an option is a refusal (`Unfit`), unless it is a `hint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Option:
    """One name of the vocabulary.

    `type`: `text` is the client's own and private; a `word` is one of those the model knows; `number` may have a
    fraction, `whole` has none; a `flag` is true or false, and `object` is JSON as the model defines it.
    `hint`: it says how to make the thing, not what is made, so an API without it may leave it out.
    `usual` asks for nothing, so that every API carries it.
    """

    type: Literal["text", "word", "number", "whole", "flag", "object"]
    meaning: str
    hint: bool = False
    usual: object = None


OPTIONS: Mapping[str, Option] = {
    # any kind
    "negative_prompt": Option("text", "what the result should not show, or not sound like"),
    "seed": Option("whole", "the same seed and request make the same result"),
    "style": Option("text", "the look of a picture or video, the tags of a song"),
    "title": Option("text", "of a song; the name of a character"),
    "mode": Option("word", "how the model works: `std`, `pro`; of Midjourney `fast`, `relax`, `turbo`"),
    "enhance_prompt": Option("flag", "the upstream may rewrite the prompt to make more of it", hint=True, usual=False),
    "translate_prompt": Option("flag", "the upstream may translate the prompt", hint=True),
    "private": Option("flag", "the upstream must not publish the result", usual=False),
    "watermark": Option("flag", "whether the result has a watermark"),
    "safety": Option("whole", "how much a picture may show: 0 the least"),
    # where and how it is made
    "upload_cn": Option("flag", "the upstream keeps the inputs in China, nearer to them", hint=True, usual=False),
    "enable_fallback": Option("flag", "another model may stand in for one that is down", hint=True, usual=False),
    "fallback_model": Option("word", "which one", hint=True),
    # images
    "quality": Option("word", "`low`, `medium`, `high`, `hd`"),
    "background": Option("word", "`transparent`, `opaque`, `auto`", usual="auto"),
    "output_format": Option(
        "word", "the file's type: `png`, `jpeg`, `webp`; `mp3`, `opus`, `wav`; a transcript's form: `json`, `srt`"
    ),
    "output_compression": Option("whole", "of `jpeg` and `webp`, 0 to 100"),
    "input_fidelity": Option("word", "how closely an input is kept: `high`, `low`"),
    "moderation": Option("word", "how strictly the upstream filters: `auto`, `low`", hint=True, usual="auto"),
    # videos
    "resolution": Option("word", "`480p`, `720p`, `1080p`, `4k`; of pictures `1K`, `2K`, `4K`"),
    "upsample": Option("flag", "the result is scaled up", usual=False),
    "sound": Option("flag", "the video has sound", usual=False),
    "loop": Option("flag", "the end leads back to the start", usual=False),
    "motion": Option("word", "how much moves: `low`, `high`"),
    "cfg_scale": Option("number", "how closely to follow the prompt, 0 to 1"),
    "camera_control": Option("object", "how the camera moves (Kling's `type` and `config`)"),
    "dynamic_masks": Option("object", "what moves where (Kling's list)"),
    "multi_shots": Option("flag", "the video is cut from several shots", usual=False),
    "remix_target": Option("word", "the vendor's public id of a video to remake: Sora's `s_…`"),
    "timestamps": Option("word", "which seconds of a video show a character: `0,3`"),
    # music
    "lyrics": Option("text", "what is sung"),
    "instrumental": Option("flag", "nobody sings", usual=False),
    "voice_gender": Option("word", "who sings: `m`, `f`"),
    "persona": Option("word", "the upstream's id of a voice to keep"),
    "style_weight": Option("number", "how much the style counts, 0 to 1"),
    "weirdness": Option("number", "how unusual, 0 to 1"),
    "audio_weight": Option("number", "how much the given sound counts, 0 to 1"),
    "continue_at": Option("number", "the second from which a song goes on"),
    # speech and transcripts
    "voice": Option("word", "who speaks: `alloy`, `nova`, …"),
    "speed": Option("number", "of speech, 1 as usual", usual=1.0),
    "instructions": Option("text", "how to speak"),
    "language": Option("word", "of what is heard, ISO 639-1"),
    "temperature": Option("number", "how freely to choose words, 0 to 2"),
    # Midjourney
    "bot_type": Option("word", "`MID_JOURNEY` or `NIJI_JOURNEY`", usual="MID_JOURNEY"),
    "remix": Option("flag", "the prompt may be changed before a variation is made", usual=False),
    "strong": Option("flag", "a variation that differs much", usual=False),
}
