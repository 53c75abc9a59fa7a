"""What every route of every dialect refuses: in the route's own words, with nothing stored, sent or charged."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.stripe import Api
from relay.families import dialect, dialect_at
from relay.families.dialect import AnyRoute, Auth, no_body
from relay.families.uses import CANCEL, CREATE, CREATE_RECORD, HIDE, INFER, QUERY, RECORD, RECORD_FACTS
from relay.nouns.money import nanos
from relay.nouns.wire import Json
from tests.contract.clients import UNKNOWN, asks_of, creations_of, filled, pointed, shape_at
from tests.functional.harness import Harness, open_account, simulated
from tests.functional.paying import taking_cards
from tests.functional.refusals import stored_state
from tests.speaking import SPOKEN

CREATES, OF_ONE = (CREATE, CREATE_RECORD), (QUERY, RECORD, RECORD_FACTS, CANCEL, HIDE)
EMPTY, FROZEN = "sk-EXAMPLE-empty", "sk-EXAMPLE-frozen"
LONG = 10**4000  # an integer that JSON and Python can just spell
NASTY: tuple[Json, ...] = (10**30, -1, "", [], {}, [{}], True, "\u0000", "x" * 3000, {"id": 7})
FAULTS = (500, 502, 503, 504)  # 501 is a word of new-api's for what is not sold
HOSTILE = {
    "no JSON": b"prompt=a+cat",
    "half a document": b'{"prompt": "a cat"',
    "a list": b'[{"prompt": "a cat"}]',
    "a number": b"7",
    "null": b"null",
    "nested too deep": b'{"prompt": "a cat", "x": ' + b"[" * 200 + b"]" * 200 + b"}",
    "nested beyond any stack": b'{"prompt": "a cat", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "not UTF-8": b'{"prompt": "\xff\xfe"}',
    "half a surrogate pair": b'{"prompt": "\\ud800"}',
    "an endless number": b'{"prompt": 1e999}',
    "a very long number": b'{"prompt": ' + b"9" * 6000 + b"}",
    "NaN": b'{"prompt": NaN}',
}
spoken = pytest.mark.parametrize("family", SPOKEN)


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with simulated() as made:
        for key, balance in ((EMPTY, "0"), (FROZEN, "9")):
            open_account(made, key, key, balance, 3)
        made.services.store.accounts.change(FROZEN, status="frozen")
        made.services = taking_cards(made.services, Api(lambda: made.now[0] / 1000))
        yield made


def path_of(family: str, route: AnyRoute) -> str:
    """A path the route takes: a creation's where there is one, else with words of no meaning."""
    made = (path for path, each in creations_of(family).items() if each.route == route.path)
    asked = (ask.path for ask in asks_of(family) if (ask.method, ask.route) == (route.method, route.path))
    path = next(made, None) or next(asked, None) or re.sub(r"\{\w+\}", "kling", route.path)
    return path.replace("$id", UNKNOWN)


def served(family: str) -> list[AnyRoute]:
    """The family's routes but for what the stream endpoint alone serves: model calls, and routes at another's path."""
    own = [route for route in dialect(family).routes if dialect_at(route.path) is dialect(family)]
    return [route for route in own if route.use is not INFER]


def asking(here: Harness, route: AnyRoute) -> dict[str, Any]:
    """How to ask at a route as somebody it is open to."""
    number = {"new-api-user": str(int(here.account_id, 16))}
    return {"key": here.session(), "headers": number} if route.auth is Auth.SESSION else {"headers": {}}


def wrong(here: Harness, family: str, method: str, path: str, errors: tuple[str, ...], **how: Any) -> list[str]:
    """What is not right about the refusal of a request that has to be refused for one of these reasons."""
    status, document, headers = here.exchange(method, path, **how)
    told = f"{method} {path} {str(how)[:120]}: {status} {str(document)[:200]}"
    for error in errors:
        shape = shape_at(family, path, error)
        if not isinstance(document, dict) or document.keys() != shape.members:
            continue
        said = str(pointed(document, shape.message))
        words = re.search("[\u4e00-\u9fff]", said) if dialect(family).language == "zh" else said.isascii() and said
        if (status, pointed(document, shape.code)) == shape.says[error] and words:
            return [] if status != 429 or error != "RATE_LIMIT_EXCEEDED" or headers["retry-after"].isdigit() else [told]
    return [told]


