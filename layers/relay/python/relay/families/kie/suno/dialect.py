"""KIE's Suno API as clients speak it to us. Of a task its end alone is told, not the stages before it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.alias_generators import to_camel

from relay.families.dialect import AnyRoute, Route, Told
from relay.families.kie.replies import (
    echo,
    failure_of,
    fault_of,
    read_query,
    write_created,
    write_reply,
)
from relay.families.kie.suno.read import read_create, read_extend
from relay.families.kie.suno.words import CREATE_PATH, EXTEND_PATH, PLATFORM, QUERY_PATH, REFUSED
from relay.families.uses import CREATE_RECORD, RECORD_FACTS, Record
from relay.nouns.task import Asset, Role, State, Task
from relay.nouns.wire import Json, Reply

FAILED = 531  # the number of a failed generation
_STATES: Mapping[State, str] = {
    State.PENDING: "PENDING",
    State.QUEUED: "PENDING",
    State.PROCESSING: "TEXT_SUCCESS",
    State.SUCCEEDED: "SUCCESS",
}


def write_record(told: Told[Record]) -> Reply:
    task, draft, _ = told.found
    code, message = failure_of(task, FAILED)
    tracks = [{to_camel(name): value for name, value in track.items()} for track in _tracks(told.found)]
    record = {
        "taskId": task.task_id,
        "parentMusicId": f"{draft.parent.task_id}_{draft.parent.ref}" if draft.parent else "",
        "param": echo(draft),
        "response": {"taskId": task.task_id, "sunoData": tracks} if tracks else None,
        "status": _STATES.get(task.status) or _end(task),
        "type": (draft.action or "generate").upper(),
        "errorCode": code or None,
        "errorMessage": message or None,
    }
    return write_reply(record)


def write_callback(told: Told[Record]) -> bytes:
    task = told.found.task
    code, message = failure_of(task, FAILED)
    if code:
        data: dict[str, Json] = {"callbackType": "error", "task_id": task.task_id, "data": []}
        return write_reply(data, code, message).body
    data = {"callbackType": "complete", "task_id": task.task_id, "data": _tracks(told.found)}
    return write_reply(data, 200, "All generated successfully.").body


def _end(task: Task) -> str:
    """The word for an end that is no success."""
    fault = fault_of(task)
    if fault and fault.code == "CONTENT_POLICY_VIOLATION":
        return REFUSED
    return "CREATE_TASK_FAILED" if task.upstream_task_id is None else "GENERATE_AUDIO_FAILED"


def _tracks(found: Record) -> list[dict[str, Json]]:
    songs = found.task.results if found.task.state is State.SUCCEEDED else ()
    return [_track(found, song, number) for number, song in enumerate(songs, 1)]


def _track(found: Record, song: Asset, number: int) -> dict[str, Json]:
    """A song. Its id is our task's with the song's number: it is all a client names to extend it."""
    task, draft, facts = found
    covers = (asset.url for asset in task.assets if asset.role is Role.COVER and asset.ref == song.ref)
    clips = facts.get("clips")
    known = [clip for clip in clips if isinstance(clip, dict)] if isinstance(clips, list) else []
    told = next((clip for clip in known if song.ref and clip.get("ref") == song.ref), {})
    return {
        "id": f"{task.task_id}_{number}",
        "audio_url": song.url,
        "stream_audio_url": song.url,
        "image_url": next(covers, ""),
        "title": song.title or "",
        "tags": told.get("tags") or str(draft.options.get("style") or ""),
        "duration": song.duration,
        "prompt": told.get("text") or str(draft.options.get("lyrics") or draft.prompt),
        "model_name": str(draft.raw.get("model") or draft.model),
    }


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("POST", EXTEND_PATH, CREATE_RECORD, read_extend, write_created, ended=write_record),
    Route("GET", QUERY_PATH, RECORD_FACTS, read_query(PLATFORM), write_record),
)
CALLBACKS = {PLATFORM: write_callback}
