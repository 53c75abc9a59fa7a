"""`python -m local serve`: what a person at a terminal, a script and an operator can rely on."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from tests.e2e.fixtures.running import ROOT, eventually, workers_in

pytestmark = pytest.mark.stack

STARTS_WITHIN = 40.0  # seconds; the machine may be busy


class Served:
    """A served relay in a folder of its own, where it keeps its data."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.ready_file = folder, folder / "told" / "ready.json"
        self.ready_file.unlink(missing_ok=True)
        self.printed = folder / "printed.txt"
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache/compiled")}
        self.environment = {
            **os.environ,
            **(compiled if sys.dont_write_bytecode else {}),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "80",
        }
        with self.printed.open("w") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local", "serve"],
                cwd=folder,
                env={**self.environment, "PORT": "0", "READY_FILE": str(self.ready_file), **environment},
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
        assert eventually(lambda: self.ready_file.exists() or self.process.poll() is not None, STARTS_WITHIN)
        assert self.ready_file.exists(), self.printed.read_text()
        self.ready: dict[str, Any] = json.loads(self.ready_file.read_text())

    def post(self, path: str, body: object, key: str | None = None) -> Any:
        headers = {"authorization": f"Bearer {key or self.ready['api_key']}"}
        answer = requests.post(self.ready["url"] + path, json=body, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(self, key: str | None = None) -> str:
        return str(self.post("/api/kling/images", {"prompt": "a lighthouse"}, key)["task_id"])

    def knows(self, task_id: str) -> str:
        return str(self.post("/api/kling/tasks", {"task_id": task_id})["task_id"])

    def balance(self) -> Any:
        return self.post("/api/account/balance", {})["data"]

    def upstream_key(self) -> str:
        ssm = boto3.client("ssm", **self.ready["aws"])
        found = ssm.get_parameter(Name="/genrelay/local/upstreams/kie/key", WithDecryption=True)
        return str(found["Parameter"]["Value"])

    def ops(self, *words: str) -> str:
        run = [sys.executable, "-m", "ops", "--local", *words]
        done = subprocess.run(
            run, cwd=self.folder, env=self.environment, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self, number: signal.Signals) -> float:
        """Send a signal; the seconds until the process was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        return time.monotonic() - began

    def workers(self) -> list[int]:
        return workers_in(self.ready["aws"]["endpoint_url"])


Serve = Callable[..., Served]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    folder = tmp_path_factory.mktemp("served")
    running: list[Served] = []

    def start(**environment: str) -> Served:
        running.append(Served(folder, **environment))
        return running[-1]

    yield start
    for served in running:
        if served.process.poll() is None:
            served.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def story(serve: Serve) -> dict[str, Any]:
    """One served relay through its life, told as what was seen: started, used, ended in every way, started again."""
    seen: dict[str, Any] = {}
    _use(serve(), seen)
    _go_on_and_be_killed(serve(), seen)
    _find_all_again(serve(), seen)

    fourth = serve(FRESH="1")
    seen["fresh key"] = fourth.ready["api_key"]
    seen["simulated key"] = fourth.upstream_key()
    fourth.end(signal.SIGTERM)

    (fourth.folder / ".env").write_text("KIE_API_KEY=sk-EXAMPLE-of-a-real-account\n")
    fifth = serve()
    seen["real key"], seen["about real"] = fifth.upstream_key(), fifth.printed.read_text()
    fifth.end(signal.SIGTERM)
    return seen


def _use(first: Served, seen: dict[str, Any]) -> None:
    seen["ready"] = first.ready
    curl = re.search(r"^curl -s \S+/api/grok/images .*$", first.printed.read_text(), re.MULTILINE)
    assert curl, first.printed.read_text()
    pasted = subprocess.run(["bash", "-c", curl[0]], check=False, capture_output=True, text=True, timeout=60)
    seen["curl"] = json.loads(pasted.stdout)
    _operate(first, seen)
    seen["front page"] = requests.get(first.ready["url"], timeout=30).text
    seen["printed"] = first.printed.read_text()
    seen["task"] = first.create()
    seen["balance"] = first.balance()
    workers = first.workers()
    seen["seconds to SIGTERM"], seen["code of SIGTERM"] = first.end(signal.SIGTERM), first.process.returncode
    seen["left by SIGTERM"] = (bool(workers), first.workers())


def _go_on_and_be_killed(second: Served, seen: dict[str, Any]) -> None:
    seen["again"] = (second.ready["api_key"], second.knows(seen["task"]), second.balance())
    seen["accepted before SIGKILL"] = accepted_until_killed(second)
    seen["left by SIGKILL"] = eventually(lambda: not second.workers(), 5)


def _find_all_again(third: Served, seen: dict[str, Any]) -> None:
    tasks = (seen["task"], *seen["accepted before SIGKILL"])
    seen["known after SIGKILL"] = [third.knows(task_id) for task_id in tasks]
    seen["seconds to SIGINT"] = third.end(signal.SIGINT)
    seen["left by SIGINT"] = third.workers()


def accepted_until_killed(served: Served) -> list[str]:
    """The tasks that were answered for while the process was killed in the middle of their creation."""
    accepted: list[str] = []

    def create() -> None:
        with suppress(requests.RequestException):
            while True:
                accepted.append(served.create())

    clients = [threading.Thread(target=create) for _ in range(4)]
    for client in clients:
        client.start()
    assert eventually(lambda: len(accepted) >= 20, 30)
    served.end(signal.SIGKILL)
    for client in clients:
        client.join()
    return accepted


def _operate(served: Served, seen: dict[str, Any]) -> None:
    made = served.ops("account-create", "a customer", "--tier", "2", "--topup", "12.5")
    account, key = re.search(r"account\s+(\w+)", made), re.search(r"API key\s+(sk-\S+)", made)
    assert account, made
    assert key, made
    served.create(key[1])
    seen["account-show"] = served.ops("account-show", account[1])
    served.ops("account-topup", account[1], "7.5", "--reference", "payment-1")
    seen["account-topup"] = served.ops("account-topup", account[1], "7.5", "--reference", "payment-1")


def test_the_ready_file_says_where_and_with_which_key(story: dict[str, Any]) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", story["ready"]["url"])
    assert story["ready"]["api_key"].startswith("sk-")


def test_the_printed_curl_line_can_be_pasted(story: dict[str, Any]) -> None:
    assert len(story["curl"]["task_id"]) == 36


@pytest.mark.parametrize("where", ["printed", "front page"])
def test_it_says_how_it_is_used_on_the_terminal_and_at_its_address(story: dict[str, Any], where: str) -> None:
    for word in ("url", "api_key", "webhook_secret"):
        assert story["ready"][word] in story[where]


def refused(folder: Path, **environment: str) -> str:
    """What a server that cannot start says."""
    done = subprocess.run(
        [sys.executable, "-m", "local", "serve"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("port", ["80000", "-1", "8_0", "http"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path: Path, port: str) -> None:
    assert "PORT must be a number" in refused(tmp_path, PORT=port)


def test_a_taken_port_is_told_with_the_way_to_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} cannot be used" in refused(tmp_path, PORT=port)


def test_a_folder_that_cannot_be_written_is_not_blamed_on_the_port(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file where a folder belongs")
    told = refused(tmp_path, PORT="0")
    assert ".local" in told
    assert "port" not in told


def test_an_operators_account_can_create(story: dict[str, Any]) -> None:
    assert "a customer" in story["account-show"]
    assert "12.30 CNY" in story["account-show"]


def test_a_payment_told_twice_moves_money_once(story: dict[str, Any]) -> None:
    assert "19.80 CNY" in story["account-topup"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_it_within_three_seconds(story: dict[str, Any], name: str) -> None:
    assert story[f"seconds to {name}"] < 3


def test_stopping_is_no_failure(story: dict[str, Any]) -> None:
    assert story["code of SIGTERM"] == 0


def test_no_process_is_left_behind(story: dict[str, Any]) -> None:
    assert story["left by SIGTERM"] == (True, [])
    assert story["left by SIGINT"] == []


def test_a_killed_one_takes_its_workers_along(story: dict[str, Any]) -> None:
    assert story["left by SIGKILL"]


def test_data_survives_a_restart(story: dict[str, Any]) -> None:
    assert story["again"] == (story["ready"]["api_key"], story["task"], story["balance"])


def test_a_kill_at_any_moment_loses_no_task_that_was_accepted(story: dict[str, Any]) -> None:
    assert story["known after SIGKILL"] == [story["task"], *story["accepted before SIGKILL"]]


def test_a_providers_own_key_replaces_the_simulated_one_and_is_announced(story: dict[str, Any]) -> None:
    assert "sk-EXAMPLE-of-a-real-account" not in story["simulated key"]
    assert story["real key"] == "sk-EXAMPLE-of-a-real-account"
    assert "REAL upstreams, billed to your keys from .env: kie" in story["about real"]


def test_fresh_starts_empty(story: dict[str, Any]) -> None:
    assert story["fresh key"] != story["ready"]["api_key"]
