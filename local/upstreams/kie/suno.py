"""Owns the Suno API as KIE speaks it: three stages, two tracks."""

from __future__ import annotations

import json
import uuid
from typing import Literal

from local.upstreams.callbacks import Event
from local.upstreams.fault_table import UNKNOWN_WORD
from local.upstreams.jobs import Job, Order
from local.upstreams.kie import shared
from local.upstreams.kie.shared import Api, Body
from local.upstreams.reading import text_of

MODELS = ("V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5")
WEIGHTS = ("styleWeight", "weirdnessConstraint", "audioWeight")
TRACKS = 2
# The source states no length to ask for; long enough to be a song, short enough to be made at once.
SECONDS = 20.0
COST = 12

_CAMEL = {
    "audio_url": "audioUrl",
    "stream_audio_url": "streamAudioUrl",
    "image_url": "imageUrl",
    "model_name": "modelName",
}
_FAILED = {"refuse": "SENSITIVE_WORD_ERROR", "fail": "GENERATE_AUDIO_FAILED", "bad-input": "CREATE_TASK_FAILED"}


def _read(body: Body) -> Order:
    custom = shared.flag(body, "customMode", required=True)
    instrumental = shared.flag(body, "instrumental", required=True)
    prompt = shared.text(body, "prompt", required=not (custom and instrumental))
    if custom:
        for field in ("style", "title"):
            shared.text(body, field, required=True)
    shared.text(body, "style")
    shared.text(body, "title", longest=80)
    model = shared.one_of(body, "model", MODELS)
    shared.one_of(body, "vocalGender", ("m", "f"), "m")
    for field in WEIGHTS:
        weight = body.get(field, 0)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
            raise shared.bad(f"{field} must be a number from 0 to 1")
    url = shared.callback(body, required=True)
    return Order("music", prompt, model, seconds=SECONDS, count=TRACKS, callback_url=url, cost=COST)


def first_at(job: Job) -> float:
    """When the first of the two tracks is ready."""
    working = job.created + job.stages.processing
    return working + (job.done_at - working) / 2


def _tracks(job: Job, count: int) -> list[Body]:
    title = text_of(job.request.get("title")) or job.order.prompt[:40] or "Untitled"
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, url)),
            "audio_url": url,
            "stream_audio_url": url,
            "image_url": "",
            "title": title,
            "tags": text_of(job.request.get("style")),
            "duration": job.order.seconds,
            "prompt": job.order.prompt,
            "model_name": job.order.model,
        }
        for url in job.urls[:count]
    ]


def _status(job: Job, now: float) -> tuple[str, int]:
    """The family's word, and how many tracks can be heard."""
    stage = job.stage(now)
    if stage == "failed":
        return _FAILED[job.failure or "fail"], 0
    if stage == "succeeded":
        return "SUCCESS", TRACKS
    if job.failure is None and now >= first_at(job):
        return "FIRST_SUCCESS", 1
    return ("TEXT_SUCCESS" if stage == "processing" else "PENDING"), 0


def _record(job: Job, now: float, unknown: bool) -> Body:
    status, heard = (UNKNOWN_WORD.upper(), 0) if unknown else _status(job, now)
    code, message = _failure(job) if status in _FAILED.values() else (None, None)
    tracks = [{_CAMEL.get(field, field): value for field, value in track.items()} for track in _tracks(job, heard)]
    return {
        "taskId": job.task_id,
        "parentMusicId": "",
        "param": json.dumps(job.request, ensure_ascii=False),
        "response": {"taskId": job.task_id, "sunoData": tracks} if tracks else None,
        "status": status,
        "type": "GENERATE",
        "errorCode": code,
        "errorMessage": message,
    }


def _failure(job: Job) -> tuple[int, str]:
    return shared.failure(job, 531)


def _told(job: Job, stage: Literal["text", "first", "complete", "error"]) -> bytes:
    code, message = _failure(job) if stage == "error" else (200, "All generated successfully.")
    heard = {"first": 1, "complete": TRACKS}.get(stage, 0)
    data = {"callbackType": stage, "task_id": job.task_id, "data": _tracks(job, heard)}
    return shared.envelope(code, message, data).body


def _events(job: Job) -> list[Event]:
    text = Event(job.created + job.stages.processing, lambda: _told(job, "text"))
    if job.failure:
        return [text, Event(job.done_at, lambda: _told(job, "error"))]
    first = Event(first_at(job), lambda: _told(job, "first"))
    return [text, first, Event(job.done_at, lambda: _told(job, "complete"))]


API = Api(
    name="suno",
    create="/api/v1/generate",
    query="/api/v1/generate/record-info",
    prompt=lambda body: text_of(body.get("prompt")),
    read=_read,
    record=_record,
    events=_events,
)
