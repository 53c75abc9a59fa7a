"""The demo's clients, one for each family: what they send is taken, and what they are told they understand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from local.clients import Ask, client, spoken
from local.gateway import Gateway
from local.routing import Routes
from local.worker import Outcome
from tests.functional.aws_fakes import function_of
from tests.functional.harness import KEY, Harness, harness
from tests.functional.network import CLIENT

ANY = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"uri": "function"}}}
ASKED = [(family, ask) for family in spoken() for ask in client(family).asks if not (ask.picture or ask.refused)]


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as here:
        yield here


@pytest.mark.parametrize(("family", "ask"), ASKED)
def test_a_client_of_each_family_makes_a_task_and_reads_its_result(here: Harness, family: str, ask: Ask) -> None:
    def invoke(_: str, payload: bytes) -> Outcome:
        event = json.loads(payload)
        endpoint = here.endpoints[function_of(event["requestContext"]["http"]["method"], event["rawPath"])]
        return Outcome(json.dumps(endpoint.resolve(event, LambdaContext())).encode(), error=False)

    gateway = Gateway()
    gateway.serve(Routes({"paths": {"$default": ANY}}, str), invoke)
    speaker = client(family)(gateway.url, KEY)
    try:
        path = ask.path
        task_id = speaker.create(path, ask.body, CLIENT)
        begun = speaker.document(path, task_id)
        assert speaker.progress(begun)[0] in ("pending", "processing")
        assert speaker.links(begun) == []
        here.pump()  # now the upstream has a job
        here.network.finish()
        here.run(120)
        ended = speaker.document(path, task_id)
        assert speaker.progress(ended) == ("succeeded", 100.0)
        assert len(speaker.links(ended)) == 1
    finally:
        speaker.http.close()
        gateway.close()
