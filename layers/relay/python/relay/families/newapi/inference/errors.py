"""Errors as Anthropic's and Google's APIs say them, with the statuses of the family."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.newapi.words import LANGUAGE, row_of
from relay.nouns.errors import RelayError
from relay.nouns.wire import Reply

CLAUDE: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}
GOOGLE: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
}


def write_claude_error(error: RelayError, trace_id: str) -> Reply:
    status = row_of(error).status
    told = {"type": CLAUDE.get(status, "api_error"), "message": error.tell(LANGUAGE)}
    return Reply.json({"type": "error", "error": told}, status, error.headers)


def write_google_error(error: RelayError, trace_id: str) -> Reply:
    status = row_of(error).status
    told = {"code": status, "message": error.tell(LANGUAGE), "status": GOOGLE.get(status, "INTERNAL")}
    return Reply.json({"error": told}, status, error.headers)
