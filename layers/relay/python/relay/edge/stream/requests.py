"""ASGI requests, read as those of the other endpoints are."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from relay.nouns.errors import BadInput, TooLarge
from relay.nouns.wire import Inbound

MOST = 4 << 20  # bytes of a body: a function takes 6 MB, in which binary ones are a third longer


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


async def read_inbound(scope: Scope, receive: Receive, seconds: float) -> Inbound:
    """The request, its body with it, which may take so many seconds to arrive. Raises BadInput, ClientGone."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        async with asyncio.timeout(seconds):
            body = await _read_body(receive)
    except TimeoutError as error:
        raise BadInput(f"the body did not arrive within {seconds:g} s", f"请求体未在 {seconds:g} 秒内到达") from error
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Inbound(scope["method"], scope["path"], headers, {}, query, body)


async def _read_body(receive: Receive) -> bytes:
    """Raises TooLarge, when all of it came and could be answered, and ClientGone."""
    body, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        size += len(message.get("body", b""))
        if size <= MOST:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    if size > MOST:
        raise TooLarge(
            f"the body is larger than {MOST >> 20} MB: upload files first (POST /api/upload/file) and send their URLs",
            f"请求体超过 {MOST >> 20} MB：请先上传文件，再发送其 URL",
        )
    return bytes(body)
