"""A relay whose upstreams are all of the catalog's, each simulated by its family's dialect: no family is named here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from local.upstreams import Pace, Settings
from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.misbehave import Streamed
from local.upstreams.server import addresses, simulator_of
from local.upstreams.simulator import Simulator
from relay.effects.outbound import Incoming, NoAnswer
from relay.flow.services import UPSTREAMS_ON
from relay.nouns.wire import Answer, Call, Inbound
from tests.functional.harness import Harness, harness
from tests.functional.network import Network

SECONDS = 10.0  # until a job is made


@dataclass
class Simulated(Network):
    """The network with a simulator behind the address of each upstream."""

    simulators: dict[str, Simulator] = field(default_factory=dict)

    def send(self, call: Call) -> Answer:
        parts = urlsplit(call.url)
        simulator = self.simulators.get((parts.hostname or "").removesuffix(".upstream.example"))
        if simulator is None:
            return super().send(call)
        headers = {name.lower(): value for name, value in call.headers.items()}
        asked = Inbound(call.method, parts.path, headers, {}, dict(parse_qsl(parts.query)), call.body)
        reply = simulator.answer(asked)
        return Answer(reply.status, reply.body, {name.lower(): value for name, value in reply.headers.items()})

    @contextmanager
    def stream(self, call: Call) -> Iterator[Incoming]:
        try:
            with super().stream(call) as incoming:
                yield incoming
        except Streamed as streamed:
            yield Incoming(200, {"content-type": "text/event-stream"}, _arriving(streamed, call.timeout))

    def job(self, upstream_task_id: str) -> tuple[Simulator, Job]:
        """The job with this id, and who has it."""
        ((simulator, job),) = [
            (each, job) for each in self.simulators.values() if (job := each.book.find(upstream_task_id))
        ]
        return simulator, job


def _arriving(streamed: Streamed, seconds: float) -> Iterator[bytes]:
    for pause, line in streamed.lines:
        seconds -= pause
        if seconds < 0:
            raise NoAnswer("the answer takes too long")
        yield line
    if streamed.cut:
        raise NoAnswer("the connection broke off")


@contextmanager
def simulated() -> Iterator[tuple[Harness, Simulated]]:
    """A relay that has a key for each upstream of its catalog."""
    with harness() as here:
        settings = Settings(pace=Pace.every(SECONDS), clock=lambda: here.now[0] / 1000)
        files = Files("https://files.example", settings.clock)
        upstreams = here.services.catalog.upstreams
        network = Simulated(simulators={name: simulator_of(each, settings, files) for name, each in upstreams.items()})
        for name, simulator in network.simulators.items():
            held = {f"upstreams/{name}/{what}": value for what, value in simulator.secrets().items()}
            here.secrets.values.update(held)
        here.secrets.values[UPSTREAMS_ON] = json.dumps(list(upstreams))
        urls = addresses(lambda name: f"https://{name}.upstream.example")
        here.services, here.network = replace(here.services, http=network, upstream_urls=urls), network
        yield here, network
