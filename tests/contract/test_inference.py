"""Whatever is wrong with a model call, its client is told in its API's words; nothing is reserved or sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import requests

from relay.families import FAMILIES, dialect
from relay.families.uses import INFER
from tests.axes import table
from tests.functional.harness import KEY
from tests.functional.streaming import Line, streaming

ROUTES = {family: [route for route in dialect(family).routes if route.use is INFER] for family in FAMILIES}
SERVING = [family for family in FAMILIES if ROUTES[family]]
DATA = {family: import_module(f"tests.fixtures.{family}.calls") for family in SERVING}
CALLS = [(path, body) for family in SERVING for path, body in DATA[family].CALLS.items()]
STREAMS = {route.path for family in SERVING for route in ROUTES[family] if route.events}
NUMBERS = {path: names for family in SERVING for path, names in DATA[family].NUMBERS.items()}
HOSTILE = (
    *(
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"model": "\\ud800"}',
        b'{"model": 1e999}',
        b'{"model": NaN}',
    ),
    *(b"[" * 100_000, b'{"a":' * 100_000, b'{"a": ' + b"[" * 90 + b"]" * 90 + b"}"),
)
NO_FLAGS: tuple[Any, ...] = ("yes", 1, [])
EMPTY: tuple[Any, ...] = (None, "", [], {}, 5, True)
WRONG: tuple[Any, ...] = (0, -1, 1e30, 10**40, "x", True, [], 10**8)


def spoilt(path: str, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The call with something wrong in one field, and the field."""
    for name, good in body.items():
        yield name, {other: each for other, each in body.items() if other != name}
        yield from ((name, body | {name: bad}) for bad in EMPTY if bad != 5 or not isinstance(good, int))
    if "model" in body:
        yield from (("model", body | {"model": bad}) for bad in ("no-such-model", "x\r\nx-evil: 1", ["gpt-4o-mini"]))
    if path in STREAMS:
        yield from (("stream", body | {"stream": bad}) for bad in NO_FLAGS)
    for name in NUMBERS.get(path, ()):
        yield from ((name, body | {name: bad}) for bad in (*WRONG, *((129,) if name == "n" else ())))


FIELDS = [(path, name, wrong) for path, body in CALLS for name, wrong in spoilt(path, body)]


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with streaming() as made:
        yield made
        assert made.calls == []
        assert {name: made.arrived(name) for name in made.upstreams.simulators if made.arrived(name)} == {}


def send(relay: Line, path: str, raw: bytes, key: str = KEY) -> requests.Response:
    relay.here.now[0] += 1000
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    answer = requests.post(relay.url + path, raw, headers=headers, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text
    assert "error" in answer.json()
    assert "x-evil" not in answer.headers
    return answer


def test_every_route_of_model_calls_has_an_example() -> None:
    routes = [route for family in SERVING for route in ROUTES[family]]
    assert [route.path for route in routes if not any(route.lies_at(path.partition("?")[0]) for path, _ in CALLS)] == []


@table("path", [path for path, _ in CALLS])
def test_a_body_that_is_no_request_is_refused(relay: Line, path: str) -> None:
    for raw in HOSTILE:
        assert send(relay, path, raw).status_code == 400
    assert send(relay, path, b'"' + b"x" * (4 << 20) + b'"').status_code == 413


@table("path, name, body", FIELDS, ids=[f"{path} {name} {str(wrong)[:80]}" for path, name, wrong in FIELDS])
def test_a_field_that_is_wrong_is_named(relay: Line, path: str, name: str, body: dict[str, Any]) -> None:
    assert name in send(relay, path, json.dumps(body).encode()).text


@table("path, body", CALLS, ids=[path for path, _ in CALLS])
def test_who_has_no_key_is_not_served(relay: Line, path: str, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    assert [send(relay, path, raw, key).status_code for key in ("", "sk-EXAMPLE-unknown")] == [401, 401]
