"""A relay of one process served over HTTP, for published clients; time passes for it while they wait."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from aws_lambda_powertools.utilities.typing import LambdaContext

from local.gateway import Gateway
from local.routing import Routes
from local.worker import Outcome
from relay.edge.media import MediaEndpoint
from tests.functional.aws_fakes import function_of
from tests.functional.harness import Harness

ANY = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"uri": "function"}}}


@dataclass
class Served:
    """One request or worker at a time: moto is not made for more."""

    here: Harness
    gateway: Gateway
    turn: threading.Lock

    @property
    def url(self) -> str:
        return self.gateway.url

    def until(self, done: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let the workers work and upstreams finish what they were given, until `done`."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "the client is not done"
            with self.turn:
                self.here.run(6)
                self.here.network.finish()
            time.sleep(0.01)


@contextmanager
def served(here: Harness) -> Iterator[Served]:
    gateway, turn = Gateway(), threading.Lock()
    here.services = replace(here.services, public_url=gateway.url)
    media = MediaEndpoint(lambda: here.services)

    def invoke(_: str, payload: bytes) -> Outcome:
        event = json.loads(payload)
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        endpoint = media if path.startswith("/media/") else here.endpoints[function_of(method, path)]
        with turn:
            return Outcome(json.dumps(endpoint.resolve(event, LambdaContext())).encode(), error=False)

    gateway.serve(Routes({"paths": {"$default": ANY}}, str), invoke)
    try:
        yield Served(here, gateway, turn)
    finally:
        gateway.close()
