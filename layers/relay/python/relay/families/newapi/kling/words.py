"""What both sides of Kling's API call things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from relay.families.newapi.words import LANGUAGE
from relay.nouns.errors import RelayError, TooLarge, WrongMethod
from relay.nouns.task import State
from relay.nouns.wire import Reply

PLATFORM = "kling"
TEXT, IMAGE = "text2video", "image2video"
ACTIONS = (TEXT, IMAGE)
HOME = "/kling"  # where aggregators serve it; Kling itself serves it at the root
PATH = "/v1/videos"

RATIOS = ("16:9", "9:16", "1:1")
Ratio = Literal["16:9", "9:16", "1:1"]
PRO = "-pro"  # the end of our names for models in their mode `pro`, which costs more and is sold as a model of its own
SOUND_FROM = (2, 6)  # the first version whose films have sound
CAMERA = Literal["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"]
MOST_MASKS, MOST_POINTS = 6, 77  # moving parts of a picture, and points of the way of each
FARTHEST = 100_000  # pixels from the corner of a picture; far beyond any that is taken

# What clients are told.
WORDS: Mapping[State, str] = {
    State.PENDING: "submitted",
    State.QUEUED: "submitted",
    State.PROCESSING: "processing",
    State.SUCCEEDED: "succeed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
    State.TIMEOUT: "failed",
}

# Kling's general information: an error as Kling says it, its HTTP status and its code, by our code.
ERRORS: Mapping[str, tuple[int, int]] = {
    "MISSING_REQUIRED_FIELD": (400, 1200),
    "INVALID_PARAMETER": (400, 1201),
    "API_NOT_IMPLEMENTED": (404, 1203),
    "UNAUTHORIZED": (401, 1001),
    "INVALID_TOKEN": (401, 1002),
    "INSUFFICIENT_BALANCE": (429, 1101),
    "FORBIDDEN": (403, 1103),
    "ACCOUNT_FROZEN": (429, 1100),
    "TASK_NOT_FOUND": (404, 1203),
    "NOT_FOUND": (404, 1203),
    "RATE_LIMIT_EXCEEDED": (429, 1302),
    "TOO_MANY_REQUESTS": (429, 1303),
    "API_ERROR": (503, 5001),
}
OTHER = (500, 5000)
WRONG_METHOD = (404, 1202)


def write_error(error: RelayError, trace_id: str) -> Reply:
    """Kling's envelope without data."""
    status, code = WRONG_METHOD if isinstance(error, WrongMethod) else ERRORS.get(error.code, OTHER)
    status = error.status if isinstance(error, TooLarge) else status
    return Reply.json({"code": code, "message": error.tell(LANGUAGE), "request_id": trace_id}, status, error.headers)
