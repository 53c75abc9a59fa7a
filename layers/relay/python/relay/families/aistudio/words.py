"""The family's words: its platforms, its path segments and the error codes it knows."""

from __future__ import annotations

from collections.abc import Mapping

from relay.nouns.draft import Kind

# Platform API reference, platforms. The catalog says what each one sells; reading a query has no catalog at hand.
PLATFORMS = frozenset(
    {"grok", "dreamina", "kling", "lovart", "krea", "sora", "hailuo", "higgsfield", "heygen", "suno"},
)

# The last path segment of a create route; statements call the kind of a task by the same word.
SEGMENTS: Mapping[str, Kind] = {"images": Kind.IMAGE, "videos": Kind.VIDEO, "music": Kind.MUSIC}
TASK_TYPES: Mapping[str, str] = {kind.value: segment for segment, kind in SEGMENTS.items()}

RATIOS = ("16:9", "9:16", "1:1")  # Platform API reference, videos: the shapes there are

# Platform API reference, errors: every code there is, with the one HTTP status it goes with.
ERRORS: Mapping[str, int] = {
    "MISSING_REQUIRED_FIELD": 400,
    "INVALID_PARAMETER": 400,
    "API_NOT_IMPLEMENTED": 400,
    "UNAUTHORIZED": 401,
    "INVALID_TOKEN": 401,
    "INSUFFICIENT_BALANCE": 402,
    "FORBIDDEN": 403,
    "ACCOUNT_FROZEN": 403,
    "TASK_NOT_FOUND": 404,
    "NOT_FOUND": 404,
    "RATE_LIMIT_EXCEEDED": 429,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_ERROR": 500,
    "API_ERROR": 500,
}

# Canonical codes the table above cannot say, and what it says instead.
FOLDED: Mapping[str, str] = {
    "CONTENT_POLICY_VIOLATION": "INVALID_PARAMETER",
    "INPUT_FETCH_FAILED": "INVALID_PARAMETER",
    "UPSTREAM_TIMEOUT": "API_ERROR",
    "UPSTREAM_UNAVAILABLE": "API_ERROR",
}

# What a task's own error may say; anything else is a failed generation.
TASK_ERRORS = frozenset({"TASK_TIMEOUT", "TASK_CANCELLED", "API_ERROR"})
OTHER_TASK_ERROR = "GENERATION_FAILED"
