"""The error document that OpenAI's shapes share."""

from __future__ import annotations

from relay.nouns.wire import Json

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error(status: int, message: str) -> Json:
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
