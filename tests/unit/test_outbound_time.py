"""One time limit for all that a request needs: the look-up, the connection, the handshake and the answer."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from relay.effects.outbound import NoAnswer, NotSent, Outbound
from relay.effects.outbound.lookups import AT_ONCE
from relay.nouns.wire import Call
from tests.wires import answer, deaf, here, saying, server

pytestmark = pytest.mark.enable_socket

OK = answer(b"content-length: 2", body=b"ok")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def slow(host: str, port: int) -> list[str]:
    time.sleep(3.0)
    return ["127.0.0.1"]


def test_addresses_that_do_not_answer_share_the_time() -> None:
    with deaf() as port, within(1.0), pytest.raises(NotSent):
        Outbound("loopback", lambda *_: ["127.0.0.1"] * 6).send(Call("GET", f"http://a.example:{port}/", timeout=0.6))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has one address only")
def test_a_deaf_address_leaves_time_for_the_next() -> None:
    with deaf() as port, server(saying(OK), "::1", port) as (_, heard):
        outbound = Outbound("loopback", lambda *_: ["127.0.0.1", "127.0.0.1", "::1"])
        outbound.send(Call("GET", f"http://a.example:{port}/", timeout=1.2))

    assert len(heard) == 1


@pytest.mark.parametrize(("before", "reached"), [(2, True), (3, False)])
def test_three_addresses_are_tried_at_most(before: int, reached: bool) -> None:
    with server(saying(OK)) as (port, heard):
        outbound = Outbound("loopback", lambda *_: ["::1"] * before + ["127.0.0.1"])
        with suppress(NotSent):
            outbound.send(Call("GET", f"http://a.example:{port}/"))

    assert bool(heard) is reached


def test_a_call_that_has_no_time_is_not_sent() -> None:
    with server(saying(OK)) as (port, heard), pytest.raises(NotSent):
        Outbound("loopback", here).send(Call("GET", f"http://a.example:{port}/", timeout=0.0))
    assert heard == []


def test_a_slow_name_server_ends_with_the_time() -> None:
    with server(saying(OK)) as (port, heard), within(1.0), pytest.raises(NotSent, match="in time"):
        Outbound("loopback", slow).send(Call("GET", f"http://a.example:{port}/", timeout=0.3))
    assert heard == []


def test_what_the_name_server_took_is_not_left_for_the_answer() -> None:
    def halting(host: str, port: int) -> list[str]:
        time.sleep(0.5)
        return ["127.0.0.1"]

    with server(saying(pause=2.0)) as (port, _), within(1.2), pytest.raises(NoAnswer, match="slow"):
        Outbound("loopback", halting).send(Call("GET", f"http://a.example:{port}/", timeout=0.8))


def test_a_name_that_is_not_looked_up_in_time_passes_the_check() -> None:
    with within(1.0):
        Outbound("public", slow).check("https://example.com/hook", 0.2)


@pytest.mark.parametrize("trickle", [b"\x16", b"\x16\x03\x03\x40\x00" + b"\x02"], ids=["a byte", "a record"])
def test_a_handshake_byte_by_byte_is_cut_and_was_not_sent(trickle: bytes) -> None:
    slowly = saying(trickle, *[b"\x00"] * 40, pause=0.1)
    with server(slowly) as (port, _), within(1.0), pytest.raises(NotSent):
        Outbound("loopback", here).send(Call("GET", f"https://a.example:{port}/", timeout=0.5))


def test_a_resolver_that_hangs_holds_few_threads_and_is_survived() -> None:
    hangs, before = threading.Event(), threading.active_count()

    def hanging(host: str, port: int) -> list[str]:
        hangs.wait()
        return ["93.184.216.34"]

    outbound = Outbound("public", hanging)
    for _ in range(AT_ONCE + 20):
        outbound.check("https://example.com/", 0.005)
    held = threading.active_count() - before
    hangs.set()

    assert held <= AT_ONCE
    outbound.check("https://example.com/", 5.0)


_HANGS = """
import time
from relay.effects.outbound import Outbound
Outbound("public", lambda host, port: time.sleep(60)).check("https://example.com/", 0.1)
"""


def test_a_resolver_that_hangs_does_not_keep_a_process_alive() -> None:
    with within(20.0):
        subprocess.run([sys.executable, "-c", _HANGS], check=True, timeout=30)


def test_a_call_leaves_no_handle_behind() -> None:
    outbound = Outbound("loopback", here)
    with server(saying(OK)) as (port, _):
        call = Call("GET", f"http://a.example:{port}/", repeatable=True)
        outbound.send(call)
        first = socket.socket()
        before = first.fileno()
        first.close()
        for _ in range(20):
            outbound.send(call)
        again = socket.socket()
        after = again.fileno()
        again.close()

    assert after == before
