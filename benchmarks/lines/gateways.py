"""The gateways that are compared: one process each, as its makers recommend, on the processor that is measured.

LiteLLM's proxy knows one master key and has no database, Portkey's gateway knows no keys: neither books anything.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cloud import ROOT
from benchmarks.lines.cores import MEASURED, OTHERS, pinned

LITELLM = ROOT / ".venv/litellm/bin/litellm"
PORTKEY = ROOT / ".venv/portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
STARTING = 90.0  # seconds until a gateway that does not listen is a failure
MODEL = "bench"
LITELLM_NAME, PORTKEY_NAME, OURS_NAME = "LiteLLM's proxy", "Portkey's gateway", "genrelay"
_SETTINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # starts without the internet
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",  # no line for each request
}


class UnavailableError(RuntimeError):
    """A gateway is not installed here."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


@dataclass(frozen=True)
class Gateway:
    """Where chats are sent, with the headers of each client in turn, and the process that is measured."""

    name: str
    port: int
    pid: int
    clients: Sequence[Mapping[str, str]]
    model: str = MODEL

    def requests(self, streamed: bool, pace: str = "") -> list[str]:
        """A chat as each of the clients sends it: some 500 bytes of a conversation."""
        messages = [
            {"role": "system", "content": "You answer in one short sentence and never guess. " * 4},
            {"role": "user", "content": f"Which of the two roads to the harbour is open in winter? {pace}"},
        ]
        body = json.dumps({"model": self.model, "messages": messages, **({"stream": True} if streamed else {})})
        return [self._request(body, headers) for headers in self.clients]

    def _request(self, body: str, headers: Mapping[str, str]) -> str:
        common = {"host": f"127.0.0.1:{self.port}", "content-type": "application/json", "content-length": len(body)}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**common, **headers}.items())
        return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n{body}"


@contextmanager
def simulated_upstream() -> Iterator[Gateway]:
    """The upstream itself, which clients could as well ask directly."""
    command = [sys.executable, "-m", "benchmarks.lines.upstream", str(OTHERS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        port = int(process.stdout.readline())  # type: ignore[union-attr]
        try:
            yield Gateway("the upstream itself", port, process.pid, [{"authorization": "Bearer sk-EXAMPLE"}])
        finally:
            process.stdin.close()  # type: ignore[union-attr]


@contextmanager
def litellm(upstream: Gateway) -> Iterator[Gateway]:
    """Raises UnavailableError where it is not installed."""
    if not LITELLM.exists():
        raise UnavailableError(LITELLM_NAME, "could not be installed into .venv/litellm")
    key = f"sk-{secrets.token_hex(32)}"
    base = f"http://127.0.0.1:{upstream.port}/v1"
    model = {"model": f"hosted_vllm/{MODEL}", "api_base": base, "api_key": "sk-EXAMPLE"}
    config = {
        "model_list": [{"model_name": MODEL, "litellm_params": model}],
        "general_settings": {"master_key": key},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(json.dumps(config))  # JSON is YAML
        command = [str(LITELLM), "--config", str(path), "--host", "127.0.0.1", "--num_workers", "1", "--port"]
        with started(command, _SETTINGS) as (port, pid):
            yield Gateway(LITELLM_NAME, port, pid, [{"authorization": f"Bearer {key}"}])


@contextmanager
def portkey(upstream: Gateway) -> Iterator[Gateway]:
    """Raises UnavailableError where it is not installed."""
    if not PORTKEY.exists():
        raise UnavailableError(PORTKEY_NAME, "could not be installed into .venv/portkey")
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream.port}/v1"}
    with started(["node", str(PORTKEY), "--headless"], {}, "--port={}") as (port, pid):
        yield Gateway(PORTKEY_NAME, port, pid, [{**headers, "authorization": "Bearer sk-EXAMPLE"}])


@contextmanager
def started(command: Sequence[str], settings: Mapping[str, str], port_form: str = "{}") -> Iterator[tuple[int, int]]:
    """Start a server on a free port, which is its last argument; yields the port and the process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryFile("w+") as output, pinned(MEASURED):
        process = subprocess.Popen(
            [*command, port_form.format(port)],
            env={**os.environ, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            if not _listens(process, port):
                output.seek(0)
                raise RuntimeError(f"{process.args!r} does not listen:\n{output.read()[-2000:]}")
            yield port, process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False
