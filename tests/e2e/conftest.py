"""A running relay for each file of tests over HTTP; each test is a client of its own."""

from __future__ import annotations

import gc
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.cloud import Cloud
from local.relayed import LocalRelay
from local.upstreams import Pace, Settings
from local.upstreams.inbox import Inbox
from tests.e2e.tenant import Tenant

# The emulator leaves the event loops of its background threads, and their socket pairs, to the collector.
LEFT = r".*(unclosed event loop|<socket\.socket fd=\d+, family=1,|BaseEventLoop\.__del__)"
SIMULATED = Settings(pace=Pace.every(0.3), callback_retries=(0.5, 1.0, 2.0))


def pytest_configure(config: pytest.Config) -> None:
    for category in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        config.addinivalue_line("filterwarnings", f"ignore:{LEFT}:{category}")
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # a shell's background job, and what it starts would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRelay]:
    """What the functions say is in functions.log of pytest's own temporary folder."""
    with (tmp_path_factory.mktemp("relay") / "functions.log").open("w") as log:
        relay = LocalRelay(simulated=SIMULATED, log=lambda line: print(line, file=log, flush=True))
        with closing_quietly(relay):
            relay.stack.warm()
            yield relay


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A DynamoDB that keeps its conditions under any crowd, and nothing else."""
    cloud = Cloud(None, lambda function, event: (None, False))
    with closing_quietly(cloud):
        yield cloud.client("dynamodb")


@contextmanager
def closing_quietly(stack: LocalRelay | Cloud) -> Iterator[None]:
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            stack.close()
            gc.collect()


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture
def tenant(relay: LocalRelay, inbox: Inbox) -> Tenant:
    return Tenant.of(relay, inbox)
