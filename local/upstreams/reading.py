"""Owns reading what clients send, before any family looks at it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from relay.nouns.errors import BadInput


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises BadInput for anything else."""
    try:
        body = json.loads(raw)
        # Half a surrogate pair is legal JSON and can never be sent back, so it is refused while that is easy.
        json.dumps(body, ensure_ascii=False).encode()
    except ValueError as error:
        raise BadInput("the body is not JSON", "请求体不是 JSON") from error
    if not isinstance(body, dict):
        raise BadInput("the body is not a JSON object", "请求体不是 JSON 对象")
    return body


def is_web_address(value: object) -> bool:
    """Whether `value` is text that could be fetched."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def is_whole(value: object) -> bool:
    """Whether `value` is a JSON integer; true and false are none, though Python says so."""
    return isinstance(value, int) and not isinstance(value, bool)


def text_of(value: object) -> str:
    """`value` where it is text, else nothing: for looking into a body that is not checked yet."""
    return value if isinstance(value, str) else ""
