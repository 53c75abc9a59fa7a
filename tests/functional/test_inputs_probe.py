"""Input addresses are fetched before the submission: no media file ends the task, a slow server does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from relay.effects.outbound import EgressRefused, Incoming, NoAnswer, NotSent, Outbound
from relay.flow.inputs import PROBE_BYTES, PROBE_SECONDS, PROBES_SECONDS
from relay.nouns.task import State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness, harness
from tests.functional.network import PICTURE, Script
from tests.samples import CONTENT_TYPES, sample

PAGE = b"<!doctype html><html><body>sign in to see the picture</body></html>"


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


def submit(here: Harness, *script: Script) -> Task:
    """A dispatched task whose input address answers like this."""
    here.network.script["file"] = list(script)
    asked = {"prompt": "a cat", "action": "image2video", "image_url": "https://img.example/a"}
    status, document = here.post("/api/kling/videos", asked)
    assert status == 200, document
    here.pump()
    return here.task(document["task_id"])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(410, PICTURE),
        Answer(200, PAGE),
        Answer(206, PAGE),
        Answer(200, b""),
        Answer(200, b"%PDF-1.7"),
        EgressRefused("points to an address that is not public"),
    ],
    ids=["404", "410", "page", "partial page", "nothing", "PDF", "private by now"],
)  # fmt: skip
def test_an_address_without_a_medium_fails_the_task_and_returns_the_money(
    here: Harness, answer: Answer | Exception
) -> None:
    before, submitted = here.balance, len(here.network.sent("aistudio.submit"))
    task = submit(here, answer)

    assert task.fault is not None
    assert (task.state, task.fault.code, here.balance) == (State.FAILED, "INPUT_FETCH_FAILED", before)
    assert here.entries(task.task_id) == ["release", "reserve"]
    assert len(here.network.sent("aistudio.submit")) == submitted


@pytest.mark.parametrize(
    "answer",
    [
        NotSent("ConnectTimeout"),
        NoAnswer("the answer is too slow"),
        Answer(403, PAGE),
        Answer(302, b"", {"location": "http://169.254.169.254/"}),
        Answer(429),
        Answer(500, PAGE),
    ],
    ids=["unreachable", "silent", "forbidden to us", "elsewhere", "busy", "broken"],
)
def test_an_address_that_only_does_not_answer_us_is_left_to_the_upstream(
    here: Harness, answer: Answer | Exception
) -> None:
    looked, submitted = len(here.network.sent("file")), len(here.network.sent("aistudio.submit"))
    task = submit(here, answer)

    assert task.state is State.QUEUED
    assert (len(here.network.sent("file")) - looked, len(here.network.sent("aistudio.submit")) - submitted) == (1, 1)


@pytest.mark.parametrize("extension", [*CONTENT_TYPES, "aac"])
def test_an_address_with_a_medium_is_passed_on(here: Harness, extension: str) -> None:
    assert submit(here, Answer(206, sample(extension))).state is State.QUEUED


def test_no_more_is_read_than_the_first_bytes(here: Harness) -> None:
    taken = list[int]()

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1024)
            yield PICTURE.ljust(1024, b"\0")

    submit(here, Incoming(200, {}, endless()))

    assert sum(taken) == PROBE_BYTES


def test_the_look_is_short_and_asks_for_little(here: Harness) -> None:
    submit(here, Answer(200, PICTURE))

    (call,) = here.network.sent("file")[-1:]
    assert (call.timeout, call.headers["range"]) == (PROBE_SECONDS, f"bytes=0-{PROBE_BYTES - 1}")


def test_many_addresses_that_dawdle_share_the_time(here: Harness) -> None:
    looked = list[float]()

    def dawdling(call: Call) -> Answer:
        looked.append(call.timeout)
        here.wait(call.timeout)
        raise NoAnswer("the answer is too slow")

    here.network.script["file"] = [dawdling] * 5
    task_id = here.submit_kie_image(filesUrl=[f"https://img.example/{each}" for each in range(5)])
    here.pump()

    assert (sum(looked), here.task(task_id).state) == (PROBES_SECONDS, State.QUEUED)


def test_an_own_key_is_never_shown_to_an_input_address(here: Harness) -> None:
    submit(here, Answer(200, PICTURE))

    assert not {"authorization", "cookie"} & set(here.network.sent("file")[-1].headers)


# --- over a real line


@contextmanager
def server(answer: Iterator[bytes]) -> Iterator[str]:
    """A server for one request that writes these bytes until the client is gone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                line, _ = listening.accept()
                with line:
                    line.recv(4096)
                    for piece in answer:
                        line.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            listening.shutdown(socket.SHUT_RDWR)  # wakes it where nobody came
            thread.join(5)


def endless(first: bytes) -> Iterator[bytes]:
    yield first
    while True:
        yield b"x" * 1000


def test_pieces_come_off_the_line_as_small_as_asked() -> None:
    with (
        server(endless(b"HTTP/1.1 200 OK\r\n\r\n")) as url,
        Outbound("loopback").open(Call("GET", url, timeout=5.0), PROBE_BYTES) as incoming,
    ):
        assert len(next(incoming.chunks)) == PROBE_BYTES
