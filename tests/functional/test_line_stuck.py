"""A client that does not read what it is sent, or does not send what it means to."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from relay.edge.stream.sending import Pace
from relay.nouns.task import State
from tests.functional.harness import KEY
from tests.functional.streaming import CHAT, chat_body, served, streaming, until


class Flood:
    """An upstream that writes as fast as it can be read; it counts what it wrote."""

    def __init__(self) -> None:
        self.sent = 0
        self.ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = b"data: " + json.dumps({"choices": [{"delta": {"content": "x" * 60_000}}]}).encode() + b"\n\n"
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while self.sent < 50 << 20 and not scope["upstreams.transport"].is_closing():
            await send({"type": "http.response.body", "body": event, "more_body": True})
            self.sent += len(event)
        self.ended = True


def test_a_client_that_reads_nothing_is_dropped_and_fills_no_memory() -> None:
    flood = Flood()
    pace = Pace(heartbeat=0.1, stuck=0.4)
    with served(flood) as url, streaming(first=url, pace=pace) as line, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        parts = urlsplit(line.url)
        client.connect((parts.hostname, parts.port))
        body = json.dumps(chat_body("Tell", stream=True)).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        until(lambda: bool(line.calls) and line.calls[-1].terminal)
        until(line.settled)
        until(lambda: flood.ended)
        (call,) = line.calls
        assert flood.sent < 16 << 20  # of which the most lies in the kernel's buffers of three connections
        assert call.state is State.SUCCEEDED
        assert call.used == call.price


def test_a_request_that_does_not_arrive_is_given_up() -> None:
    with streaming(pace=Pace(body=0.2)) as line, socket.socket() as client:
        parts = urlsplit(line.url)
        client.connect((parts.hostname, parts.port))
        client.sendall(f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n".encode())
        client.sendall(b'content-type: application/json\r\ncontent-length: 9\r\n\r\n{"mo')
        client.settimeout(5.0)
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")
        assert line.calls == []
