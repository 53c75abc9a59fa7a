"""The demo's clients, one for each API: what they send is taken, they are told the end, and understand it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from local.clients import Ask, Client, client, spoken
from local.gateway import Gateway
from local.routing import Routes
from local.worker import Outcome
from relay.nouns.task import State
from tests.functional.aws_fakes import function_of
from tests.functional.harness import KEY, Harness, simulated
from tests.functional.network import CLIENT

ANY = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"uri": "function"}}}
ASKED = [(api, ask) for api in spoken() for ask in client(api).asks if not (ask.picture or ask.refused)]
asked = pytest.mark.parametrize(("api", "ask"), ASKED)


@pytest.fixture
def here() -> Iterator[Harness]:
    with simulated() as made:
        yield made


@contextmanager
def speaking(here: Harness, api: str) -> Iterator[Client]:
    """The API's client at a gateway in front of the relay."""

    def invoke(_: str, payload: bytes) -> Outcome:
        event = json.loads(payload)
        endpoint = here.endpoints[function_of(event["requestContext"]["http"]["method"], event["rawPath"])]
        return Outcome(json.dumps(endpoint.resolve(event, LambdaContext())).encode(), error=False)

    gateway = Gateway()
    gateway.serve(Routes({"paths": {"$default": ANY}}, str), invoke)
    speaker = client(api)(gateway.url, KEY)
    try:
        yield speaker
    finally:
        speaker.http.close()
        gateway.close()


@asked
def test_a_client_of_each_api_makes_a_task_and_reads_its_result(here: Harness, api: str, ask: Ask) -> None:
    with speaking(here, api) as speaker:
        task_id = speaker.create(ask.path, ask.body, CLIENT)
        begun = speaker.document(ask.path, task_id)
        assert speaker.progress(begun)[0] in ("pending", "queued", "processing")
        assert speaker.links(begun) == []
        here.run(120)
        ended = speaker.document(ask.path, task_id)
        assert speaker.progress(ended) == ("succeeded", 100.0)
        assert bool(speaker.links(ended)) != bool(speaker.words(ended))
        assert here.drift == 0


@asked
def test_a_client_of_each_api_is_told_of_the_end_once(here: Harness, api: str, ask: Ask) -> None:
    with speaking(here, api) as speaker:
        task_id = speaker.create(ask.path, ask.body, CLIENT)
        here.run(120)
        told = [json.loads(call.body) for call in here.told]
        ends = [speaker.told_of(document) for document in told if speaker.is_end(document)]
        assert ends == ([task_id] if speaker.is_told else [])


@asked
def test_an_upstreams_callback_makes_us_ask_and_a_forged_one_moves_nothing(here: Harness, api: str, ask: Ask) -> None:
    with speaking(here, api) as speaker:
        task_id = speaker.create(ask.path, ask.body, CLIENT)
    here.pump()
    task = here.task(task_id)
    job, simulator = here.network.jobs[task.upstream_task_id or ""], here.network.upstreams[task.upstream or ""]
    if job.order.callback_url is None:
        pytest.skip("its upstream is not asked to call back")
    here.wait(60)
    path, body = urlsplit(job.order.callback_url).path, simulator.events(job)[-1].body()
    sign, forged = simulator.signer(job), f"{path[:-4]}0000"
    headers = dict(sign(body, here.now[0] // 1000)) if sign else {}

    assert here.exchange("POST", forged, key=None, headers=headers, raw=body)[0] == 403
    assert not here.task(task_id).terminal
    assert here.exchange("POST", path, key=None, headers=headers, raw=body)[0] == 200
    task = here.task(task_id)
    assert (task.state, task.learnt) == (State.SUCCEEDED, "callback")