def places(document: Json, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a value stands in a document, however deep."""
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in inside:
        yield (*at, name)
        yield from places(value, (*at, name))


def changed(document: Json, place: tuple[str | int, ...], value: Json) -> Json:
    """The document with another value at a place."""
    if not place:
        return value
    copy: Any = document.copy() if isinstance(document, dict | list) else {}
    copy[place[0]] = changed(copy[place[0]], place[1:], value)
    return copy


@spoken
def test_every_route_has_an_example_of_what_is_asked_there(family: str) -> None:
    routes = served(family)
    made = {each.route for each in creations_of(family).values()}
    asked = {(each.method, each.route) for each in asks_of(family)}
    assert {each.path for each in routes if each.use in CREATES} == made
    assert {(each.method, each.path) for each in routes if each.use in OF_ONE} == asked


@spoken
def test_a_body_that_is_no_request_is_refused_at_every_route(here: Harness, family: str) -> None:
    taken = {id(route): asking(here, route) for route in served(family)}
    bad, before = list[str](), stored_state(here)
    for route in served(family):
        if route.method != "POST" or route.read is no_body:
            continue
        path, errors, how = path_of(family, route), ("INVALID_PARAMETER", "MISSING_REQUIRED_FIELD"), taken[id(route)]
        for raw in HOSTILE.values():
            bad += wrong(here, family, "POST", path, errors, raw=raw, **how)
        for kind in ("text/plain", "multipart/form-data", "x"):
            headers = {**how["headers"], "content-type": kind}
            bad += wrong(
                here, family, "POST", path, errors, **how | {"raw": b'{"prompt": "a cat"}', "headers": headers}
            )
        status, _ = here.post(path, raw=b"", **how)
        bad += [f"{path} {status}"] if status >= 500 else []
        if route.use in CREATES:
            bad += wrong(here, family, "POST", path, errors, raw=b"")
    assert bad == []
    assert stored_state(here) == before


@spoken
def test_a_field_of_any_value_is_no_fault_of_ours(here: Harness, family: str) -> None:
    bad = list[str]()
    for path, each in creations_of(family).items():
        body = filled(each.body, id=UNKNOWN, button="MJ::JOB::upsample::1::x")
        for place in places(body):
            for value in NASTY:
                raw = json.dumps(changed(body, place, value)).encode()
                status, document = here.post(path.replace("$id", UNKNOWN), raw=raw)
                bad += [f"{path} {place}={str(value)[:30]} {status} {document}"] if status in FAULTS else []
    assert bad == []


@spoken
def test_a_number_of_thousands_of_digits_is_refused_at_every_place(here: Harness, family: str) -> None:
    bad, before = list[str](), stored_state(here)
    for path, each in creations_of(family).items():
        body = filled(each.body, id=UNKNOWN, button="MJ::JOB::upsample::1::x")
        for place in places(body):
            raw = json.dumps(changed(body, place, LONG)).encode()
            status, document = here.post(path.replace("$id", UNKNOWN), raw=raw)
            named = str(place[0]) in json.dumps(document)
            bad += [] if named and status not in FAULTS else [f"{path} {place} {status} {str(document)[:200]}"]
    assert bad == []
    assert stored_state(here) == before


@spoken
def test_a_key_nobody_has_and_no_key_are_refused_at_every_route(here: Harness, family: str) -> None:
    bad, before = list[str](), stored_state(here)
    for route in served(family):
        if route.auth is Auth.OPEN:
            continue
        path = path_of(family, route)
        owned = route.auth is Auth.SESSION
        unknown, none = ("INVALID_SESSION", "NO_SESSION") if owned else ("INVALID_TOKEN", "UNAUTHORIZED")
        bad += wrong(here, family, route.method, path, (unknown,), key="sk-EXAMPLE-nobody")
        bad += wrong(here, family, route.method, path, (none,), key=None)
    assert bad == []
    assert stored_state(here) == before


@spoken
def test_a_method_no_route_has_is_refused_and_told_which_would_do(here: Harness, family: str) -> None:
    bad = list[str]()
    for route in served(family):
        bad += wrong(here, family, "PATCH", path_of(family, route), ("NOT_FOUND",))
        allowed = here.exchange("PATCH", path_of(family, route))[2]["allow"].split(", ")
        assert allowed.count(route.method) == 1
    assert bad == []


@spoken
def test_a_task_that_is_not_there_is_said_so_at_every_route(here: Harness, family: str) -> None:
    bad, before = list[str](), stored_state(here)
    for ask in asks_of(family):
        method, path, body = ask.about(UNKNOWN)
        bad += wrong(here, family, method, path, ("TASK_NOT_FOUND",), body=body)
    assert bad == []
    assert stored_state(here) == before


@spoken
def test_who_has_no_money_or_is_frozen_makes_nothing_at_any_route(here: Harness, family: str) -> None:
    bad, before = list[str](), stored_state(here)
    for path, each in creations_of(family).items():
        if not each.after:
            bad += wrong(here, family, "POST", path, ("INSUFFICIENT_BALANCE",), body=each.body, key=EMPTY)
            bad += wrong(here, family, "POST", path, ("ACCOUNT_FROZEN",), body=each.body, key=FROZEN)
    assert bad == []
    assert stored_state(here) == before


@pytest.fixture
def hurried(here: Harness) -> Iterator[Harness]:
    """A relay with money for anything that takes no creation, and one read a minute."""
    whole = here.services
    tiers = {3: replace(whole.catalog.tiers[3], per_minute=0, reads_per_minute=1)}
    here.services = replace(whole, catalog=replace(whole.catalog, tiers=tiers))
    here.__post_init__()  # containers that have seen nobody
    yield here
    here.services = whole
    here.__post_init__()


@spoken
def test_who_asks_too_often_is_told_when_to_come_back(hurried: Harness, family: str) -> None:
    bad = list[str]()
    hurried.services.store.accounts.top_up(hurried.account_id, f"top-up-{family}", nanos("1000"), hurried.now[0])
    before = stored_state(hurried)
    for path, each in creations_of(family).items():
        if not each.after:
            bad += wrong(hurried, family, "POST", path, ("RATE_LIMIT_EXCEEDED",), body=each.body)
    assert stored_state(hurried) == before
    for route in served(family):
        if route.use.counted and route.auth is Auth.KEY:
            path, key = path_of(family, route), f"sk-EXAMPLE-{uuid.uuid4()}"
            open_account(hurried, key, key, "0", 3)
            hurried.exchange(route.method, path, key=key)
            bad += wrong(hurried, family, route.method, path, ("RATE_LIMIT_EXCEEDED",), key=key)
    assert bad == []
