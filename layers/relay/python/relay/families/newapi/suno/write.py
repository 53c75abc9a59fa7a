"""Writing the answers of the Suno API: new-api's task object with the clips of a song, or with lyrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from relay.families.dialect import Told
from relay.families.newapi.suno.words import ACTIONS
from relay.families.newapi.tasks import write_enveloped, write_task_object
from relay.families.uses import Record
from relay.nouns.draft import Draft, Kind
from relay.nouns.task import Asset, Role, State
from relay.nouns.wire import Json, Reply

_ACTION = {kind: action.upper() for action, kind in ACTIONS.items()}


def write_created(told: Told[Record]) -> Reply:
    return write_enveloped(told.found.task.task_id)


def write_task(told: Told[Record]) -> Reply:
    return write_enveloped(_task(told.found))


def write_tasks(told: Told[Sequence[Record]]) -> Reply:
    return write_enveloped([_task(each) for each in told.found])


def _task(record: Record) -> Json:
    return write_task_object(record.task, _ACTION.get(record.task.kind, ""), _made(record))


def _made(record: Record) -> Json:
    task, facts = record.task, record.facts
    done = task.state is State.SUCCEEDED
    if task.kind is not Kind.MUSIC:
        words = {"title": facts.get("title") or "", "text": facts.get("text") or ""}
        return {"id": task.task_id, **words, "status": "complete"} if done else None
    songs = task.results if done else ()
    return [_clip(record, song, song.ref or str(number)) for number, song in enumerate(songs, 1)]


def _clip(record: Record, song: Asset, ref: str) -> Json:
    """A song, and the picture and film that came with it. Its id is that by which a client may continue it."""
    task, draft, said = record.task, record.draft, _facts_of(record, ref)
    beside = {asset.role: asset.url for asset in task.assets if asset.ref == song.ref and asset.role is not Role.MAIN}
    cover, lyrics = beside.get(Role.COVER, ""), said.get("text") or str(draft.options.get("lyrics") or "")
    return {
        "id": ref,
        "audio_url": song.url,
        "video_url": beside.get(Role.PREVIEW, ""),
        "image_url": cover,
        "image_large_url": cover,
        "title": song.title or "",
        "text": lyrics,
        "status": "complete",
        "model_name": str(draft.raw.get("mv") or draft.model),
        "major_model_version": "",
        "metadata": _metadata(song, draft, lyrics, said),
    }


def _metadata(song: Asset, draft: Draft, lyrics: Json, said: Mapping[str, Json]) -> Json:
    return {
        "tags": said.get("tags") or str(draft.options.get("style") or ""),
        "prompt": lyrics,
        "gpt_description_prompt": draft.prompt or None,
        "duration": song.duration,
        "error_type": None,
        "error_message": None,
    }


def _facts_of(record: Record, ref: str) -> Mapping[str, Json]:
    """What the outcome says of one clip."""
    clips = record.facts.get("clips")
    known = (
        (clip for clip in clips if isinstance(clip, dict) and clip.get("ref") == ref) if isinstance(clips, list) else ()
    )
    return next(iter(known), {})
