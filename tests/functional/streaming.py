"""The stream endpoint of a relay in this process, served over HTTP, with simulated upstreams that are too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests

from local.server import Server
from local.sockets import address, listening
from local.upstreams import Settings, Upstreams
from relay.edge.stream.app import StreamEndpoint, application
from relay.edge.stream.wiring import OPERATIONS
from relay.effects.outbound import Outbound
from relay.effects.outbound.open_lines import OpenLines
from relay.nouns.catalog import Catalog
from relay.nouns.task import Task
from tests.functional.harness import KEY, Harness, simulated

SETTINGS = Settings(limits_intake=False, queries_per_second=None)


@dataclass
class Line:
    """A client of the stream endpoint, and the relay behind it."""

    here: Harness
    url: str
    upstreams: Upstreams
    endpoint: StreamEndpoint

    def post(self, path: str, body: Any, key: str | None = KEY, **how: Any) -> requests.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return requests.post(self.url + path, json=body, headers=headers | how.pop("headers", {}), timeout=30, **how)

    def chat(self, prompt: str, **fields: Any) -> requests.Response:
        said = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], **fields}
        return self.post("/v1/chat/completions", said)

    @property
    def calls(self) -> list[Task]:
        """The reservations of model calls, oldest first."""
        return list(self.here.services.store.tasks.since(self.here.account_id, "0"))[::-1]

    @property
    def spent(self) -> int:
        """Nanos off the balance of 100 that accounts of tests begin with."""
        return 100 * 10**9 - self.here.balance


@contextmanager
def streaming(settings: Settings = SETTINGS, keep: int = 0, catalog: Catalog | None = None) -> Iterator[Line]:
    with simulated() as here, Upstreams(settings) as upstreams:
        here.secrets.values |= {
            f"upstreams/{name}/{each}": word
            for name, simulator in upstreams.simulators.items()
            for each, word in simulator.secrets().items()
        }
        loopback = Outbound("loopback")
        services = replace(here.services, upstream_urls=upstreams.urls, catalog=catalog or here.services.catalog)
        here.services = services
        endpoint = StreamEndpoint(services, OPERATIONS, OpenLines(loopback), keep)
        listener = listening(0)
        server = Server(application(endpoint), listener, lifespan="on")
        try:
            yield Line(here, address(listener), upstreams, endpoint)
        finally:
            server.close()
