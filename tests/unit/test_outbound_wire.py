"""What comes of a request on a real wire, against a server on this machine that does as it is told."""

from __future__ import annotations

import socket
import time

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent, Outbound
from relay.nouns.wire import MAX_ANSWER, Answer, Call
from tests.axes import each_once
from tests.wires import here, saying, server

pytestmark = pytest.mark.enable_socket

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Kind: plain\r\n\r\nok"


def send(port: int, *, timeout: float = 5.0, scheme: str = "http", repeatable: bool = False) -> Answer:
    call = Call("POST", f"{scheme}://upstream.example:{port}/x?y=1", {"x-a": "b"}, b"{}", timeout, repeatable)
    return Outbound("loopback", here).send(call)


def test_a_request_arrives_as_it_was_written_and_its_answer_comes_back() -> None:
    with server(saying(OK)) as (port, heard):
        answer = send(port)

    assert (answer.status, answer.body, answer.headers["x-kind"]) == (200, b"ok", "plain")
    assert b"".join(heard).startswith(b"POST /x?y=1 HTTP/1.1\r\n")
    assert f"host: upstream.example:{port}".encode() in b"".join(heard).lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with server(saying(OK)) as (elsewhere, reached):
        to = f"HTTP/1.1 {status} Gone\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\n\r\n".encode()
        with server(saying(to)) as (port, _):
            answer = send(port)

    assert answer.status == status
    assert reached == []


def test_a_refused_connection_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(NotSent):
        send(port)


def test_a_connection_closed_after_the_request_gave_no_answer() -> None:
    with server(saying(hang_up=True)) as (port, _), pytest.raises(NoAnswer):
        send(port)


@pytest.mark.parametrize(
    "half",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nhal",
        b"this is no HTTP at all\r\n\r\n",
    ],
    ids=["body", "chunk", "gzip", "no-http"],
)
def test_half_an_answer_is_no_answer(half: bytes) -> None:
    with server(saying(half, hang_up=True)) as (port, _), pytest.raises(NoAnswer):
        send(port)


@each_once(
    (
        "trickle",
        [
            [b"H", b"T", b"T", b"P", b"/", b"1"] * 5,
            [b"HTTP/1.1 200 OK\r\n", *[b"x-a: b\r\n"] * 30],
            [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"."] * 30],
            [b"HTTP/1.1 200 OK\r\n\r\n", *[b"."] * 30],
            [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *[b"0"] * 30],
        ],
    ),
    ("repeatable", [True, False]),
)
def test_a_trickle_is_cut_when_the_time_is_up(trickle: list[bytes], repeatable: bool) -> None:
    started = time.monotonic()

    with server(saying(*trickle, pause=0.1)) as (port, _), pytest.raises(NoAnswer):
        send(port, timeout=0.3, repeatable=repeatable)
    assert time.monotonic() - started < 1.5


def test_silence_after_the_request_gives_no_answer() -> None:
    with server(saying(pause=1.0)) as (port, _), pytest.raises(NoAnswer):
        send(port, timeout=0.2)


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "plain"])
def test_an_endless_body_is_cut(chunked: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + (b"transfer-encoding: chunked\r\n\r\n" if chunked else b"\r\n")
    piece = b"10000\r\n" + b"." * 65536 + b"\r\n" if chunked else b"." * 65536

    with server(saying(head, *[piece] * 4096, hang_up=True)) as (port, _), pytest.raises(NoAnswer):
        send(port)


def test_an_answer_of_the_largest_size_is_read_whole() -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {MAX_ANSWER}\r\n\r\n".encode()

    with server(saying(head, b"." * MAX_ANSWER)) as (port, _):
        assert len(send(port).body) == MAX_ANSWER


def test_a_failed_handshake_was_not_sent() -> None:
    with server(saying(b"HTTP/1.1 400 This is not TLS\r\n\r\n", hang_up=True)) as (port, _), pytest.raises(NotSent):
        send(port, scheme="https")


def test_a_handshake_nobody_answers_was_not_sent() -> None:
    with server(saying(pause=1.0)) as (port, _), pytest.raises(NotSent):
        send(port, scheme="https", timeout=0.2)


def test_a_request_that_cannot_be_written_was_not_sent() -> None:
    with server(saying(OK)) as (port, heard), pytest.raises(NotSent):
        Outbound("loopback", here).send(Call("POST", f"http://a.example:{port}/", {"authorization": "Bearer a\nb"}))
    assert heard == []


def test_a_name_is_looked_up_once_and_what_was_judged_is_what_is_connected_to() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]  # what a rebinding name server says first and afterwards
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    with server(saying(OK)) as (port, heard):
        Outbound("loopback", rebinding).send(Call("GET", f"http://rebound.example:{port}/"))

    assert asked == ["rebound.example"]
    assert len(heard) == 1


def test_a_name_that_turns_bad_after_it_was_checked_is_refused_at_sending() -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    outbound = Outbound("public", lambda host, port: next(answers))
    outbound.check("https://rebound.example/")

    with pytest.raises(EgressRefused, match="not public"):
        outbound.send(Call("POST", "https://rebound.example/"))


def test_the_next_address_is_tried_where_the_first_does_not_answer() -> None:
    with server(saying(OK)) as (port, _):
        answer = Outbound("loopback", lambda host, _: ["::1", "127.0.0.1"]).send(
            Call("GET", f"http://a.example:{port}/")
        )

    assert answer.status == 200


def test_a_repeatable_call_keeps_its_connection_and_another_has_its_own() -> None:
    asked: list[str] = []

    def counted(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    outbound = Outbound("loopback", counted)
    with server(saying(OK)) as (port, _):
        for repeatable in (True, True, True, False, False):
            outbound.send(Call("GET", f"http://a.example:{port}/", repeatable=repeatable))

    assert len(asked) == 3


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")

    with server(saying(OK)) as (port, _):
        assert send(port).status == 200
