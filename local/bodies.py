"""Owns reading one HTTP/1.1 request body whole, by length or by chunks."""

from __future__ import annotations

from email.message import Message
from typing import Protocol

_LINE = 1024


class Stream(Protocol):
    """The little of a connection's read side that is needed here."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self, limit: int, /) -> bytes: ...


class BadBodyError(ValueError):
    """The body's framing makes no sense, so nothing after it on the connection can be trusted."""


class TooLargeError(ValueError):
    """The body is larger than the limit; what was not read is still on the connection."""


def read_body(headers: Message, stream: Stream, limit: int) -> bytes:
    """Read the request body; raises BadBodyError or TooLargeError instead of guessing."""
    encoding = headers.get("Transfer-Encoding")
    lengths = set(headers.get_all("Content-Length", []))
    if encoding is not None:
        if encoding.strip().lower() != "chunked" or lengths:
            raise BadBodyError("send either a Content-Length or 'Transfer-Encoding: chunked'")
        return _read_chunks(stream, limit)
    if not lengths:
        return b""
    text = lengths.pop().strip()
    if lengths or not (text.isascii() and text.isdigit()):
        raise BadBodyError("Content-Length must be one decimal number")
    return _read_exactly(stream, int(text), limit)


def _read_chunks(stream: Stream, limit: int) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream.readline(_LINE)):
        body += _read_exactly(stream, size, limit - len(body))
        if stream.readline(_LINE).strip():
            raise BadBodyError("a chunk is longer than it says")
    while stream.readline(_LINE).strip():
        continue  # trailers carry nothing we use
    return bytes(body)


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";", 1)[0].strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise BadBodyError("a chunk must start with its size in hexadecimal")
    return int(digits, 16)


def _read_exactly(stream: Stream, size: int, limit: int) -> bytes:
    if size > limit:
        raise TooLargeError(f"the body is larger than {limit} bytes")
    data = stream.read(size)
    if len(data) < size:
        raise BadBodyError("the body ended early")
    return data
