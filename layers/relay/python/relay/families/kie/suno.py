"""Owns KIE's Suno API as we call it."""

from __future__ import annotations

from relay.families.kie.records import Wire, pick
from relay.families.provider import Carries
from relay.families.reading import Record, as_number, as_object, as_text, is_url
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.task import Asset, State

_TITLE, _STYLE = 80, 200  # characters; the smallest limits of all its models (KIE docs, Generate Music)


def _write(draft: Draft, source: Source) -> dict[str, object]:
    """KIE requires a callback URL here; every suno route has one, because the kie upstream has `callbacks`."""
    body: dict[str, object] = {"model": source.model, "instrumental": False}
    lyrics, style = (str(draft.options.get(name) or "") for name in ("lyrics", "style"))
    if not lyrics and not style:
        return body | {"customMode": False, "prompt": draft.prompt}
    # in custom mode the prompt is what is sung, and style and title must be there
    title = " ".join(draft.prompt.split())[:_TITLE].strip() or "Untitled"
    words = {"prompt": lyrics or draft.prompt, "style": style or draft.prompt[:_STYLE], "title": title}
    return body | {"customMode": True, **words}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    tracks = pick(as_object(pick(record, "response")), "sunoData")
    found = (_track(track) for track in tracks if isinstance(track, dict)) if isinstance(tracks, list) else ()
    return tuple(track for track in found if track)


def _track(track: Record) -> Asset | None:
    url, seconds = pick(track, "audioUrl"), as_number(pick(track, "duration"))
    if not is_url(url):
        return None
    return Asset(url, seconds if seconds and seconds > 0 else None, as_text(pick(track, "title")) or None)


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
    carries={Kind.MUSIC: Carries(options=("lyrics", "style"))},
    write=_write,
    read_assets=_read_assets,
    milestones={"TEXT_SUCCESS": 30.0, "FIRST_SUCCESS": 60.0},  # Suno tells stages, not progress
    salvaged=frozenset({"CALLBACK_EXCEPTION"}),  # only telling us failed; the music may be there
    refused=frozenset({"SENSITIVE_WORD_ERROR"}),
)
