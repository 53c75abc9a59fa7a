"""The local gateway's HTTP, without functions behind it: what they are told and what they may answer."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.gateway import Gateway
from local.routing import Routes
from local.worker import Outcome

ANY = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"uri": "function"}}}


@contextmanager
def served(handler: Callable[[Any], Any]) -> Iterator[tuple[Gateway, http.client.HTTPConnection]]:
    gateway = Gateway()
    routes = Routes({"paths": {"$default": ANY}}, str)
    gateway.serve(routes, lambda _, event: Outcome(json.dumps(handler(json.loads(event))).encode(), error=False))
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    try:
        yield gateway, connection
    finally:
        connection.close()
        gateway.close()


def test_a_client_cannot_choose_the_address_it_is_seen_to_come_from() -> None:
    with served(lambda event: event["requestContext"]["http"] | event["headers"]) as (_, connection):
        connection.request("GET", "/", headers={"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
        seen = json.loads(connection.getresponse().read())
    assert (seen["sourceIp"], seen["x-forwarded-for"]) == ("127.0.0.1", "198.51.100.7,127.0.0.1")


def test_one_connection_carries_many_requests_and_head_carries_no_body() -> None:
    with served(lambda event: event["requestContext"]["http"]["method"]) as (_, connection):
        for method, body in [("GET", b"GET"), ("HEAD", b""), ("BREW", b"BREW")]:
            connection.request(method, "/")
            kept = connection.sock
            answer = connection.getresponse()
            assert (answer.read(), answer.headers["content-length"]) == (body, str(len(method)))
            assert connection.sock is kept


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": "none"},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"location": "/a\r\nset-cookie: b"}},
        {"statusCode": 200, "headers": {"name": "中"}},
        {"statusCode": 200, "body": "a", "isBase64Encoded": True},
    ],
)
def test_an_answer_that_is_no_http_is_a_500(answer: dict[str, Any]) -> None:
    with served(lambda _: answer) as (_, connection):
        connection.request("GET", "/")
        reply = connection.getresponse()
        assert (reply.status, json.loads(reply.read())) == (500, {"message": "Internal Server Error"})


def test_a_function_cannot_end_the_connection_by_its_headers() -> None:
    headers = {"Connection": "close", "Content-Length": "1", "Transfer-Encoding": "chunked", "X-Own": "kept"}
    with served(lambda _: {"statusCode": 200, "headers": headers, "body": "whole"}) as (_, connection):
        connection.request("GET", "/")
        reply = connection.getresponse()
        assert (reply.read(), reply.headers["x-own"], reply.headers["connection"]) == (b"whole", "kept", None)


def test_it_closes_within_seconds_while_a_function_is_still_at_work() -> None:
    working, enough = threading.Event(), threading.Event()

    def slow(_: Any) -> str:
        working.set()
        enough.wait(20)
        return ""

    with served(slow) as (gateway, connection):
        connection.request("GET", "/")
        assert working.wait(10)
        began = time.monotonic()
        gateway.close()
        assert time.monotonic() - began < 3
        enough.set()
