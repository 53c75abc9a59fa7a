"""Owns the simulators' outgoing HTTP: one request, one connection, no redirects, cancelled with its task."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import h11

LARGEST_BODY = 32 * 1024 * 1024
_READ = 65536


class Unreachable(Exception):
    """The other side could not be asked, or its answer could not be read."""


async def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """The status of the answer; raises Unreachable."""
    status, _ = await _request("POST", url, body, {"content-type": "application/json", **headers}, seconds)
    return status


async def fetch(url: str, seconds: float) -> bytes:
    """The body behind `url`; raises Unreachable unless the answer is 200."""
    status, body = await _request("GET", url, b"", {}, seconds)
    if status != 200:
        raise Unreachable(f"the server answered {status}")
    return body


async def _request(method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    try:
        async with asyncio.timeout(seconds):
            return await _exchange(method, url, body, headers)
    except TimeoutError as error:
        raise Unreachable(f"no answer within {seconds:g} s") from error
    except (OSError, ValueError, h11.ProtocolError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


async def _exchange(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not an http address: {url!r}")
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    try:
        connection = h11.Connection(h11.CLIENT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fixed = {"host": parts.netloc.rpartition("@")[2], "connection": "close", "content-length": str(len(body))}
        request = h11.Request(method=method, target=target, headers=list({**headers, **fixed}.items()))
        writer.write(connection.send(request) or b"")
        writer.write((connection.send(h11.Data(data=body)) or b"") if body else b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return await _answer(connection, reader)
    finally:
        writer.close()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, bytes]:
    status, body = 0, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise ValueError("the answer is too large")
        elif isinstance(event, h11.EndOfMessage):
            return status, bytes(body)
        elif isinstance(event, h11.ConnectionClosed):
            raise ValueError("the connection closed before the answer ended")
