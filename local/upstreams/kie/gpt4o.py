"""Owns the 4o image API as KIE speaks it."""

from __future__ import annotations

import json
from dataclasses import replace

from local.upstreams.callbacks import Event
from local.upstreams.jobs import Job, Order
from local.upstreams.kie import shared
from local.upstreams.kie.shared import Api, Body
from local.upstreams.reading import is_web_address, text_of

SIZES = ("1:1", "3:2", "2:3")
VARIANTS = (1, 2, 4)
MOST_FILES = 5
FALLBACKS = ("GPT_IMAGE_1", "FLUX_MAX")
COST = 6


def _read(body: Body) -> Order:
    prompt = shared.text(body, "prompt")
    files = shared.addresses(body, "filesUrl", MOST_FILES)
    for field in ("maskUrl", "fileUrl"):
        if body.get(field) and not is_web_address(body[field]):
            raise shared.invalid(f"{field} must be an http(s) URL")
    if not (prompt or files or body.get("fileUrl")):
        raise shared.invalid("prompt and filesUrl cannot both be empty")
    size = shared.one_of(body, "size", SIZES)
    count = shared.one_of(body, "nVariants", VARIANTS, 1)
    shared.one_of(body, "fallbackModel", FALLBACKS, "FLUX_MAX")
    for field in ("isEnhance", "uploadCn", "enableFallback"):
        shared.flag(body, field)
    order = Order("image", prompt, "gpt4o-image", size, count=count, cost=COST)
    picture = files[0] if files else text_of(body.get("fileUrl")) or None
    return replace(order, callback_url=shared.callback(body), image_url=picture)


def _record(job: Job, now: float, unknown: bool) -> Body:
    stage = job.stage(now)
    ended = stage in ("succeeded", "failed") and not unknown
    status, flag = {"succeeded": ("SUCCESS", 1), "failed": ("GENERATE_FAILED", 2)}.get(stage, ("GENERATING", 0))
    if unknown:
        status, flag = shared.UNKNOWN_WORD, shared.UNKNOWN_FLAG
    code, message = shared.failure(job, 500) if ended and stage == "failed" else (None, None)
    return {
        "taskId": job.task_id,
        "paramJson": json.dumps(job.request, ensure_ascii=False),
        "completeTime": shared.millis(job.done_at) if ended else None,
        "response": {"resultUrls": job.urls} if ended and stage == "succeeded" else None,
        "successFlag": flag,
        "status": status,
        "errorCode": code,
        "errorMessage": message,
        "createTime": shared.millis(job.created),
        "progress": f"{job.progress(now):.2f}",
    }


def _told(job: Job) -> Body:
    # Snake case here, camel case in the record: the family's own habit.
    if job.failure:
        code, message = shared.failure(job, 500)
        return shared.envelope(code, message, {"taskId": job.task_id, "info": None})
    return shared.envelope(200, "success", {"taskId": job.task_id, "info": {"result_urls": job.urls}})


API = Api(
    name="gpt4o-image",
    create="/api/v1/gpt4o-image/generate",
    query="/api/v1/gpt4o-image/record-info",
    prompt=lambda body: text_of(body.get("prompt")),
    read=_read,
    record=_record,
    events=lambda job: [Event(job.done_at, lambda: _told(job))],
)
