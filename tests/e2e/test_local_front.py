"""Functions that serve HTTP themselves, reached through the stack's one address as through the front in the cloud."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fixtures.running import APP, Running, eventually, workers_in

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("stack") / "app"
    shutil.copytree(APP, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[Running]:
    running = Running(folder)
    yield running
    running.stop()
    assert not workers_in(running.where["aws_url"])


@contextmanager
def line(app: Running, path: str) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(app.where["url"].removeprefix("http://"), timeout=20)
    connection.request("GET", path)
    try:
        yield connection
    finally:
        connection.close()


def told(app: Running) -> Any:
    return app.request("GET", "/lines/told").json()


def test_a_request_arrives_as_it_was_sent_and_other_paths_go_to_the_api(app: Running) -> None:
    answer = app.request("POST", "/lines/a%2Fb?x=%20&x=2", b"\x00\xff", {"X-Own": "1", "Connection": "close"})
    seen = answer.json()
    assert (seen["method"], seen["path"], seen["query"], seen["size"]) == ("POST", "/lines/a%2Fb", "x=%20&x=2", 2)
    assert seen["headers"]["x-own"] == "1"
    assert seen["headers"]["host"] not in app.where["url"]
    assert answer.cookies == ("a=1", "b=2")
    assert app.request("PATCH", "/line").body == b"no such endpoint: /line"


def test_each_piece_reaches_the_client_when_it_is_sent(app: Running) -> None:
    told(app)  # it is running
    began = time.monotonic()
    with line(app, "/lines/counted") as connection:
        answer = connection.getresponse()
        arrived = [(answer.readline(), time.monotonic() - began) for _ in range(3)]
        assert answer.headers["x-own"] == "kept"
        assert len(answer.headers.get_all("date") or []) == 1  # both servers on the way would write one
        assert answer.read() == b""
    assert [piece for piece, _ in arrived] == [b"0\n", b"1\n", b"2\n"]
    assert all(later[1] - earlier[1] > 0.1 for earlier, later in pairwise(arrived))


@pytest.mark.parametrize("path", ["/lines/silent", "/lines/endless"])
def test_a_client_that_goes_is_noticed(app: Running, path: str) -> None:
    before = told(app)["left"]
    with line(app, path) as connection:
        if path == "/lines/endless":
            connection.getresponse().read(1)
        time.sleep(0.1)
    assert eventually(lambda: told(app)["left"] == before + 1, 1.5)  # the function's timeout is 3 s


def test_a_client_that_reads_nothing_holds_the_sender_back(app: Running) -> None:
    with line(app, "/lines/endless") as connection:
        connection.getresponse().read(1)
        time.sleep(0.5)
        before = told(app)["sent"]
        time.sleep(0.5)
        assert told(app)["sent"] == before


def test_a_body_beyond_what_a_function_takes_is_a_413(app: Running) -> None:
    sizes = {megabytes: app.request("POST", "/lines/told", b"x" * (megabytes << 20)) for megabytes in (4, 7, 11)}
    assert {megabytes: answer.status for megabytes, answer in sizes.items()} == {4: 200, 7: 413, 11: 413}


def test_half_an_answer_is_not_taken_for_a_whole_and_the_next_request_works(app: Running) -> None:
    with line(app, "/lines/broken") as connection, pytest.raises(http.client.IncompleteRead, match="4 bytes read"):
        connection.getresponse().read()
    assert app.request("GET", "/lines/told").status == 200


def test_a_killed_process_is_started_again(app: Running) -> None:
    first = told(app)["pid"]
    os.kill(first, signal.SIGKILL)
    assert told(app)["pid"] != first


def test_a_request_over_the_functions_timeout_ends(app: Running) -> None:
    late = app.request("GET", "/lines/silent")
    assert (late.status, late.json()) == (502, {"message": "Bad Gateway"})


def test_an_edited_source_answers_the_next_request(app: Running, folder: Path) -> None:
    source = folder / "functions" / "lines.py"
    source.write_text(source.read_text().replace('"x-own": "kept"', '"x-own": "edited"'))
    assert eventually(lambda: app.request("GET", "/lines/counted").headers["x-own"] == "edited")


def test_a_function_that_does_not_start_is_a_502(app: Running, folder: Path) -> None:
    (folder / "functions" / "lines.py").write_text("raise SystemExit(1)")
    assert eventually(lambda: app.request("GET", "/lines/told").status == 502)
