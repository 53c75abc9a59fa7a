"""A relay whose Midjourney is a simulated proxy, and a client's few words for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.upstreams import Pace, Settings
from local.upstreams.files import Files
from local.upstreams.server import simulator_of
from local.upstreams.simulator import Simulator
from relay.edge.wiring import catalog
from relay.flow.services import UPSTREAMS_ON
from relay.nouns.wire import Answer, Call, Inbound
from tests.functional.harness import Harness, harness
from tests.functional.network import Network

PROXY, NAME = "https://midjourney.example", "midjourney"
SECONDS = 60.0  # a job takes


@dataclass
class ProxyNetwork(Network):
    """Everything outside, with a Midjourney proxy that keeps what it was asked."""

    proxy: Simulator = field(kw_only=True)

    def ordinary(self, what: str, call: Call) -> Answer:
        if not what.startswith(NAME):
            return super().ordinary(what, call)
        parts = urlsplit(call.url)
        inbound = Inbound(call.method, parts.path, dict(call.headers), {}, dict(parse_qsl(parts.query)), call.body)
        reply = self.proxy.answer(inbound)
        return Answer(reply.status, reply.body, reply.headers)

    def _what(self, call: Call) -> str:
        if not call.url.startswith(PROXY):
            return super()._what(call)
        return f"{NAME}.{'submit' if call.method == 'POST' else 'query'}"


@contextmanager
def midjourney(balance: str = "100", upstream: str = NAME, *, archive: bool = False) -> Iterator[Harness]:
    """The harness, where this upstream alone is on."""
    with harness(balance, archive=archive) as here:
        settings = Settings(pace=Pace.every(SECONDS), limits_intake=False, clock=lambda: here.now[0] / 1000)
        proxy = simulator_of(catalog().upstreams[upstream], settings, Files("https://files.example", settings.clock))
        here.network = ProxyNetwork(proxy=proxy)
        held = {name: value for name, value in here.secrets.values.items() if not name.startswith("upstreams/")}
        held |= {f"upstreams/{upstream}/key": settings.key(upstream), UPSTREAMS_ON: f'["{upstream}"]'}
        here.secrets.values = held
        here.services = replace(here.services, http=here.network, upstream_urls={upstream: PROXY})
        yield here


def submitted(here: Harness, path: str, code: int = 1, **body: Any) -> str:
    """The id of a task that was taken."""
    status, said = here.post(f"/mj/submit/{path}", body)
    assert (status, said["code"]) == (200, code), said
    return str(said["result"])


def fetched(here: Harness, task_id: str) -> dict[str, Any]:
    status, task = here.request("GET", f"/mj/task/{task_id}/fetch")
    assert status == 200, task
    return dict(task)


def made(here: Harness, task_id: str) -> dict[str, Any]:
    """The task once its upstream has made it."""
    here.run(2 * SECONDS + 30)
    return fetched(here, task_id)


def button(task: dict[str, Any], label: str) -> str:
    """The id of a button, by its label or emoji."""
    return str(next(each["customId"] for each in task["buttons"] if label in (each["label"], each["emoji"])))


def sent(here: Harness) -> list[tuple[str, dict[str, Any]]]:
    """What the upstream was submitted: paths and bodies."""
    return [(urlsplit(call.url).path, json.loads(call.body)) for call in here.network.sent(f"{NAME}.submit")]
