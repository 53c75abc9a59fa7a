"""Owns the Market's unified jobs as KIE speaks them; one create call for every model."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from local.upstreams.callbacks import Event
from local.upstreams.fault_table import UNKNOWN_WORD
from local.upstreams.jobs import Job, Order
from local.upstreams.kie import shared
from local.upstreams.kie.shared import Api, Body
from local.upstreams.media import Kind
from local.upstreams.reading import is_web_address, text_of

# The Market's list changes often, so groups are told by how ids begin; the first match counts.
GROUPS: tuple[tuple[Kind, str], ...] = (
    ("video", "kling bytedance/seedance bytedance/v1 hailuo/ minimax-h3/ wan/2-7-video pixverse happyhorse"),
    ("video", "grok-imagine-video gemini-omni-video omnihuman infinitalk/ topaz/video"),
    ("image", "nano-banana google/nano-banana google/imagen4 gpt-image seedream/ bytedance/seedream flux-2/"),
    ("image", "ideogram/ qwen grok-imagine/ z-image wan/2-7-image recraft/ topaz/image"),
    ("video", "wan/2-"),
    ("music", "elevenlabs/ google/gemini-3-1-flash-tts"),
)
# Documented limits of the models whose inputs are documented: field to allowed values.
CHOICES: dict[str, dict[str, tuple[Any, ...]]] = {
    "nano-banana-pro": {"resolution": ("1K", "2K", "4K"), "output_format": ("png", "jpg")},
    "gpt-image/1.5-text-to-image": {"aspect_ratio": ("1:1", "2:3", "3:2"), "quality": ("medium", "high")},
    "kling-3.0/video": {"mode": ("std", "pro", "4K"), "duration": tuple(str(n) for n in range(3, 16))},
}
REQUIRED = {
    "nano-banana-pro": ("prompt",),
    "gpt-image/1.5-text-to-image": ("prompt", "aspect_ratio", "quality"),
}
MOST_PICTURES = {"nano-banana-pro": ("image_input", 8)}
CREDITS: dict[Kind, int] = {"image": 4, "video": 40, "music": 6}
SECONDS: dict[Kind, float] = {"image": 0.0, "video": 5.0, "music": 10.0}
PICTURE_FIELDS = ("image_input", "image_urls", "input_urls", "image_url", "image")
_RATIO = re.compile(r"\d{1,4}[:x]\d{1,4}")


def kind_of(model: str) -> Kind | None:
    """What a model makes; None for a model the Market does not have."""
    for kind, prefixes in GROUPS:
        if model.startswith(tuple(prefixes.split())):
            return kind
    return None


def _prompt(body: Body) -> str:
    given = body.get("input")
    return text_of(given.get("prompt") or given.get("text")) if isinstance(given, dict) else ""


def _read(body: Body) -> Order:
    model = shared.text(body, "model", required=True)
    kind = kind_of(model)
    if kind is None:
        raise shared.invalid("The model name you specified is not supported. Please verify and try again.")
    given = body.get("input")
    if not isinstance(given, dict):
        raise shared.invalid("input must be an object")
    _check(model, given)
    ratio = text_of(given.get("aspect_ratio")) or text_of(given.get("image_size"))
    size = ratio if _RATIO.fullmatch(ratio) else ("16:9" if kind == "video" else "1:1")
    seconds = _seconds(given, SECONDS[kind])
    order = Order(kind, _prompt(body), model, size, seconds, cost=CREDITS[kind])
    return replace(order, callback_url=shared.callback(body), image_url=_picture(given))


def _picture(given: Body) -> str | None:
    for field in PICTURE_FIELDS:
        value = given.get(field)
        first = value[0] if isinstance(value, list) and value else value
        if is_web_address(first):
            return str(first)
    return None


def _check(model: str, given: Body) -> None:
    for field in ("prompt", "text"):
        shared.text(given, field)
    pictures = [value for field, value in given.items() if "url" in field or "image" in field or "video" in field]
    if not _prompt({"input": given}) and not any(pictures):
        raise shared.invalid("input.prompt cannot be empty")
    for field in REQUIRED.get(model, ()):
        if not given.get(field):
            raise shared.invalid(f"input.{field} cannot be empty")
    for field, allowed in CHOICES.get(model, {}).items():
        if given.get(field) is not None and given[field] not in allowed:
            raise shared.bad(f"input.{field} must be one of {', '.join(allowed)}")
    if model in MOST_PICTURES:
        shared.addresses(given, *MOST_PICTURES[model])
    for field, value in given.items():
        if field.endswith("_url") and value and not is_web_address(value):
            raise shared.invalid(f"input.{field} must be an http(s) URL")


def _seconds(given: Body, default: float) -> float:
    value = given.get("duration")
    if value in (None, ""):
        return default
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise shared.invalid("input.duration must be a number of seconds") from error
    if not 0 < seconds <= 300:
        raise shared.bad("input.duration is out of range")
    return seconds


def _record(job: Job, now: float, unknown: bool) -> Body:
    stage = job.stage(now)
    ended = stage in ("succeeded", "failed") and not unknown
    words = {"pending": "waiting", "queued": "queuing", "processing": "generating", "succeeded": "success"}
    record = _told_data(job) if ended else _base(job)
    record["state"] = UNKNOWN_WORD if unknown else words.get(stage, "fail")
    record["updateTime"] = shared.millis(job.done_at if ended else now)
    record["progress"] = round(job.progress(now) * 100)
    return record


def _base(job: Job) -> Body:
    return {
        "taskId": job.task_id,
        "model": job.order.model,
        "state": "waiting",
        "param": json.dumps(job.request, ensure_ascii=False),
        "resultJson": None,
        "failCode": None,
        "failMsg": None,
        "costTime": None,
        "completeTime": None,
        "createTime": shared.millis(job.created),
        "updateTime": shared.millis(job.created),
        "creditsConsumed": None,
        "progress": 0,
    }


def _told_data(job: Job) -> Body:
    # A job that never ends can still be lied about, so its end is taken as planned.
    ended = min(job.done_at, job.created + 86400.0)
    record = _base(job) | {
        "costTime": shared.millis(ended - job.created),
        "completeTime": shared.millis(ended),
        "updateTime": shared.millis(ended),
        "progress": 100,
    }
    if job.failure:
        code, message = shared.failure(job, 501)
        return record | {"state": "fail", "failCode": str(code), "failMsg": message, "creditsConsumed": 0}
    result = json.dumps({"resultUrls": job.urls})
    return record | {"state": "success", "resultJson": result, "creditsConsumed": job.order.cost}


def _told(job: Job) -> bytes:
    code, message = (
        (501, "Playground task failed.") if job.failure else (200, "Playground task completed successfully.")
    )
    return shared.envelope(code, message, _told_data(job)).body


API = Api(
    name="market",
    create="/api/v1/jobs/createTask",
    query="/api/v1/jobs/recordInfo",
    prompt=_prompt,
    read=_read,
    record=_record,
    events=lambda job: [Event(job.done_at, lambda: _told(job))],
)
