"""Everything outside a relay: the simulated upstreams without a server, and a client that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from local.upstreams.files import Files, Link
from local.upstreams.jobs import Job
from local.upstreams.made import shipped_catalog, sold_by
from local.upstreams.media import Recipe, make
from local.upstreams.mirror import Mirror
from local.upstreams.misbehave import Late, Silence, Streamed
from local.upstreams.server import addresses, simulator_of
from local.upstreams.settings import Pace, Settings
from local.upstreams.simulator import Simulator
from relay.effects.outbound import Incoming, NoAnswer, Outbound
from relay.nouns.catalog import Catalog
from relay.nouns.wire import Answer, Call, Inbound

CLIENT = "https://client.example/hook"
CATALOG = shipped_catalog()
URLS = addresses(lambda name: f"https://{name}.example")
SIMULATED = Settings(limits_intake=False, queries_per_second=None, webhook_key="example-hmac")
START = 1_767_225_630.0  # 2026-01-01T00:00:30Z

# One grey pixel: the least a picture can be.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6368000000820081"
    "77cd72b60000000049454e44ae426082"
)

Script = (
    Answer | Incoming | Exception | Callable[[Call], Answer]
)  # an Incoming only where something is read as it comes


class Addresses(Files):
    """Links that are only looked at: what lies there is `file` of the script."""

    def __init__(self, clock: Callable[[], float], uploads: Callable[[], int]) -> None:
        super().__init__("https://files.example", clock)
        self._uploads = uploads

    def keep(self, body: bytes) -> tuple[str, str]:
        return f"{self.base_url}/{self._uploads()}.png", "image/png"

    def add(self, link: Link) -> str:
        return f"{self.base_url}/{chr(ord('a') + link.recipe.variant)}.{link.recipe.suffix}"

    def made(self, url: str) -> bytes:
        return make(Recipe("music", "a sound", "", seconds=1.0, form=url.rpartition(".")[2].replace("mp3", "")))


@dataclass
class Network:
    """Everything outside: each upstream of the catalog, whose jobs stand where they are told to, and a client.

    `script` holds answers to give, first come first served, instead of the ordinary one, by what is asked:
    "kie.submit", "kie.query" or "kie.cancel" (any upstream's name), "file" or "client".
    """

    clock: Callable[[], float] = lambda: START
    jobs: dict[str, Job] = field(default_factory=dict)
    script: dict[str, list[Script]] = field(default_factory=dict)
    calls: list[tuple[str, Call]] = field(default_factory=list)
    started: str | None = "processing"  # the state new jobs are in; None: they move as time passes, at this pace
    pace: Pace = field(default_factory=Pace)
    rules: Outbound = field(default_factory=lambda: Outbound("public", lambda host, port: ["93.184.216.34"]))

    @cached_property
    def upstreams(self) -> dict[str, Simulator]:
        return {name: self._upstream(name) for name in CATALOG.upstreams}

    def _upstream(self, name: str) -> Simulator:
        settings = replace(SIMULATED, clock=self.clock, pace=self.pace)
        files = Addresses(self.clock, lambda: len(self.sent(f"{name}.upload")))
        simulator = simulator_of(CATALOG.upstreams[name], settings, files)
        simulator.new_id = lambda: f"{name}-{len(self.jobs) + 1}"
        simulator.begin = self._begin
        return simulator

    def secrets(self) -> dict[str, str]:
        """What the relay must hold to use the upstreams."""
        held = ((name, simulator.secrets()) for name, simulator in self.upstreams.items())
        return {f"upstreams/{name}/{each}": word for name, secrets in held for each, word in secrets.items()}

    def sell(self, catalog: Catalog) -> None:
        """The upstreams sell what another catalog's sources name."""
        for simulator in self.upstreams.values():
            if isinstance(simulator, Mirror):
                simulator.catalog = sold_by(catalog, simulator.dialect.family)

    def _begin(self, job: Job) -> None:
        job.state = job.state or self.started  # one that asks back waits for its answer
        self.jobs[job.task_id] = job

    def check(self, url: str, seconds: float = 3.0) -> None:
        self.rules.check(url, seconds)

    def send(self, call: Call) -> Answer:
        what = self._what(call)
        self.calls.append((what, call))
        planned = self.script.get(what, [])
        if planned:
            step = planned.pop(0)
            if isinstance(step, Exception):
                raise step
            assert not isinstance(step, Incoming)
            return step if isinstance(step, Answer) else step(call)
        return self.ordinary(what, call)

    @contextmanager
    def open(self, call: Call, chunk: int = 1 << 16) -> Iterator[Incoming]:
        """The same, for what is read as it comes; "file" answers with a small picture unless told otherwise."""
        planned = self.script.get("file", [])
        if planned and isinstance(planned[0], Incoming):
            self.calls.append(("file", call))
            yield cast("Incoming", planned.pop(0))
            return
        answer = self.send(call)
        pieces = (answer.body[at : at + chunk] for at in range(0, len(answer.body), chunk))
        yield Incoming(answer.status, answer.headers, pieces)

    @contextmanager
    def stream(self, call: Call) -> Iterator[Incoming]:
        """The same, for what is read while it is written: an Incoming that was planned, or an ordinary answer."""
        what = self._what(call)
        planned = self.script.get(what, [])
        if planned and isinstance(planned[0], Incoming):
            self.calls.append((what, call))
            yield cast("Incoming", planned.pop(0))
            return
        try:
            answer = self.send(call)
            yield Incoming(answer.status, answer.headers, iter([answer.body]))
        except Streamed as streamed:
            yield Incoming(200, {"content-type": streamed.content_type}, _arriving(streamed, call.timeout))

    def ordinary(self, what: str, call: Call) -> Answer:
        if what == "client":
            return Answer(204)
        if what == "file":
            return Answer(200, PICTURE, {"content-type": "image/png", "content-length": str(len(PICTURE))})
        try:
            reply = self.upstreams[what.partition(".")[0]].answer(_inbound(call))
        except Late as late:  # the answer is the outcome
            for job in list(self.jobs.values())[-1:]:
                job.state = "succeeded"
            reply = late.reply()
        except Silence as silence:
            raise NoAnswer(str(silence)) from silence
        return Answer(reply.status, reply.body, {"content-type": reply.content_type, **reply.headers})

    def sent(self, what: str) -> list[Call]:
        return [call for asked, call in self.calls if asked == what]

    def finish(self, state: str = "succeeded") -> None:
        for job in self.jobs.values():
            job.state = state

    def _what(self, call: Call) -> str:
        if call.url.startswith(CLIENT):
            return "client"
        name = next((name for name, url in URLS.items() if call.url.startswith(f"{url}/")), None)
        if name is None:
            return "file"
        asked = _inbound(call)
        verb = self.upstreams[name].verb(asked)
        if verb and asked.path.endswith("/content"):  # a result that is kept behind our key
            return "file"
        # a path that no upstream serves is a wire that only a test speaks
        return f"{name}.{verb or ('submit' if call.method == 'POST' else 'query')}"


def _arriving(streamed: Streamed, seconds: float) -> Iterator[bytes]:
    for pause, line in streamed.lines:
        seconds -= pause
        if seconds < 0:
            raise NoAnswer("the answer takes too long")
        yield line
    if streamed.cut:
        raise NoAnswer("the connection broke off")


def _inbound(call: Call) -> Inbound:
    url = urlsplit(call.url)
    headers = {name.lower(): value for name, value in call.headers.items()}
    return Inbound(call.method, url.path, headers, {}, dict(parse_qsl(url.query)), call.body)
