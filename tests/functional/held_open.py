"""The stream endpoint of a relay in this process, over HTTP, where time passes for the relay while clients wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from local.server import Server
from local.sockets import address, listening
from relay.edge.stream.app import StreamEndpoint, application
from relay.edge.stream.wiring import OPERATIONS
from relay.effects.outbound import Outbound
from relay.effects.outbound.open_lines import OpenLines
from tests.functional.harness import KEY, Harness


@dataclass
class HeldOpen:
    """One request or worker at a time: moto is not made for more. `pauses` are the seconds that clients waited."""

    here: Harness
    url: str = ""
    pauses: list[float] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def post(self, path: str, body: Any, **how: Any) -> requests.Response:
        headers = {"authorization": f"Bearer {KEY}", **how.pop("headers", {})}
        return requests.post(self.url + path, json=body, headers=headers, timeout=30, **how)

    def pass_time(self, seconds: float) -> None:
        self.pauses.append(seconds)
        with self.turn:
            self.here.run(seconds, step=1)

    def alone(self, operation: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def operate(asked: Any) -> Any:
            with self.turn:
                return operation(asked)

        return operate


@contextmanager
def held_open(here: Harness) -> Iterator[HeldOpen]:
    made = HeldOpen(here)

    async def sleep(seconds: float) -> None:
        await asyncio.to_thread(made.pass_time, seconds)

    operations = {use: made.alone(each) for use, each in OPERATIONS.items()}
    endpoint = StreamEndpoint(here.services, operations, OpenLines(Outbound("loopback")), sleep=sleep)
    listener = listening(0)
    server = Server(application(endpoint), listener, lifespan="on")
    made.url = address(listener)
    try:
        yield made
    finally:
        server.close()
