"""A family is what its routes say: a made-up one is served without a line about it anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.edge.clients import ClientEndpoint
from relay.edge.operations import Ask, Operations, account, serve
from relay.families.dialect import Auth, Dialect, Route, Told, no_body
from relay.families.uses import BALANCE, Record, Use
from relay.nouns.account import Balance
from relay.nouns.catalog import Catalog
from relay.nouns.errors import RelayError
from relay.nouns.wire import Inbound, Reply
from tests.functional.aws_fakes import http_event
from tests.functional.harness import KEY, Harness, harness

GREET: Use[str, str] = Use("greet")
MODELS: Use[None, list[str]] = Use("models")


def read_name(inbound: Inbound, catalog: Catalog) -> str:
    return inbound.params["name"]


def write_text(told: Told[str]) -> Reply:
    return Reply(200, f"hello {told.found} from {told.base_url}".encode(), "text/plain; charset=utf-8")


def write_bytes(told: Told[str]) -> Reply:
    return Reply(201, b"\x00\xff" + told.found.encode(), "audio/mpeg", {"x-seconds": "3"})


def write_tier(told: Told[Balance]) -> Reply:
    return Reply.json({"tier": told.found.tier.name, "at": told.now, "trace": told.trace_id})


def write_models(told: Told[list[str]]) -> Reply:
    return Reply.json(told.found)


def is_speech(inbound: Inbound) -> bool:
    return inbound.query.get("as") == "speech"


def write_refusal(error: RelayError, trace_id: str) -> Reply:
    return Reply.json({"refused": error.code, "trace": trace_id}, error.status, error.headers)


class Madeup(Dialect):
    family = "madeup"
    routes = (
        Route("GET", "/hi/{name}", GREET, read_name, write_bytes, Auth.OPEN, when=is_speech),
        Route("GET", "/hi/{name}", GREET, read_name, write_text, Auth.OPEN),
        Route("GET", "/tier", BALANCE, no_body, write_tier),
        Route("GET", "/open-tier", BALANCE, no_body, write_tier, Auth.OPEN),
        Route("GET", "/models", MODELS, no_body, write_models, when=is_speech),
        Route("GET", "/own/{name}", MODELS, no_body, write_models, error=write_refusal),
    )

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return Reply(error.status, error.code.encode(), "text/plain", error.headers)

    def write_callback(self, told: Told[Record]) -> bytes:
        return b""


def greet(ask: Ask[str]) -> str:
    return ask.read().title()


OPERATIONS: Operations = {**account.OPERATIONS, **dict([serve(GREET, greet)])}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


def ask(here: Harness, path: str, key: str | None = None, served: Operations = OPERATIONS) -> dict[str, Any]:
    endpoint = ClientEndpoint(served, lambda: here.services, lambda _: Madeup())
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return endpoint.resolve(http_event("GET", path, headers, b""), LambdaContext())


def test_an_open_route_needs_no_key_and_is_told_where_the_api_is(here: Harness) -> None:
    answer = ask(here, "/hi/ada")
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["body"] == f"hello Ada from {here.services.public_url}"


def test_routes_share_a_path_and_the_one_whose_when_agrees_answers_in_bytes_of_its_type(here: Harness) -> None:
    answer = ask(here, "/hi/ada?as=speech")
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (201, "AP9BZGE=", True)
    assert (headers["content-type"], headers["x-seconds"], headers["x-trace-id"]) == ("audio/mpeg", "3", "trace-0001")


def test_where_no_when_agrees_there_is_nothing(here: Harness) -> None:
    served: Operations = dict([serve(MODELS, lambda asked: ["a model"])])
    assert ask(here, "/models", KEY, served)["body"] == "NOT_FOUND"
    assert json.loads(ask(here, "/models?as=speech", KEY, served)["body"]) == ["a model"]


def test_a_route_is_for_who_has_a_key_unless_it_says_otherwise(here: Harness) -> None:
    assert ask(here, "/tier")["statusCode"] == 401
    told = json.loads(ask(here, "/tier", KEY)["body"])
    assert told == {"tier": told["tier"], "at": here.services.clock(), "trace": "trace-0001"}


def test_an_error_is_written_as_the_route_at_that_path_writes_them(here: Harness) -> None:
    served: Operations = dict([serve(MODELS, lambda asked: ["a model"])])
    refused = json.dumps({"refused": "UNAUTHORIZED", "trace": "trace-0001"}, separators=(",", ":"))
    assert ask(here, "/own/x", served=served)["body"] == refused
    # also where another function serves it, or the path is known and the method is not
    assert json.loads(ask(here, "/own/x", KEY)["body"])["refused"] == "NOT_FOUND"
    endpoint = ClientEndpoint(served, lambda: here.services, lambda _: Madeup())
    put = endpoint.resolve(http_event("PUT", "/own/x", {}, b""), LambdaContext())
    assert (json.loads(put["body"])["refused"], put["statusCode"]) == ("NOT_FOUND", 404)
    assert ask(here, "/own/x/y", KEY, served)["body"] == "NOT_FOUND"


def test_what_is_an_accounts_is_told_to_nobody_on_an_open_route(here: Harness) -> None:
    assert ask(here, "/open-tier", KEY)["statusCode"] == 401


def test_a_function_serves_only_the_use_cases_it_has(here: Harness) -> None:
    assert ask(here, "/hi/ada", served=account.OPERATIONS)["statusCode"] == 404
