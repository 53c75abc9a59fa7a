"""Owns the Veo API as KIE speaks it."""

from __future__ import annotations

import json
from dataclasses import replace

from local.upstreams.callbacks import Event
from local.upstreams.fault_table import UNKNOWN_NUMBER
from local.upstreams.jobs import Job, Order
from local.upstreams.kie import shared
from local.upstreams.kie.shared import Api, Body
from local.upstreams.reading import text_of

MODELS = ("veo3", "veo3_fast", "veo3_lite")
# How many pictures each way of generating takes, at least and at most.
PICTURES = {
    "TEXT_2_VIDEO": (0, 0),
    "FIRST_AND_LAST_FRAMES_2_VIDEO": (1, 2),
    "REFERENCE_2_VIDEO": (1, 3),
}
RATIOS = ("16:9", "9:16", "Auto")
RESOLUTIONS = ("720p", "1080p", "4k")
DURATIONS = (4, 6, 8)
COST = 60


def _read(body: Body) -> Order:
    prompt = shared.text(body, "prompt", required=True)
    pictures = shared.addresses(body, "imageUrls", 3)
    model = shared.one_of(body, "model", MODELS, "veo3_fast")
    usual = "FIRST_AND_LAST_FRAMES_2_VIDEO" if pictures else "TEXT_2_VIDEO"
    way = shared.one_of(body, "generationType", PICTURES, usual)
    fewest, most = PICTURES[way]
    if not fewest <= len(pictures) <= most:
        raise shared.bad(f"{way} takes {fewest} to {most} imageUrls, got {len(pictures)}")
    ratio = shared.one_of(body, "aspect_ratio", RATIOS, "16:9")
    shared.one_of(body, "resolution", RESOLUTIONS, "720p")
    seconds = shared.one_of(body, "duration", DURATIONS, 8)
    shared.text(body, "watermark")
    shared.flag(body, "enableTranslation")
    size = "16:9" if ratio == "Auto" else ratio
    order = Order("video", prompt, model, size, float(seconds), cost=COST)
    return replace(order, callback_url=shared.callback(body), image_url=pictures[0] if pictures else None)


def _results(job: Job) -> Body:
    resolution = job.request.get("resolution") or "720p"
    return {"resultUrls": job.urls, "originUrls": job.urls, "resolution": resolution}


def _record(job: Job, now: float, unknown: bool) -> Body:
    stage = job.stage(now)
    ended = stage in ("succeeded", "failed") and not unknown
    flag = UNKNOWN_NUMBER if unknown else {"succeeded": 1, "failed": 3}.get(stage, 0)
    code, message = shared.failure(job, 501) if ended and stage == "failed" else (None, None)
    response = {"taskId": job.task_id, **_results(job)} if ended and stage == "succeeded" else None
    return {
        "taskId": job.task_id,
        "paramJson": json.dumps(job.request, ensure_ascii=False),
        "completeTime": shared.date_text(job.done_at) if ended else None,
        "response": response,
        "successFlag": flag,
        "errorCode": code,
        "errorMessage": message,
        "createTime": shared.date_text(job.created),
        "fallbackFlag": False,
    }


def _told(job: Job) -> bytes:
    data: Body = {
        "taskId": job.task_id,
        "promptJson": json.dumps(job.request, ensure_ascii=False),
        "fallbackFlag": False,
    }
    if job.failure:
        code, message = shared.failure(job, 501)
        # Veo's callbacks know no 451: an input that cannot be had is a validation error there.
        return shared.envelope(422 if code == 451 else code, message, data).body

    return shared.envelope(200, "Veo3.1 video generated successfully.", data | {"info": _results(job)}).body


API = Api(
    name="veo",
    create="/api/v1/veo/generate",
    query="/api/v1/veo/record-info",
    prompt=lambda body: text_of(body.get("prompt")),
    read=_read,
    record=_record,
    events=lambda job: [Event(job.done_at, lambda: _told(job))],
)
