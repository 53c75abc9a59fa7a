"""What both sides of OpenAI's videos API call things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from relay.nouns.task import Role, State

PLATFORM, CHARACTERS_PLATFORM = "videos", "characters"
PATH = "/v1/videos"
CHARACTERS, EDITS, EXTENSIONS = f"{PATH}/characters", f"{PATH}/edits", f"{PATH}/extensions"

# OpenAI's API reference, the video object; `unknown` is new-api's word for a job that has not begun.
STATES: Mapping[str, State] = {
    "queued": State.QUEUED,
    "unknown": State.QUEUED,
    "in_progress": State.PROCESSING,
    "completed": State.SUCCEEDED,
    "failed": State.FAILED,
}
WORDS: Mapping[State, str] = {
    State.PENDING: "queued",
    State.QUEUED: "queued",
    State.PROCESSING: "in_progress",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
    State.TIMEOUT: "failed",
}
# Why a video failed, where the family has no word for it.
OTHER_FAULT = "video_generation_failed"
# What `variant` asks for of a video's content.
VARIANTS: Mapping[str, Role] = {"video": Role.MAIN, "thumbnail": Role.THUMBNAIL, "spritesheet": Role.PREVIEW}
Size = Literal["720x1280", "1280x720", "1024x1792", "1792x1024", "1080x1920", "1920x1080"]
# Types of a project's webhook events.
COMPLETED, EVENT_FAILED = "video.completed", "video.failed"
