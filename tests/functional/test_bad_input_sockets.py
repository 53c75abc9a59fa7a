"""Requests only a raw socket can send, through the local gateway to a function: answered in a dialect."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from local.gateway import Gateway
from local.routing import Routes
from local.worker import Outcome
from relay.edge.clients import ClientEndpoint
from relay.edge.operations.status import OPERATIONS
from tests.functional.harness import harness

INTEGRATION = {"x-amazon-apigateway-integration": {"uri": "status"}}
TARGETS = [
    b"OPTIONS *",
    b"GET http://x/api/kling/tasks",
    b"POST http://[::1",
    b"GET //api//kling//tasks",
    b"POST /api/%ZZ/tasks",
    b"POST /api/%ff%fe/tasks",
    b"GET /api/%00",
    b"GET /api/%2e%2e/%2F",
    b"GET /" + b"a" * 60_000,
    b"GET /?" + b"%",
    b"GET api",
    b"BREW /api/kling/tasks",
]


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with harness() as here:
        endpoint = ClientEndpoint(OPERATIONS, lambda: here.services)

        def invoke(_: str, event: bytes) -> Outcome:
            return Outcome(json.dumps(endpoint.resolve(json.loads(event), LambdaContext())).encode(), error=False)

        gateway = Gateway()
        body = {"paths": {"$default": {"x-amazon-apigateway-any-method": INTEGRATION}}}
        gateway.serve(Routes(body, str), invoke)
        host, _, port = gateway.url.removeprefix("http://").partition(":")
        yield host, int(port)
        gateway.close()


def said(address: tuple[str, int], request: bytes) -> tuple[int, bytes]:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:30].decode("latin-1"))
def test_a_target_of_any_form_is_answered_in_a_dialect(address: tuple[str, int], target: bytes) -> None:
    status, body = said(address, target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status in (401, 404), body
    assert json.loads(body).keys() == {"success", "error", "trace_id"}


@pytest.mark.parametrize("target", [b"GET /\xff\xfe", b"DELETE /api/\xe4\xb8\xad"])
def test_a_target_that_is_not_ascii_is_no_http(address: tuple[str, int], target: bytes) -> None:
    assert said(address, target + b" HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 400
