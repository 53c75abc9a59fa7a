"""What the simulated aggregator hears in a recording: the same words always, in the form they are asked for in."""

from __future__ import annotations

from collections.abc import Mapping

from local.upstreams.jobs import Job
from relay.nouns.wire import Json

WORDS = ("This is a simulated recording.", "Nobody has spoken it.")
SECONDS = 2.0  # for each of them


def facts(job: Job) -> Mapping[str, Json]:
    form = job.request.options.get("output_format")
    if form in ("srt", "vtt"):
        return {"text": _subtitles(str(form))}
    text = " ".join(WORDS)
    if form != "verbose_json":
        return {"text": text}
    segments = [
        {"id": number, "start": _start(number), "end": _start(number + 1), "text": words} for number, words in _told()
    ]
    return {
        "task": "transcribe",
        "language": "english",
        "duration": _start(len(WORDS)),
        "segments": segments,
        "text": text,
    }


def _told() -> list[tuple[int, str]]:
    return list(enumerate(WORDS))


def _start(number: int) -> float:
    return number * SECONDS


def _subtitles(form: str) -> str:
    point, head = (",", "") if form == "srt" else (".", "WEBVTT\n\n")
    lines = [
        f"{number + 1}\n{_stamp(number, point)} --> {_stamp(number + 1, point)}\n{words}\n" for number, words in _told()
    ]
    return head + "\n".join(lines)


def _stamp(number: int, point: str) -> str:
    return f"00:00:{int(_start(number)):02}{point}000"
