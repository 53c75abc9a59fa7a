"""Answers that are written while we read them: each piece comes at once, and silence, length and time are bounded."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from relay.effects import outbound
from relay.effects.outbound import NoAnswer, Outbound
from relay.nouns.wire import Call
from tests.wires import Behaviour, answer, here, server

pytestmark = pytest.mark.enable_socket

CHUNKED = answer(b"transfer-encoding: chunked")
UNTIL_CLOSED = answer(b"connection: close")


def writing(head: bytes, *parts: bytes, pause: float) -> Behaviour:
    """A server that writes part by part and hangs up after the last."""

    def behave(line: socket.socket) -> None:
        line.sendall(head)
        for part in parts:
            framed = b"%x\r\n%s\r\n" % (len(part), part) if head is CHUNKED else part
            line.sendall(framed)
            time.sleep(pause)
        if head is CHUNKED:
            line.sendall(b"0\r\n\r\n")
        line.shutdown(socket.SHUT_RDWR)

    return behave


def read(port: int, *, timeout: float = 5.0, largest: int = 1000) -> Iterator[tuple[float, bytes]]:
    """Each piece with the second it came at."""
    call = Call("POST", f"http://a.example:{port}/", timeout=timeout, largest_answer=largest)
    started = time.monotonic()
    with Outbound("loopback", here).stream(call) as incoming:
        for piece in incoming.chunks:
            yield time.monotonic() - started, piece


@pytest.mark.parametrize("head", [CHUNKED, UNTIL_CLOSED], ids=["chunked", "until closed"])
def test_each_piece_comes_when_it_is_written(head: bytes) -> None:
    with server(writing(head, b"one", b"two", b"three", pause=0.3)) as (port, _):
        came = list(read(port))

    assert [piece for _, piece in came] == [b"one", b"two", b"three"]
    assert came[0][0] < 0.25


def test_silence_between_two_pieces_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "SILENCE_SECONDS", 0.2)
    with server(writing(CHUNKED, b"one", b"two", pause=1.0)) as (port, _):
        came = read(port)
        assert next(came)[1] == b"one"
        with pytest.raises(NoAnswer):
            next(came)


def test_one_time_covers_all_of_it() -> None:
    with server(writing(CHUNKED, *[b"x"] * 20, pause=0.1)) as (port, _):
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="too slow"):
            list(read(port, timeout=0.5))
    assert time.monotonic() - started < 1.5


def test_more_bytes_than_agreed_are_not_read() -> None:
    behave = writing(UNTIL_CLOSED, b"x" * 600, b"x" * 600, pause=0.05)
    with server(behave) as (port, _), pytest.raises(NoAnswer, match="too large"):
        list(read(port))


def test_a_stream_whose_last_chunk_never_came_is_no_answer() -> None:
    def behave(line: socket.socket) -> None:
        line.sendall(CHUNKED + b"3\r\none\r\n")
        line.shutdown(socket.SHUT_RDWR)

    with server(behave) as (port, _), pytest.raises(NoAnswer):
        list(read(port))
