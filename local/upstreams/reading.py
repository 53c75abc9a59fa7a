"""Owns reading what clients send, before any family looks at it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body; raises ValueError for anything else."""
    body = json.loads(await request.body())
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  # callers answer one kind of error
    # Half a surrogate pair is legal JSON and can never be sent back, so it is refused while that is easy.
    json.dumps(body, ensure_ascii=False).encode()
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
