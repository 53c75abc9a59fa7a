"""What both sides of the unified video API call things."""

from __future__ import annotations

from collections.abc import Mapping

from relay.nouns.task import State

PLATFORM = "video"
CREATE_PATH, QUERY_PATH = "/v1/video/create", "/v1/video/query"

# Protocol facts, master mapping: every status word met, in small letters.
STATES: Mapping[str, State] = {
    **dict.fromkeys(("pending", "queued", "submitted", "not_start"), State.QUEUED),
    **dict.fromkeys(("processing", "running", "in_progress", "image_downloading"), State.PROCESSING),
    **dict.fromkeys(("video_generating", "video_upsampling", "video_upsampling_completed"), State.PROCESSING),
    "video_generation_completed": State.PROCESSING,  # the film is there, and may still be scaled up
    **dict.fromkeys(("completed", "success", "succeeded"), State.SUCCEEDED),
    **dict.fromkeys(("failed", "error", "video_generation_failed", "video_upsampling_failed"), State.FAILED),
    **dict.fromkeys(("cancelled", "canceled"), State.CANCELLED),
}
MADE = ("video_generation_completed", "video_upsampling_completed")

# What clients are told: the four words that all of them know.
WORDS: Mapping[State, str] = {
    State.PENDING: "pending",
    State.QUEUED: "pending",
    State.PROCESSING: "processing",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
    State.TIMEOUT: "failed",
}

ORIENTATIONS: Mapping[str, str] = {"portrait": "9:16", "landscape": "16:9"}
RATIOS = ("16:9", "9:16")
RESOLUTIONS: Mapping[str, str] = {"small": "720p", "large": "1080p"}

# The images a model takes, by the end of its name: Veo's frames are first and last, its components are to appear.
FRAMES, COMPONENTS = "-frames", "-components"


def most_images(model: str) -> int:
    if model.endswith(FRAMES):
        return 1 if model.startswith("veo3-pro") else 2
    return 3 if model.endswith(COMPONENTS) else 1
