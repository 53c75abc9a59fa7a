"""Answers that break the rules of HTTP: read as far as they can be, or no answer; nothing else ever comes of them."""

from __future__ import annotations

import gzip
import logging
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent, Outbound
from relay.nouns.wire import MAX_ANSWER, Answer, Call
from tests.wires import (
    BAD_LOCATION,
    DIFFERENT_LENGTHS,
    LIST_OF_LENGTHS,
    LOCATION_NOT_UTF8,
    answer,
    here,
    saying,
    server,
)

pytestmark = pytest.mark.enable_socket

LENGTH = b"content-length: 2"
CHUNKED = b"transfer-encoding: chunked"
GZIP = b"content-encoding: gzip"
BOMB = gzip.compress(b"\0" * (64 << 20))


def send(outbound: Outbound, call: Call) -> Answer:
    return outbound.send(call)


def read(outbound: Outbound, call: Call) -> Answer:
    with outbound.open(call) as incoming:
        return Answer(incoming.status, b"".join(incoming.chunks), incoming.headers)


def stream(outbound: Outbound, call: Call) -> Answer:
    with outbound.stream(call) as incoming:
        return Answer(incoming.status, b"".join(incoming.chunks), incoming.headers)


WAYS = pytest.mark.parametrize("ask", [send, read, stream])
Ask = Callable[[Outbound, Call], Answer]

NO_ANSWER = {
    "two lengths": DIFFERENT_LENGTHS,
    "a list of lengths": LIST_OF_LENGTHS,
    "more than it says": answer(b"content-length: 9", body=b"half"),
    "no chunk": answer(CHUNKED, body=b"zzz\r\nhello\r\n0\r\n\r\n"),
    "half a chunk": answer(CHUNKED, body=b"ffffffff\r\nhello"),
    "an endless chunk size": answer(CHUNKED, body=b"1" * 70_000),
    "120 headers": answer(*[b"x-%d: y" % each for each in range(120)], LENGTH, body=b"ok"),
    "a line of 1 MB": answer(b"x: " + b"y" * (1 << 20), LENGTH, body=b"ok"),
    "a status line of 1 MB": b"HTTP/1.1 200 " + b"y" * (1 << 20),
    "no gzip": answer(GZIP, LENGTH, body=b"ok"),
    "gzip in gzip in gzip …": answer(b"content-encoding: " + b"gzip, " * 50 + b"gzip", LENGTH, body=b"ok"),
    "only hints": answer(status=b"103 Early Hints"),
    "another protocol": answer(status=b"101 Switching Protocols"),
    "no status": b"HTTP/1.1 \r\n\r\n",
    "a word for a status": b"HTTP/1.1 okay fine\r\n\r\n",
    "a status too large": b"HTTP/1.1 99999 OK\r\n\r\n",
    "another version": b"SPDY/3 200 OK\r\n\r\n",
    "nothing": b"",
    "no text": bytes(range(256)),
}
READABLE = {
    "a folded header": answer(b"x-a: b", b"  c", LENGTH, body=b"ok"),
    "a location that is no URL": answer(b"location: http://[::1", LENGTH, status=b"302 Found", body=b"ok"),
    "a location that is no text": answer(b"location: /\xff\xfe", LENGTH, status=b"302 Found", body=b"ok"),
    "the same length twice": answer(LENGTH, LENGTH, body=b"ok"),
    "a negative length": answer(b"content-length: -2", body=b"ok"),
    "a length that is no number": answer(b"content-length: two", body=b"ok"),
    "a length and chunks": answer(LENGTH, CHUNKED, body=b"2\r\nok\r\n0\r\n\r\n"),
    "a header without a colon": answer(LENGTH, b"nonsense", body=b"ok"),
    "a header without a name": answer(LENGTH, b": x", body=b"ok"),
    "a cookie nobody can read": answer(LENGTH, b"set-cookie: ;;;\xff=; expires=\xfe", body=b"ok"),
    "an unknown encoding": answer(b"content-encoding: nonsense", LENGTH, body=b"ok"),
    "a character set nobody knows": answer(b"content-type: text/plain; charset=nonsense", LENGTH, body=b"ok"),
    "a go-ahead first": answer(status=b"100 Continue") + answer(LENGTH, body=b"ok"),
    "gzip": answer(GZIP, body=gzip.compress(b"ok")),
    "deflate": answer(b"content-encoding: deflate", body=zlib.compress(b"ok")),
}


@WAYS
@pytest.mark.parametrize("broken", NO_ANSWER)
def test_a_broken_answer_is_no_answer(ask: Ask, broken: str) -> None:
    with server(saying(NO_ANSWER[broken], hang_up=True)) as (port, heard), pytest.raises(NoAnswer):
        ask(Outbound("loopback", here), Call("GET", f"http://a.example:{port}/", timeout=5.0))
    assert len(heard) == 1


@WAYS
@pytest.mark.parametrize("odd", READABLE)
def test_an_odd_answer_is_read(ask: Ask, odd: str) -> None:
    with server(saying(READABLE[odd], hang_up=True)) as (port, _):
        got = ask(Outbound("loopback", here), Call("GET", f"http://a.example:{port}/", timeout=5.0))

    assert (got.status in (200, 302), got.body) == (True, b"ok")


@pytest.mark.parametrize("odd", [BAD_LOCATION, LOCATION_NOT_UTF8, DIFFERENT_LENGTHS], ids=["URL", "UTF-8", "lengths"])
def test_a_broken_answer_does_not_spoil_what_is_kept_for_the_next_call(odd: bytes) -> None:
    says = iter([odd, answer(LENGTH, body=b"ok")])
    outbound = Outbound("loopback", here)

    with server(lambda line: line.sendall(next(says))) as (port, _):
        call = Call("GET", f"http://a.example:{port}/", timeout=5.0, repeatable=True)
        with suppress(NoAnswer):
            outbound.send(call)
        assert outbound.send(call).body == b"ok"


