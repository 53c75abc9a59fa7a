"""The family's words for errors, and the error document that most of its APIs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from relay.nouns.errors import RelayError, TooLarge
from relay.nouns.line_errors import Broken
from relay.nouns.wire import Reply

FAMILY = "newapi"
LANGUAGE: Literal["en"] = "en"


class Row(NamedTuple):
    status: int
    type: str
    code: str


REQUEST = "invalid_request_error"
# Protocol facts, canonical error codes: an error as the family says it, by our code.
ERRORS: Mapping[str, Row] = {
    "MISSING_REQUIRED_FIELD": Row(400, REQUEST, "missing_required_parameter"),
    "INVALID_PARAMETER": Row(400, REQUEST, "invalid_value"),
    "API_NOT_IMPLEMENTED": Row(501, "new_api_error", "api_not_implemented"),
    "UNAUTHORIZED": Row(401, "authentication_error", "missing_api_key"),
    "INVALID_TOKEN": Row(401, "authentication_error", "invalid_api_key"),
    "INSUFFICIENT_BALANCE": Row(403, "insufficient_quota", "quota_not_enough"),
    "FORBIDDEN": Row(403, "permission_error", "forbidden"),
    "ACCOUNT_FROZEN": Row(403, "permission_error", "account_frozen"),
    "TASK_NOT_FOUND": Row(404, REQUEST, "task_not_exist"),
    "NOT_FOUND": Row(404, REQUEST, "not_found"),
    "RATE_LIMIT_EXCEEDED": Row(429, "rate_limit_error", "rate_limit_exceeded"),
    "TOO_MANY_REQUESTS": Row(429, "rate_limit_error", "too_many_requests"),
    "QUOTA_EXCEEDED": Row(429, "insufficient_quota", "quota_exceeded"),
    "API_ERROR": Row(500, "upstream_error", "api_error"),
    "UPSTREAM_UNAVAILABLE": Row(503, "upstream_error", "upstream_unavailable"),
}
OTHER = Row(500, "server_error", "internal_error")
# Why a task failed, by our code, as OpenAI's objects say it; each API has a word of its own for every other code.
FAULTS: Mapping[str, str] = {
    "CONTENT_POLICY_VIOLATION": "moderation_blocked",
    "INVALID_PARAMETER": "invalid_value",
    "INPUT_FETCH_FAILED": "input_fetch_failed",
    "TASK_TIMEOUT": "timeout",
    "TASK_CANCELLED": "cancelled",
    "API_ERROR": "server_error",
}


def row_of(error: RelayError) -> Row:
    row = ERRORS.get(error.code, OTHER)
    return row._replace(status=error.status) if isinstance(error, TooLarge | Broken) else row


def write_openai_error(error: RelayError, trace_id: str) -> Reply:
    """OpenAI's error object, which names the field that is wrong; also what an unknown path is answered with."""
    row = row_of(error)
    told = {"message": error.tell(LANGUAGE), "type": row.type, "param": error.field or "", "code": row.code}
    return Reply.json({"error": told}, row.status, error.headers)
