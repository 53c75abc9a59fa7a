"""What both sides of the Runway API call things."""

from __future__ import annotations

from relay.nouns.task import State

PLATFORM = "runway"
CREATE_PATH, EXTEND_PATH = "/api/v1/runway/generate", "/api/v1/runway/extend"
QUERY_PATH = "/api/v1/runway/record-detail"
USUAL_QUALITY = "720p"
# KIE docs, Get AI Video Details
STATES = {
    "wait": State.QUEUED,
    "queueing": State.QUEUED,
    "generating": State.PROCESSING,
    "success": State.SUCCEEDED,
    "fail": State.FAILED,
}
