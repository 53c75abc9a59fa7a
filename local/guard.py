"""Guards the AWS endpoint: it has no authentication and can run code, so no web page may reach it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

_HOSTS = ("127.0.0.1", "localhost")


def guarded(app: App) -> App:
    """Refuse what a browser sends for a page, except reading and writing an object by a presigned address."""

    async def guard(scope: Scope, receive: object, send: Send) -> None:
        if scope["type"] != "lifespan" and (_of_a_page(scope) and not _presigned(scope)):
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return guard


def _of_a_page(scope: Scope) -> bool:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == b"origin":
            return True
        # An <img> or a form sends no Origin, but every browser says where the request comes from.
        if name == b"sec-fetch-site" and value != b"none":
            return True
        # A foreign name that resolves to this machine makes a page "same origin".
        if name == b"host" and not _here(value.decode("latin-1").rsplit(":", 1)[0]):
            return True
    return False


def _here(host: str) -> bool:
    # browsers and resolvers keep every name under "localhost" on this machine: a bucket may stand before it
    return host in _HOSTS or host.endswith(".localhost")


def _presigned(scope: Scope) -> bool:
    path: str = scope["path"]
    return (
        scope["type"] == "http"
        and scope["method"] in {"GET", "HEAD", "PUT", "OPTIONS"}
        and b"X-Amz-Signature=" in scope["query_string"]
        and b"Action=" not in scope["query_string"]
        # The other services' REST paths start with the date of their API, and the emulator's own with "_".
        and not path.startswith(("/20", "/_"))
        and not any(name == b"x-amz-target" for name, _ in scope["headers"])
    )