def test_repeated_headers_are_joined() -> None:
    with server(saying(answer(b"X-A: 1", b"x-a: 2", LENGTH, body=b"ok"))) as (port, _):
        got = Outbound("loopback", here).send(Call("GET", f"http://a.example:{port}/"))

    assert got.headers["x-a"] == "1, 2"


def test_a_flood_of_go_aheads_ends_with_the_time() -> None:
    flood = saying(*[answer(status=b"100 Continue") * 1000] * 200, pause=0.05)
    with server(flood) as (port, _), pytest.raises(NoAnswer):
        Outbound("loopback", here).send(Call("GET", f"http://a.example:{port}/", timeout=0.5))


def test_a_gzip_bomb_is_cut_at_the_largest_answer() -> None:
    bomb = answer(GZIP, b"content-length: %d" % len(BOMB), body=BOMB)
    with server(saying(bomb)) as (port, _), pytest.raises(NoAnswer, match="too large"):
        Outbound("loopback", here).send(Call("GET", f"http://a.example:{port}/", timeout=5.0))


def test_a_gzip_bomb_unfolds_no_faster_than_it_is_read() -> None:
    bomb = answer(GZIP, b"content-length: %d" % len(BOMB), body=BOMB)
    with (
        server(saying(bomb)) as (port, _),
        Outbound("loopback", here).open(Call("GET", f"http://a.example:{port}/", timeout=5.0), 4096) as incoming,
    ):
        assert len(next(incoming.chunks)) == 4096


def test_a_broken_answer_puts_no_url_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    says = answer(LENGTH, b"nonsense", body=b"ok")
    with caplog.at_level(logging.INFO), server(saying(says)) as (port, _):
        Outbound("loopback", here).send(Call("GET", f"http://a.example:{port}/file?signature=example"))

    assert "example" not in caplog.text


def test_what_a_reader_raises_reaches_it_as_it_was() -> None:
    with (
        server(saying(answer(LENGTH, body=b"ok"))) as (port, _),
        pytest.raises(ZeroDivisionError),
        Outbound("loopback", here).open(Call("GET", f"http://a.example:{port}/")),
    ):
        raise ZeroDivisionError


# --- whatever comes

_NAMES = [b"content-length", b"transfer-encoding", b"content-encoding", b"location", b"connection", b"set-cookie"]
_VALUES = [b"0", b"2", b"5, 6", b"chunked", b"gzip", b"deflate", b"http://[::1", b"close", b"keep-alive", b"br"]
_VALUES += [b"text/html; charset=\xff", b"-1", b"99999999999999999999", b"\x00", b"\xff\xfe", b"\r\n folded"]
_header = st.tuples(
    st.sampled_from(_NAMES) | st.binary(max_size=8), st.sampled_from(_VALUES) | st.binary(max_size=12)
).map(b": ".join)
_status = st.sampled_from([b"200 OK", b"302 Found", b"204 None", b"100 Go", b"103 Hint", b"999 x", b"0 x", b"x"])
_body = st.binary(max_size=40) | st.sampled_from(
    [b"2\r\nok\r\n0\r\n\r\n", b"5\r\nok", b"\xff\r\n", gzip.compress(b"ok")]
)
_answers = st.binary(max_size=60) | st.builds(
    lambda status, headers, body: answer(*headers, status=status, body=body),
    _status,
    st.lists(_header, max_size=5),
    _body,
)


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[int, list[bytes]]]:
    """A server that says what it is told to in a list, and hangs up."""
    says = list[bytes]()

    def behave(line: socket.socket) -> None:
        saying(says[-1], hang_up=True)(line)

    with server(behave) as (port, _):
        yield port, says


@settings(max_examples=400, deadline=None)
@given(said=_answers, repeatable=st.booleans())
def test_whatever_is_answered_comes_back_or_is_no_answer(
    parrot: tuple[int, list[bytes]], said: bytes, repeatable: bool
) -> None:
    port, says = parrot
    says[:] = [said]
    call = Call("POST", f"http://a.example:{port}/", {}, b"{}", 3.0, repeatable)
    outbound = Outbound("loopback", here)
    for ask in (send, read):
        with suppress(NoAnswer):
            got = ask(outbound, call)
            assert got.status >= 200
            assert len(got.body) <= MAX_ANSWER


def _no_name(host: str, port: int) -> list[str]:
    raise OSError("no name server")


@settings(max_examples=300, deadline=None)
@given(
    url=st.text(max_size=30) | st.text(max_size=30).map(lambda text: f"http://{text}"),
    method=st.just("GET") | st.text(max_size=5),
    headers=st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=2),
)
def test_whatever_we_are_asked_to_send_is_refused_or_not_sent(url: str, method: str, headers: dict[str, str]) -> None:
    outbound = Outbound("loopback", _no_name)
    for ask in (send, read):
        with pytest.raises((EgressRefused, NotSent)):
            ask(outbound, Call(method, url, headers))
    with suppress(EgressRefused):
        outbound.check(url)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", {"authorization": "Bearer a\nb"}), ("GET", {"x": "钥"}), ("GET", {"a:b": "c"}), ("GE\r\nT", {})],
    ids=["newline", "no latin", "no name", "method"],
)
def test_a_request_of_ours_that_cannot_be_written_was_not_sent(method: str, headers: dict[str, str]) -> None:
    with server(saying(answer(LENGTH, body=b"ok"))) as (port, heard), pytest.raises(NotSent):
        Outbound("loopback", here).send(Call(method, f"http://a.example:{port}/", headers))
    assert heard == []
