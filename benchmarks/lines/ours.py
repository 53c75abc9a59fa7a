"""Our own stream endpoint, as a container runs it, with accounts, limits and the ledger in an embedded cloud."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection

from benchmarks.cloud import FUNCTIONS, LAYER, ROOT, child_process, serve_cloud
from benchmarks.lines.cores import OTHERS, pinned
from benchmarks.lines.gateways import OURS_NAME, Gateway, started
from benchmarks.lines.rounds import LINES
from benchmarks.measured import CHAT_MODEL, CHAT_UPSTREAM

BLOCK_SECONDS = 10  # of calls that one reservation covers


@contextmanager
def relay(upstream: Gateway) -> Iterator[Gateway]:
    """One process, and an account with a key for each line: a key may have ten requests open at once."""
    with chat_cloud(upstream) as environment:
        settings = {**environment, "LINE_BLOCK_SECONDS": str(BLOCK_SECONDS)}
        with started([sys.executable, *_container_command(), "--host", "127.0.0.1", "--port"], settings) as (port, pid):
            clients = [{"authorization": f"Bearer {key}"} for key in environment["CLIENT_KEYS"].split()]
            yield Gateway(OURS_NAME, port, pid, clients, CHAT_MODEL)


@contextmanager
def chat_cloud(upstream: Gateway) -> Iterator[Mapping[str, str]]:
    """The environment variables of the stream function, and CLIENT_KEYS."""
    with pinned(OTHERS), child_process(_serve_cloud) as environment:
        yield {
            **environment,
            "UPSTREAM_URLS": json.dumps({CHAT_UPSTREAM: f"http://127.0.0.1:{upstream.port}"}),
            "PYTHONPATH": os.pathsep.join([str(FUNCTIONS), str(LAYER)]),
        }


def _serve_cloud(ready: Connection) -> None:
    """The cloud shares its processor with the upstream and the clients, who must not wait for it: it is no part of
    what is measured, and in the cloud it has processors of its own."""
    os.nice(19)
    serve_cloud(ready, LINES)


def _container_command() -> list[str]:
    """What the Dockerfile runs, without the interpreter."""
    said = (ROOT / "Dockerfile").read_text("utf-8").partition("\nCMD ")[2].replace("\\\n", "")
    command: list[str] = json.loads(said)
    return command[1:]
