"""Owns API Gateway's payload format 2.0: a request becomes an event, a handler's answer becomes a reply."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.parse
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local.emulator import ACCOUNT
from local.routing import Match

# The cloud passes these on as text and everything else, form fields too, in base64.
_TEXT = re.compile(r"(text/|application/(json|javascript|xml|[\w.+-]+\+(json|xml))\b)", re.IGNORECASE)
_API = "local"


@dataclass(frozen=True)
class HttpRequest:
    """One request as it came over the line."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str

    @property
    def path(self) -> str:
        """The decoded path: the one routes are matched against."""
        return urllib.parse.unquote(self.target.partition("?")[0])


@dataclass(frozen=True)
class HttpReply:
    """What goes back over the line."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def message(status: int, text: str) -> HttpReply:
    """A reply of the gateway itself."""
    return HttpReply(
        status, (("content-type", "application/json"),), json.dumps({"message": text}, separators=(",", ":")).encode()
    )


def write_event(request: HttpRequest, match: Match) -> dict[str, Any]:
    """The event a handler receives for a request."""
    query_string = request.target.partition("?")[2]
    headers = _joined((k.lower(), v) for k, v in request.headers if k.lower() != "cookie")
    cookies = [c.strip() for k, v in request.headers if k.lower() == "cookie" for c in v.split(";") if c.strip()]
    query = _joined(urllib.parse.parse_qsl(query_string, keep_blank_values=True))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": query_string,
        "headers": headers,
        "requestContext": _context(request, match.route.key, headers),
        **_body(request.body, headers),
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": query,
        "pathParameters": dict(match.parameters),
    }
    return event | {name: value for name, value in optional.items() if value}


def _context(request: HttpRequest, route_key: str, headers: dict[str, str]) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": _API,
        "domainName": headers.get("host", ""),
        "domainPrefix": _API,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex[:15] + "=",
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _body(body: bytes, headers: dict[str, str]) -> dict[str, Any]:
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


def read_answer(payload: bytes) -> HttpReply:
    """The reply a handler's answer stands for; ValueError if it stands for none."""
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer.encode() if isinstance(answer, str) else payload
        return HttpReply(200, (("content-type", "application/json"),), body)
    status = int(answer["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"{status} is not an HTTP status")
    text = answer.get("body") or ""
    text = text if isinstance(text, str) else json.dumps(text)
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    headers = {"content-type": "text/plain;charset=UTF-8"}
    headers |= {_line(name).lower(): _line(value) for name, value in (answer.get("headers") or {}).items()}
    headers.pop("content-length", None)
    cookies = [("set-cookie", _line(cookie)) for cookie in answer.get("cookies") or []]
    return HttpReply(status, (*headers.items(), *cookies), body)


def _line(value: object) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    if "\r" in text or "\n" in text:
        raise ValueError("a header has a line break in it")
    text.encode("latin-1")  # raises here what would otherwise break the reply half way
    return text
