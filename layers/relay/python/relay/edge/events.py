"""API Gateway's payload format 2.0: a request read from its event, an answer written as it takes it."""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import replace
from typing import Any

from relay.nouns.errors import BadInput
from relay.nouns.wire import JSON, Inbound, Reply

Event = dict[str, Any]

_TRACE_ID = re.compile(r"[A-Za-z0-9_=+/-]{1,64}")


def read_inbound(event: Event, params: dict[str, str], *, fronted: bool = False) -> Inbound:
    """An API Gateway payload 2.0 event as a request; the body is bytes, whichever way it travelled. `fronted`: our
    clients ask CloudFront, which asks the API."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Inbound(
        method=event["requestContext"]["http"]["method"],
        path=path_of(event),
        headers=headers,
        params=params,
        query=event.get("queryStringParameters") or {},
        body=_read_bytes(event),
        source=_read_source(event, headers.get("x-forwarded-for", "") if fronted else ""),
    )


def _read_source(event: Event, forwarded: str) -> str:
    """Where a request came from: who asked the API, or in front of it CloudFront, which notes its client last, before
    the API notes CloudFront. What stands before these two is the client's own say."""
    passed = [each.strip() for each in forwarded.split(",")]
    return passed[-2] if len(passed) > 1 else str(event["requestContext"]["http"].get("sourceIp", ""))


def trace_id_of(event: Event) -> str:
    """The request's id at the gateway: what we answer as `X-Trace-Id`. A client's own header of that name is not
    taken over: two requests could then share an id."""
    given = (event.get("requestContext") or {}).get("requestId")
    return given if isinstance(given, str) and _TRACE_ID.fullmatch(given) else uuid.uuid4().hex


def _read_bytes(event: Event) -> bytes:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError as error:  # not base64, or half of a surrogate pair
        raise BadInput("the body cannot be read", "无法读取请求体") from error


def path_of(event: Event) -> str:
    path = event.get("rawPath")
    return path if isinstance(path, str) else ""


def traced(reply: Reply, trace_id: str) -> Reply:
    return replace(reply, headers={"x-trace-id": trace_id, **reply.headers})


def body_of(reply: Reply) -> str | bytes:
    """The body as API Gateway takes it: text as it is; bytes have to be encoded."""
    textual = reply.content_type == JSON or reply.content_type.startswith("text/")
    return reply.body.decode() if textual or not reply.body else reply.body


def write_answer(reply: Reply) -> Event:
    body = body_of(reply)
    said = {"content-type": reply.content_type} if reply.content_type else {}
    return {
        "statusCode": reply.status,
        "headers": {**said, **reply.headers},
        "body": body if isinstance(body, str) else base64.b64encode(body).decode(),
        "isBase64Encoded": isinstance(body, bytes),
    }
