"""An upstream for tests whose answers take minutes: one that answers with the result, and one that streams it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from relay.effects.outbound import Incoming
from relay.families import provider
from relay.families.provider import Api, Carries, Mode, Order, Provider, Step
from relay.families.reading import StreamError, parse, read_events
from relay.flow.services import Services
from relay.nouns.draft import Kind, MediaRole
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.faults import Fault
from relay.nouns.task import Asset, Observation, State, Task
from relay.nouns.wire import Answer, Call, Json
from tests.functional.harness import Harness
from tests.functional.network import Script

URL = "https://files.example/a.png"
ANY = dict.fromkeys(Kind, Carries(actions=("image2video",), media=tuple(MediaRole)))


def write_submit(order: Order) -> Call:
    return Call.json(
        "POST", "/draw", {"prompt": order.draft.prompt, "media": [medium.url for medium in order.draft.media]}
    )


def read_submit(answer: Answer, _: Order) -> Observation | Step:
    said = parse(answer.body)
    if not isinstance(said, dict):
        raise UnknownOutcome("nothing readable")
    if answer.status != 200:
        raise Refused("it said no", elsewhere=True)
    return outcome(said)


def read_stream(chunks: Iterator[bytes]) -> Iterator[Observation]:
    try:
        for event in read_events(chunks):
            yield outcome(event)
    except StreamError as error:
        if error.code == "full":
            raise Refused("no capacity", elsewhere=True) from error
        yield Observation(State.FAILED, fault=Fault("GENERATION_FAILED", error.words, error.code))


def outcome(said: dict[str, Json]) -> Observation:
    assets = tuple(Asset(url) for url in said.get("urls", []))
    assets += tuple(Asset(url, private=True) for url in said.get("private", []))
    assets += tuple(Asset("", data=base64.b64decode(body)) for body in said.get("b64", []))
    return Observation(State.SUCCEEDED if assets else State.PROCESSING, progress=said.get("progress", 0), assets=assets)


ANSWERING = Api(write_submit, read_submit, mode=Mode.ANSWER, seconds=180, carries=ANY)
STREAMING = Api(write_submit, read_submit, read_stream=read_stream, mode=Mode.STREAM, seconds=600, carries=ANY)
AT_ONCE = replace(ANSWERING, seconds=20)


class Slow(Provider):
    """A family that speaks what each test says."""

    family = "kie"


def speaking(services: Services, api: Api) -> Services:
    """The same, with `api` spoken by the first upstream of two pictures and films; the second is as it was."""
    slow = Slow({"market": api})
    return replace(services, providers=lambda family: slow if family == "kie" else provider(family))


def submit(here: Harness, api: Api, *answers: Script) -> str:
    """A task that was accepted and is not sent yet."""
    here.services = speaking(here.services, api)
    here.network.script["kie.submit"] = list(answers)
    status, made = here.post("/api/grok/images", {"prompt": "a cat"})
    assert status == 200, made
    return str(made["task_id"])


def run(here: Harness, task_id: str) -> Task:
    """The task after all that is queued was worked on."""
    while here.pump():
        continue
    return here.task(task_id)


def said(**words: Json) -> Answer:
    return Answer(200, json.dumps(words).encode())


@dataclass
class Streamed:
    """A stream of events; before each, `meanwhile` is run."""

    events: Sequence[dict[str, Json] | bytes | Exception]
    meanwhile: Callable[[], object] = lambda: None

    def incoming(self) -> Incoming:
        return Incoming(200, {"content-type": "text/event-stream"}, self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        for event in self.events:
            self.meanwhile()
            if isinstance(event, Exception):
                raise event
            yield event if isinstance(event, bytes) else f"data: {json.dumps(event)}\n\n".encode()
