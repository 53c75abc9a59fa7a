"""What both sides of the Suno API call things."""

from __future__ import annotations

from collections.abc import Mapping

from relay.nouns.task import State

PLATFORM = "suno"
CREATE_PATH, EXTEND_PATH = "/api/v1/generate", "/api/v1/generate/extend"
QUERY_PATH = "/api/v1/generate/record-info"

# KIE docs, Get Music Task Details
STATES: Mapping[str, State] = {
    "PENDING": State.QUEUED,
    "TEXT_SUCCESS": State.PROCESSING,
    "FIRST_SUCCESS": State.PROCESSING,
    "SUCCESS": State.SUCCEEDED,
    "CREATE_TASK_FAILED": State.FAILED,
    "GENERATE_AUDIO_FAILED": State.FAILED,
    "SENSITIVE_WORD_ERROR": State.FAILED,
    "CALLBACK_EXCEPTION": State.FAILED,
}
REFUSED = "SENSITIVE_WORD_ERROR"  # the content was refused
# Our options as the wire calls them, beside the words of a song.
OPTIONS: Mapping[str, str] = {
    "negative_prompt": "negativeTags",
    "voice_gender": "vocalGender",
    "style_weight": "styleWeight",
    "weirdness": "weirdnessConstraint",
    "audio_weight": "audioWeight",
}
