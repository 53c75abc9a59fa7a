"""Constants that both sides of AI Hub use, and its error document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from relay.nouns.account_errors import KeyExhausted
from relay.nouns.errors import MissingField, RelayError, TooLarge
from relay.nouns.wire import Json, Reply

FAMILY = "aihub"
LANGUAGE: Literal["en"] = "en"
COMPLETIONS, STREAM, MODELS = "/api/v1/chat/completions", "/api/v1/chat/stream", "/api/v1/chat/models"


class Row(NamedTuple):
    status: int
    type: str
    code: str
    hint: str = ""


REQUEST, AUTH, PERMISSION = "invalid_request_error", "authentication_error", "permission_error"
LIMIT, SERVER = "rate_limit_error", "server_error"
# Protocol facts, canonical error codes: an error as the family says it, by our code.
ERRORS: Mapping[str, Row] = {
    "MISSING_REQUIRED_FIELD": Row(400, REQUEST, "missing_parameter"),
    "INVALID_PARAMETER": Row(400, REQUEST, "invalid_parameter"),
    "API_NOT_IMPLEMENTED": Row(400, REQUEST, "not_supported"),
    "UNAUTHORIZED": Row(401, AUTH, "missing_api_key", "send it as a bearer token, in X-API-Key, or as ?api_key="),
    "INVALID_TOKEN": Row(401, AUTH, "invalid_api_key", "only the first place that holds a key is read"),
    "NO_SESSION": Row(401, AUTH, "missing_token", "send the access_token of a login as a bearer token"),
    "INVALID_SESSION": Row(401, AUTH, "invalid_token", "log in again; an API key is not taken here"),
    "SESSION_EXPIRED": Row(401, AUTH, "token_expired", "POST /api/v1/developer/auth/refresh"),
    "INVALID_CREDENTIALS": Row(401, AUTH, "invalid_credentials"),
    "EMAIL_EXISTS": Row(400, REQUEST, "email_exists", "log in with it"),
    "SIGN_UP_OFF": Row(403, PERMISSION, "sign_up_off"),
    # the wire has no 402; its 403 stands for what another subscription would allow, and is not sent again by clients
    "INSUFFICIENT_BALANCE": Row(403, PERMISSION, "insufficient_balance", "top up, or bound max_tokens"),
    "FORBIDDEN": Row(403, PERMISSION, "forbidden"),
    "ACCOUNT_FROZEN": Row(403, PERMISSION, "account_frozen"),
    "MAX_KEYS_REACHED": Row(403, PERMISSION, "max_keys_reached", "revoke a key, or take another plan"),
    "NOT_FOUND": Row(404, REQUEST, "not_found"),
    "RATE_LIMIT_EXCEEDED": Row(429, LIMIT, "rate_limit_exceeded", "wait as Retry-After says"),
    "TOO_MANY_REQUESTS": Row(429, LIMIT, "concurrency_limit_exceeded", "wait for a request to end"),
    "QUOTA_EXCEEDED": Row(429, LIMIT, "quota_exceeded", "bound max_tokens, or wait for the next month"),
    "UPSTREAM_UNAVAILABLE": Row(503, SERVER, "upstream_unavailable", "try again"),
}
OTHER = Row(500, SERVER, "internal_error", "quote the x-trace-id header")
# What is wrong with the model that a request names has codes of its own, by that of any other field.
OF_MODELS: Mapping[str, Row] = {
    "invalid_parameter": Row(400, REQUEST, "model_not_found", f"GET {MODELS} lists the models"),
    "not_supported": Row(400, REQUEST, "model_not_found", f"GET {MODELS} lists the models"),
    "forbidden": Row(403, PERMISSION, "model_not_allowed", "check the subscription"),
}


def _row_of(error: RelayError) -> Row:
    row = ERRORS.get(error.code, OTHER)
    if isinstance(error, KeyExhausted):
        return row._replace(code="key_limit_exceeded", hint="raise the limit of the key, or use another one")
    if error.field == "model" and not isinstance(error, MissingField):
        row = OF_MODELS.get(row.code, row)
    return row._replace(status=error.status) if isinstance(error, TooLarge) else row


def write_error(error: RelayError, trace_id: str) -> Reply:
    """The error document; `details` name the field that is wrong."""
    row = _row_of(error)
    details: dict[str, Json] = {name: said for name, said in (("field", error.field), ("hint", row.hint)) if said}
    told = {"type": row.type, "message": error.tell(LANGUAGE), "code": row.code, "details": details}
    return Reply.json({"success": False, "error": told}, row.status, error.headers)
