"""Whatever an upstream answers or posts, its family's provider ends only as the page on families says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.families import FAMILIES, provider
from relay.families.provider import Api, Mode, Order, Step
from relay.families.reading import is_url
from relay.nouns.errors import BadInput, Forbidden, Refused, UnknownOutcome, Unreadable
from relay.nouns.task import Observation
from relay.nouns.wire import Answer, Inbound, Json
from tests.contract.parts import ROOT, has
from tests.contract.test_carried import plain, written

APIS = [(family, name) for family in FAMILIES if has(family, "provider") for name in provider(family).apis]
STATUSES = (200, 201, 302, 400, 401, 404, 429, 500, 503)
NASTY: tuple[Json, ...] = (None, True, -1, 10**30, 1e308, "", "\x00", "x" * 9000, [], [None], {}, {"code": []})
RAW = (b"", b"\xff\xfe", b"{", b"7", b"null", b'"a"', b"NaN", b"1e999", b"<html>", b"[" * 5000, b'{"a":' + b"9" * 5000)
each_api = pytest.mark.parametrize(("family", "name"), APIS)


def order_of(family: str, name: str) -> Order:
    """A request that the API can carry."""
    api = provider(family).apis[name]
    return next(order for kind in api.carries for order in plain(family, name, kind) if written(api, order))


def examples(family: str) -> list[Json]:
    """The family's example answers: a file holds one, or several by their names."""
    kept = [json.loads(path.read_bytes()) for path in sorted((ROOT / "tests/fixtures" / family).glob("*.json"))]
    several = [list(each.values()) if all(isinstance(one, dict) for one in each.values()) else [each] for each in kept]
    return [example for examples in several for example in examples]


def places(value: Json) -> Iterator[tuple[str | int, ...]]:
    """The way to each place of a document; of a list, to its first two."""
    yield ()
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, each in inner:
        yield from ((name, *rest) for rest in places(each))


def spoilt(value: Json, place: tuple[str | int, ...], bad: Json) -> Json:
    """The document with `bad` in this place."""
    if not place:
        return bad
    copy: Json = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = spoilt(value[place[0]], place[1:], bad)
    return copy


def spoilt_examples(family: str) -> Iterator[bytes]:
    """Every place of every example meets two of the nasty values; like places meet others elsewhere."""
    turn = cycle(NASTY)
    for document in examples(family):
        for place in places(document):
            yield from (json.dumps(spoilt(document, place, bad)).encode() for bad in (next(turn), next(turn)))
        next(turn)


def read_all(api: Api, order: Order, answer: Answer) -> None:
    """Read an answer as that of a submission, of a step of it, of an upload, of a query, and as a stream."""
    with suppress(Refused, UnknownOutcome):
        found = api.read_submit(answer, order)
        if isinstance(found, Step):
            found = found.read(answer)
        assert isinstance(found, Observation | Step)
    if api.image_host:
        with suppress(Refused, UnknownOutcome):
            assert is_url(api.image_host.read(answer))
    with suppress(Unreadable):
        assert isinstance(api.read_query(answer), Observation)
    if api.mode is Mode.STREAM:
        with suppress(Refused, UnknownOutcome):
            assert all(isinstance(each, Observation) for each in api.read_stream(iter([answer.body])))


@each_api
def test_an_example_answer_with_anything_in_any_place_is_read_or_refused(family: str, name: str) -> None:
    api, order = provider(family).apis[name], order_of(family, name)
    bodies = list(spoilt_examples(family))
    assert bodies
    for body in bodies:
        read_all(api, order, Answer(200, body))


@each_api
@settings(deadline=None, max_examples=30, derandomize=True, database=None)
@given(st.sampled_from(STATUSES), st.sampled_from(RAW) | st.binary(max_size=200), st.text(max_size=20))
def test_bytes_of_any_kind_are_read_or_refused(family: str, name: str, status: int, body: bytes, wait: str) -> None:
    read_all(provider(family).apis[name], order_of(family, name), Answer(status, body, {"retry-after": wait}))


@pytest.mark.parametrize("family", sorted({family for family, _ in APIS}))
@settings(deadline=None, max_examples=30, derandomize=True, database=None)
@given(st.sampled_from(RAW) | st.binary(max_size=200), st.dictionaries(st.text(max_size=9), st.text(), max_size=2))
def test_a_callback_of_any_bytes_names_a_job_or_is_refused(family: str, body: bytes, headers: dict[str, str]) -> None:
    for key in (None, "example-hmac"):
        with suppress(BadInput, Forbidden):
            found = provider(family).read_callback(Inbound("POST", "/", headers, {}, {}, body), 1_767_225_600, key)
            assert found is None or isinstance(found, str)
    with pytest.raises((BadInput, Forbidden)):
        provider(family).read_event(Inbound("POST", "/", headers, {}, {}, body), 1_767_225_600, "example-hmac")
