"""Keeps web pages away from the AWS endpoint: it has no authentication and can run code.

A page may use what was signed for it: an object's presigned address, or a form, whose signature the emulator checks.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local import emulator

_HOSTS = ("127.0.0.1", "localhost")


def guarded(app: ASGIApp) -> ASGIApp:
    """Refuse what a browser sends for a page, except a presigned request for an object and a form to a bucket."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not _of_a_page(Headers(scope=scope)) or _presigned(scope) or _form(scope):
            await app(scope, receive, send)
        else:
            await Response(status_code=403)(scope, receive, send)

    return guard


def _of_a_page(headers: Headers) -> bool:
    # An <img> or a form sends no Origin, but every browser says where the request comes from. A foreign name that
    # resolves to this machine makes a page "same origin".
    host = headers.get("host", "127.0.0.1").rsplit(":", 1)[0]
    return "origin" in headers or headers.get("sec-fetch-site", "none") != "none" or not _here(host)


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
        and "x-amz-target" not in Headers(scope=scope)
    )


def _form(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and _here(host.rsplit(":", 1)[0])
        and headers.get("content-type", "").startswith("multipart/form-data")
        and not {"x-amz-target", "authorization"} & set(headers.keys())
        and not scope["query_string"]
        and emulator.bucket_at(host, scope["path"]) is not None
    )
