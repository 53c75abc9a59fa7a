"""The demo's clients: what they send is taken, and what they are told they understand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from local.clients import Client, client
from local.gateway import Gateway
from local.routing import Routes
from local.worker import Outcome
from tests.functional.aws_fakes import function_of
from tests.functional.harness import KEY, Harness, harness
from tests.functional.network import CLIENT

ANY = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"uri": "function"}}}
CREATED = {
    "aistudio": ("/api/kling/images", {"prompt": "a cat"}),
    "kie": ("/api/v1/gpt4o-image/generate", {"prompt": "a cat", "size": "1:1"}),
}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as here:
        yield here


def follow(here: Harness, spoken: Client, family: str) -> None:
    """A task from its creation to its result, as this client sees it."""
    path, body = CREATED[family]
    task_id = spoken.create(path, body, CLIENT)
    begun = spoken.document(path, task_id)
    assert spoken.progress(begun)[0] in ("pending", "processing")
    assert spoken.links(begun) == []
    here.pump()  # now the upstream has a job
    here.network.finish()
    here.run(120)
    ended = spoken.document(path, task_id)
    assert spoken.progress(ended) == ("succeeded", 100.0)
    assert len(spoken.links(ended)) == 1


@pytest.mark.parametrize("family", CREATED)
def test_a_client_of_each_family_makes_a_task_and_reads_its_result(here: Harness, family: str) -> None:
    def invoke(_: str, payload: bytes) -> Outcome:
        event = json.loads(payload)
        endpoint = here.endpoints[function_of(event["requestContext"]["http"]["method"], event["rawPath"])]
        return Outcome(json.dumps(endpoint.resolve(event, LambdaContext())).encode(), error=False)

    with closing(Gateway()) as gateway:
        gateway.serve(Routes({"paths": {"$default": ANY}}, str), invoke)
        spoken = client(family)(gateway.url, KEY)
        with closing(spoken.http):
            follow(here, spoken, family)
