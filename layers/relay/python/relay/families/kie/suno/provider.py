"""KIE's Suno API as we call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from relay.families.kie.records import Wire, pick
from relay.families.provider import Carries
from relay.families.reading import (
    MAX_ASSETS,
    Record,
    as_id,
    as_lines,
    as_number,
    as_object,
    as_objects,
    as_text,
    is_url,
)
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit
from relay.nouns.songs import MAX_TITLE, sung, title_of
from relay.nouns.task import Asset, Role, State
from relay.nouns.wire import Json


def _write(draft: Draft, source: Source) -> dict[str, object]:
    """KIE requires a callback URL here; every suno route has one, because the kie upstream has `callbacks`."""
    song, instrumental = sung(draft), bool(draft.options.get("instrumental"))
    body: dict[str, object] = {"model": source.model, "instrumental": instrumental}
    if unwanted := draft.options.get("negative_prompt"):
        body["negativeTags"] = unwanted
    if len(song.title) > MAX_TITLE:
        raise Unfit("title", f"has at most {MAX_TITLE} characters", f"最多 {MAX_TITLE} 个字符")
    if not song.lyrics and not song.style:
        if song.title:
            raise Unfit("title", "needs lyrics or a style for this model", "需要歌词或风格")
        return body | {"customMode": False, "prompt": draft.prompt}
    if not song.style:
        raise Unfit("style", "is required with lyrics for this model", "该模型必填")
    # in custom mode the prompt is what is sung, and style and title must be there
    title = song.title or title_of(draft.prompt) or "Untitled"
    return body | {"customMode": True, "prompt": song.lyrics or draft.prompt, "style": song.style, "title": title}


def _tracks(record: Record) -> list[Record]:
    return as_objects(pick(as_object(pick(record, "response")), "sunoData"))


def _read_assets(record: Record) -> tuple[Asset, ...]:
    return tuple(asset for track in _tracks(record) for asset in _track(track))


def _track(track: Record) -> Iterator[Asset]:
    """A song and its picture, which are known by the same id."""
    url, cover, seconds = pick(track, "audioUrl"), pick(track, "imageUrl"), as_number(pick(track, "duration"))
    if not is_url(url):
        return
    ref = as_id(pick(track, "id"))
    yield Asset(url, seconds if seconds and seconds > 0 else None, as_text(pick(track, "title")) or None, ref=ref)
    if is_url(cover):
        yield Asset(cover, role=Role.COVER, ref=ref)


def _read_facts(record: Record) -> Mapping[str, Json]:
    """What is sung in each track, and its tags."""
    clips: list[Json] = []
    for track in _tracks(record)[:MAX_ASSETS]:
        text, tags = as_lines(pick(track, "prompt")), as_text(pick(track, "tags"))
        if text or tags:
            clips.append({"ref": as_id(pick(track, "id")) or "", "text": text, "tags": tags})
    return {"clips": clips} if clips else {}


WIRE = Wire(
    create="/api/v1/generate",
    query="/api/v1/generate/record-info",
    word_fields=("status",),
    # KIE docs, Get Music Task Details
    words={
        "PENDING": State.QUEUED,
        "TEXT_SUCCESS": State.PROCESSING,
        "FIRST_SUCCESS": State.PROCESSING,
        "SUCCESS": State.SUCCEEDED,
        "CREATE_TASK_FAILED": State.FAILED,
        "GENERATE_AUDIO_FAILED": State.FAILED,
        "SENSITIVE_WORD_ERROR": State.FAILED,
        "CALLBACK_EXCEPTION": State.FAILED,
    },
    carries={Kind.MUSIC: Carries(options=("lyrics", "style", "title", "negative_prompt", "instrumental"))},
    write=_write,
    read_assets=_read_assets,
    read_facts=_read_facts,
    milestones={"TEXT_SUCCESS": 30.0, "FIRST_SUCCESS": 60.0},  # Suno tells stages, not progress
    salvaged=frozenset({"CALLBACK_EXCEPTION"}),  # only telling us failed; the music may be there
    refused=frozenset({"SENSITIVE_WORD_ERROR"}),
)
