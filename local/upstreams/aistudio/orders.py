"""Owns what the relay platform can be asked for: its platforms as data, and the checks of each create call."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local.upstreams.jobs import Order
from local.upstreams.reading import is_web_address, is_whole
from local.upstreams.refusals import Refused

TASK_TYPES = ("images", "videos", "music")
PLATFORMS: dict[str, tuple[str, ...]] = {
    "grok": ("images",),
    "dreamina": ("images", "videos"),
    "kling": ("images", "videos"),
    "lovart": ("images",),
    "krea": ("images", "videos"),
    "sora": ("videos",),
    "hailuo": ("videos",),
    "higgsfield": ("videos",),
    "heygen": ("videos",),
    "suno": ("music",),
}
ACTIONS = ("text2video", "image2video", "extend")
RATIOS = ("16:9", "9:16", "1:1")
MOST_IMAGES = 10
LONGEST_VIDEO = 60
SONG_SECONDS = 20.0
COST_CENTS = {"images": 10, "videos": 100, "music": 50}
_SIZE = re.compile(r"\d{2,5}x\d{2,5}|\d{1,2}:\d{1,2}")

Extendable = Callable[[str, str], bool]


def wrong(message: str) -> Refused:
    """A field of the wrong type or value."""
    return Refused("INVALID_PARAMETER", message, 400)


def missing(message: str) -> Refused:
    """A field that must be there."""
    return Refused("MISSING_REQUIRED_FIELD", message, 400)


def read_order(platform: str, task_type: str, body: dict[str, Any], extendable: Extendable) -> Order:
    """The order in a create call's body; raises Refused with the field named."""
    prompt = _text(body, "prompt", required=True)
    model = platform if platform == "suno" else _text(body, "model") or platform
    url = _address(body, "callback_url")
    cost = COST_CENTS[task_type]
    if task_type == "images":
        size = _text(body, "size") or "1024x1024"
        if not _SIZE.fullmatch(size):
            raise wrong("size must look like 1024x1024 or 16:9")
        count = _whole(body, "count", 1, MOST_IMAGES)
        return Order("image", prompt, model, size, count=count, callback_url=url, cost=cost * count)
    if task_type == "music":
        for field in ("lyrics", "style"):
            _text(body, field)
        return Order("music", prompt, model, seconds=SONG_SECONDS, callback_url=url, cost=cost)
    seconds = float(_whole(body, "duration", 5, LONGEST_VIDEO))
    ratio = _text(body, "aspect_ratio") or "16:9"
    if ratio not in RATIOS:
        raise wrong(f"aspect_ratio must be one of {', '.join(RATIOS)}")
    picture = _read_action(platform, body, extendable)
    return Order("video", prompt, model, ratio, seconds, callback_url=url, image_url=picture, cost=cost)


def _read_action(platform: str, body: dict[str, Any], extendable: Extendable) -> str | None:
    action = _text(body, "action", required=True)
    if action not in ACTIONS:
        raise wrong(f"action must be one of {', '.join(ACTIONS)}")
    picture = _address(body, "image_url")
    if action == "image2video":
        if picture is None:
            raise missing("image_url is required for image2video")
        return picture
    if action == "extend":
        parent, video = _text(body, "task_id"), _address(body, "video_url")
        if not parent and video is None:
            raise missing("extend needs task_id or video_url")
        if parent and not extendable(platform, parent):
            raise Refused("TASK_NOT_FOUND", "task_id names no succeeded video of this platform", 404)
    return None


def _text(body: dict[str, Any], field: str, required: bool = False) -> str:
    value = body.get(field)
    if value is None or value == "":
        if required:
            raise missing(f"{field} is required")
        return ""
    if not isinstance(value, str):
        raise wrong(f"{field} must be a string")
    return value


def _address(body: dict[str, Any], field: str) -> str | None:
    value = body.get(field)
    if value in (None, ""):
        return None
    if not is_web_address(value):
        raise wrong(f"{field} must be an http(s) URL")
    return str(value)


def _whole(body: dict[str, Any], field: str, default: int, most: int) -> int:
    value = body.get(field)
    if value is None:
        return default
    if not is_whole(value) or not 1 <= value <= most:
        raise wrong(f"{field} must be an integer from 1 to {most}")
    return int(value)
