"""Owns how the relay platform says things: task objects, results, times, errors and signed headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from typing import Any

from local.upstreams.jobs import Job

CHINA = timezone(timedelta(hours=8))
RELAY_FAULTS: dict[str, tuple[int, str, str]] = {
    "rate-limit": (429, "RATE_LIMIT_EXCEEDED", "too many requests in this minute"),
    "server-error": (500, "API_ERROR", "the platform could not be reached"),
    "error-in-200": (500, "API_ERROR", "the platform could not be reached"),
    "unauthorized": (401, "INVALID_TOKEN", "the key is not valid"),
    "refuse": (400, "INVALID_PARAMETER", "the prompt was refused: content policy"),
    "no-credits": (402, "INSUFFICIENT_BALANCE", "the balance is too low"),
    "maintenance": (500, "API_ERROR", "the platform is under maintenance"),
    "queue-full": (500, "API_ERROR", "the platform's queue is full"),
}
FAILURES = {
    "refuse": "the platform refused the content: content policy",
    "fail": "the platform failed to generate",
    "bad-input": "the platform could not use the input picture",
}
UNKNOWN_WORD = "reviewing"


def write_task(job: Job, task_type: str, now: float) -> dict[str, Any]:
    """The bare task object: three fields while it runs, then one result or one error."""
    stage = job.stage(now)
    body: dict[str, Any] = {"task_id": job.task_id, "status": stage, "created_at": write_time(job.created)}
    if stage == "failed":
        message = job.problem or FAILURES[job.failure or "fail"]
        return body | {"error": {"code": "GENERATION_FAILED", "message": message}}
    if stage == "succeeded":
        body |= {"completed_at": write_time(job.done_at), **write_result(job, task_type)}
    return body


def write_result(job: Job, task_type: str) -> dict[str, Any]:
    """A list for pictures and songs, one object for a video: the family's own habit."""
    seconds = job.order.seconds
    whole = int(seconds) if seconds == int(seconds) else seconds
    if task_type == "images":
        return {"images": [{"url": url} for url in job.urls]}
    if task_type == "videos":
        return {"video": {"url": job.urls[0], "duration": whole}}
    title = job.order.prompt[:40]
    return {"music": [{"url": url, "title": title, "duration": whole} for url in job.urls]}


def write_time(moment: float) -> str:
    """ISO 8601 in China's time; an end that never comes is told as one far away."""
    return datetime.fromtimestamp(min(moment, 4e9), CHINA).isoformat(timespec="seconds")


def standard_headers(key: bytes, message_id: str, stamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
