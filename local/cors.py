"""Owns what scripts of web pages may read of the embedded cloud: what a bucket's own rules say, as in the cloud.

The emulator would let every page read every answer, so a page that works here could fail there.
"""

from __future__ import annotations

from typing import Any

from local import emulator
from local.guard import App, Scope, Send


def by_bucket_rules(app: App) -> App:
    """Answer preflight requests by the rules of the bucket they are for, and let pages read what those allow."""

    async def endpoint(scope: Scope, receive: Any, send: Send) -> None:  # noqa: ANN401 - ASGI's receive
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        bucket = emulator.bucket_at(headers.get("host", ""), scope["path"])
        if scope["method"] == "OPTIONS" and "origin" in headers and bucket:
            await _answer(send, *emulator.preflight(bucket, headers))
            return
        allowed = emulator.cors_headers(bucket, scope["method"], headers) if bucket else {}

        async def narrowed(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                kept = [
                    each for each in message.get("headers", []) if not each[0].lower().startswith(b"access-control")
                ]
                message = {**message, "headers": kept + _encoded(allowed)}
            await send(message)

        await app(scope, receive, narrowed)

    return endpoint


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": body})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
