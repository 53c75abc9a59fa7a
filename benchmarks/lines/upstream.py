"""A simulated upstream that answers chats in OpenAI's shape, plain and streamed, as cheaply as Python can.

It runs alone: `python -m benchmarks.lines.upstream CORE` prints its port and serves until its input ends. What it
should do stands in the request's body: "stream", "include_usage", and the words `pace=FIRST/GAP` (milliseconds to the
first byte, and between two chunks), without which it answers at once.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

from benchmarks.lines.cores import pin
from local.sockets import listening

CHUNKS = 20  # with a piece of text each
USAGE = {"prompt_tokens": 60, "completion_tokens": CHUNKS, "total_tokens": 60 + CHUNKS}
_COMMON = {"id": "chatcmpl-0123456789", "created": 1767225600, "model": "bench"}
_STREAMED = re.compile(rb'"stream":\s*true')
_WITH_USAGE = re.compile(rb'"include_usage":\s*true')
_PACE = re.compile(rb"pace=(\d+)/(\d+)")
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def _answer() -> bytes:
    message = {"role": "assistant", "content": " word" * CHUNKS}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = json.dumps({**_COMMON, "object": "chat.completion", "choices": choices, "usage": USAGE}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _event(text: str) -> bytes:
    data = f"data: {text}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def _chunk(choices: list[dict[str, object]], **more: object) -> bytes:
    return _event(json.dumps({**_COMMON, "object": "chat.completion.chunk", "choices": choices, **more}))


def _piece(delta: dict[str, str], reason: str | None = None) -> bytes:
    return _chunk([{"index": 0, "delta": delta, "finish_reason": reason}])


_PLAIN = _answer()
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PIECES = [_piece({"role": "assistant", "content": " word"}), *[_piece({"content": " word"})] * (CHUNKS - 1)]
_LAST = [_piece({}, "stop")]
_DONE = [_event("[DONE]") + b"0\r\n\r\n"]
_STREAM = [*_PIECES, *_LAST, *_DONE]
_STREAM_WITH_USAGE = [*_PIECES, *_LAST, _chunk([], usage=USAGE), *_DONE]


class Upstream(asyncio.Protocol):
    """One connection. Each chunk is written by itself, so that it travels by itself."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if is_whole(self._received):
            request, self._received = self._received, b""
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        found = _PACE.search(request)
        first, gap = (int(found[1]) / 1000, int(found[2]) / 1000) if found else (0.0, 0.0)
        if _STREAMED.search(request):
            chunks = _STREAM_WITH_USAGE if _WITH_USAGE.search(request) else _STREAM
            self._after(first, _HEAD + chunks[0], chunks[1:], gap)
        else:
            self._after(first + gap * (CHUNKS - 1), _PLAIN, [], gap)

    def _after(self, seconds: float, data: bytes, rest: list[bytes], gap: float) -> None:
        if seconds:
            self._loop.call_later(seconds, self._write, data, rest, gap)
        else:
            self._write(data, rest, gap)

    def _write(self, data: bytes, rest: list[bytes], gap: float) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if rest:
            # without a gap still in a turn of the loop of its own: other connections go in between
            self._loop.call_later(gap, self._write, rest[0], rest[1:], gap)


def is_whole(request: bytes) -> bool:
    """Whether a request is there to its last byte; whoever sent it waits for the answer, so nothing follows it."""
    head, blank, body = request.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    return bool(blank) and (len(body) >= int(found[1]) if found else body.endswith(b"0\r\n\r\n"))


async def _serve() -> None:
    server_socket = listening(0)
    loop = asyncio.get_running_loop()
    await loop.create_server(Upstream, sock=server_socket)
    print(server_socket.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    pin(int(sys.argv[1]))
    asyncio.run(_serve())
