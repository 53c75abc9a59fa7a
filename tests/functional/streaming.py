"""The stream endpoint of a relay in this process, served over HTTP, with simulated upstreams that are too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests
from starlette.types import ASGIApp

from local.server import Server
from local.sockets import address, listening
from local.upstreams import Settings, Upstreams
from local.upstreams.misbehave import KeepTransport
from relay.edge.stream.app import StreamEndpoint, application
from relay.edge.stream.sending import Pace
from relay.edge.stream.wiring import OPERATIONS
from relay.effects.outbound import Outbound
from relay.effects.outbound.open_lines import OpenLines
from relay.nouns.catalog import Catalog
from relay.nouns.money import nanos
from relay.nouns.task import Task
from tests.functional.contended_tables import contend
from tests.functional.harness import KEY, Harness, open_account, simulated
from tests.functional.network import CATALOG

SETTINGS = Settings(limits_intake=False, queries_per_second=None)


@dataclass
class Line:
    """A client of the stream endpoint, and the relay behind it."""

    here: Harness
    url: str
    upstreams: Upstreams
    endpoint: StreamEndpoint
    stop: Callable[[], None]  # ends the process as a signal does
    keep: int = 0
    paid_in: int = nanos(100)

    def account(self, account_id: str, balance: str, tier: int = 3) -> str:
        """From here on this is about another account; a key of it."""
        self.here.account_id, self.paid_in = account_id, nanos(balance)
        key = f"sk-EXAMPLE-client-{account_id}"
        open_account(self.here, account_id, key, balance, tier)
        return key

    def post(self, path: str, body: Any, key: str | None = KEY, **how: Any) -> requests.Response:
        self.here.now[0] += 1  # so that calls are told apart in time
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return requests.post(
            self.url + path, json=body, headers=headers | how.pop("headers", {}), **{"timeout": 30.0, **how}
        )

    def chat(self, prompt: str, key: str | None = KEY, timeout: float = 30.0, **fields: Any) -> requests.Response:
        return self.post(CHAT, chat_body(prompt, **fields), key, timeout=timeout)

    @contextmanager
    def chat_open(self, prompt: str, key: str = KEY, **fields: Any) -> Iterator[Iterator[bytes]]:
        """A streamed call whose bytes are read as they come; leaving it closes the connection."""
        said = chat_body(prompt, stream=True, **fields)
        with self.post(CHAT, said, key, stream=True) as answer:
            yield answer.iter_content(None)

    @property
    def calls(self) -> list[Task]:
        """The reservations of model calls, oldest first."""
        return list(self.here.services.store.tasks.since(self.here.account_id, "0"))[::-1]

    def arrived(self, name: str) -> int:
        """Model calls that arrived at an upstream."""
        return self.upstreams[name].book.arrived.total()

    def free(self, most: int = 10) -> bool:
        """Whether the key has all of its lines free."""
        hold, name = self.here.services.store.line_leases.hold, f"{self.here.account_id}#key1"
        now = self.here.now[0]
        held = hold(name, "test", most, most, now=now, until=now + 60_000)
        return held and hold(name, "test", 0, most, now=now, until=now)

    def settled(self) -> bool:
        """Whether every call was charged once, at most what was reserved, and all else was given back."""
        calls = self.calls
        if not self.free() or not all(call.terminal for call in calls):
            return False
        assert all((call.used or 0) <= call.price for call in calls)
        assert self.spent == sum(call.used or 0 for call in calls)
        assert self.here.drift == 0
        return True

    @property
    def spent(self) -> int:
        """Nanos off the balance that the account began with."""
        return self.paid_in - self.here.balance


CHAT = "/v1/chat/completions"
FIRST, SECOND = "newapi", "midjourney"  # upstreams of one family


def with_two_sources(model: str = "gpt-4o-mini") -> Catalog:
    """The catalog where two upstreams of one family have this model, and the second is asked after the first."""
    known = CATALOG.models[model]
    first = next(source for source in known.sources if source.upstream == FIRST)
    sources = first, replace(first, upstream=SECOND, priority=first.priority + 1)
    return replace(CATALOG, models={**CATALOG.models, model: replace(known, sources=sources)})


def chat_body(prompt: str, **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], **fields}


def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    """Wait for what happens beside the requests."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.02)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of an application that stands for an upstream."""
    listener = listening(0)
    server = Server(KeepTransport(app), listener)
    try:
        yield address(listener)
    finally:
        server.close()


def _keys(upstreams: Upstreams) -> dict[str, str]:
    """What a relay must hold to use them."""
    return {
        f"upstreams/{name}/{each}": word
        for name, simulator in upstreams.simulators.items()
        for each, word in simulator.secrets().items()
    }


@contextmanager
def streaming(
    settings: Settings = SETTINGS,
    keep: int = 0,
    catalog: Catalog | None = None,
    *,
    seconds: float = 30.0,
    silence: float = 30.0,
    pace: Pace | None = None,
    first: str = "",
    itself: str = "",
) -> Iterator[Line]:
    """`seconds` is how long a call may take, `silence` how long an upstream may say nothing; `first` is the address of
    the first upstream, where it is not the simulated one, and `itself` an upstream that is this relay."""
    with simulated() as here, Upstreams(settings) as upstreams:
        contend(here)  # one request to the tables at a time, which is all that moto is made for
        here.secrets.values |= _keys(upstreams)
        loopback, listener = Outbound("loopback"), listening(0)
        urls = upstreams.urls | {FIRST: first or upstreams.urls[FIRST], itself: address(listener)}
        services = replace(here.services, upstream_urls=urls, catalog=catalog or here.services.catalog)
        here.services = services
        lines = OpenLines(loopback, silence)
        endpoint = StreamEndpoint(services, OPERATIONS, lines, keep, seconds=seconds, pace=pace)
        server = Server(application(endpoint), listener, lifespan="on")
        try:
            yield Line(here, address(listener), upstreams, endpoint, server.close, keep)
        finally:
            server.close()
