"""API Gateway's payload format 2.0: a request becomes an event, a handler's answer becomes a reply."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.parse
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import h11
from starlette.requests import Request
from starlette.responses import Response

from local.emulator import ACCOUNT
from local.routing import Match

# The cloud passes these on as text and everything else, form fields too, in base64.
_TEXT = re.compile(r"(text/|application/(json|javascript|xml|[\w.+-]+\+(json|xml))\b)", re.IGNORECASE)
_API = "local"
_OF_THE_CONNECTION = {"content-length", "transfer-encoding", "connection"}  # the server writes these itself


def write_event(request: Request, body: bytes, match: Match) -> dict[str, Any]:
    """The event a handler receives for a request."""
    path, source = request.scope["path"], request.client.host if request.client else ""
    query_string = request.scope["query_string"].decode("latin-1")
    port = str(request.scope["server"][1])
    forwarded = [("x-forwarded-for", source), ("x-forwarded-port", port), ("x-forwarded-proto", "http")]
    headers = _joined((name, value) for name, value in [*request.headers.items(), *forwarded] if name != "cookie")
    cookies = [part.strip() for line in request.headers.getlist("cookie") for part in line.split(";") if part.strip()]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": query_string,
        "headers": headers,
        "requestContext": _context(request.method, path, source, match.route.key, headers),
        **write_body(body, headers),
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": _joined(urllib.parse.parse_qsl(query_string, keep_blank_values=True)),
        "pathParameters": dict(match.parameters),
    }
    return event | {name: value for name, value in optional.items() if value}


def _context(method: str, path: str, source: str, route_key: str, headers: dict[str, str]) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": _API,
        "domainName": headers.get("host", ""),
        "domainPrefix": _API,
        "http": {
            "method": method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": source,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex[:15] + "=",
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def write_body(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """How an event carries a request's body."""
    if not body:
        return {"isBase64Encoded": False}
    if _TEXT.match(headers.get("content-type", "text/plain")) and "content-encoding" not in headers:
        # where it is not the text it says it is, the very bytes are handed over
        with suppress(UnicodeDecodeError):
            return {"body": body.decode("utf-8"), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def read_answer(payload: bytes) -> Response:
    """The reply a handler's answer stands for; ValueError or h11's LocalProtocolError if it stands for none."""
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(answer.encode() if isinstance(answer, str) else payload, media_type="application/json")
    status, text = int(answer["statusCode"]), answer.get("body") or ""
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is not the status of an answer")
    text = text if isinstance(text, str) else json.dumps(text)
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    given = {name.lower(): _word(value) for name, value in (answer.get("headers") or {}).items()}
    headers = [*({"content-type": "text/plain;charset=UTF-8"} | given).items()]
    headers += [("set-cookie", _word(cookie)) for cookie in answer.get("cookies") or []]
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    h11.Response(status_code=status, headers=raw)  # raises here what would otherwise break the reply half way
    response = Response(b"" if status in (204, 304) else body, status)
    response.raw_headers += [each for each in raw if each[0].decode() not in _OF_THE_CONNECTION]
    return response


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def write_message(status: int, text: str, *, close: bool = False) -> Response:
    """A reply of the gateway itself."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Response(body, status, {"connection": "close"} if close else None, "application/json")
