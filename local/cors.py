"""What scripts of web pages may read of the embedded cloud: what a bucket's own rules say, as in the cloud.

The emulator would let every page read every answer, so a page that works here could fail there.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local import emulator


def by_bucket_rules(app: ASGIApp) -> ASGIApp:
    """Answer preflight requests by the rules of the bucket they are for, and let pages read what those allow."""

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = dict(Headers(scope=scope))
        bucket = emulator.bucket_at(headers.get("host", ""), scope["path"])
        if scope["method"] == "OPTIONS" and "origin" in headers and bucket:
            status, allowed, body = emulator.preflight(bucket, headers)
            await Response(body, status, allowed)(scope, receive, send)
            return
        allowed = emulator.cors_headers(bucket, scope["method"], headers) if bucket else {}

        async def narrowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [each for each in message["headers"] if not each[0].lower().startswith(b"access-control")]
                added = [(name.lower().encode(), value.encode()) for name, value in allowed.items()]
                message = {**message, "headers": kept + added}
            await send(message)

        await app(scope, receive, narrowed)

    return endpoint
