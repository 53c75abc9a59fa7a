"""new-api's system group: what an account's owner sends and reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.families.dialect import Session, Told
from relay.families.newapi.dialect import DIALECT
from relay.families.newapi.system import read, write
from relay.families.newapi.system.words import left_in_quota, nanos_of, used_in_quota
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.errors import BadInput, Contended, Internal, InvalidParameter, NoKey, RelayError
from relay.nouns.keys import KeyListing, KeyPage, KeyStatus, KeyTerms, ListedKey
from relay.nouns.wire import Inbound, Json
from tests.axes import table
from tests.speaking import CATALOG, NOW

USD = CATALOG.usd
FORM: dict[str, Json] = {  # as new-api's own pages send it
    "name": "my app",
    "remain_quota": 500_000,
    "expired_time": -1,
    "unlimited_quota": False,
    "model_limits_enabled": True,
    "model_limits": "gpt-4o-mini,sora-2",
    "cross_group_retry": False,
    "allow_ips": "",
    "group": "",
}
KEY = ListedKey(
    "0000002a",
    "my app",
    "sk-abcd",
    KeyStatus.ACTIVE,
    NOW,
    terms=KeyTerms(dialects=("newapi",), models=("gpt-4o-mini",), read_only=True),
    used=nanos_of(7, USD),
    left=nanos_of(500, USD) + 1,
    account_id="00000000ff",
)


def sent(body: Mapping[str, Json], path: str = "/api/token/", **query: str) -> Inbound:
    return Inbound("POST", path, body=json.dumps(body).encode(), query=query)


def changed(body: Mapping[str, Json], before: ListedKey = KEY) -> ListedKey:
    wanted = read.read_change(sent({"id": 42, **body}), CATALOG)
    assert wanted.key_id == before.key_id
    return wanted.change(before)


def shown(key: ListedKey, now: int = NOW) -> dict[str, Any]:
    document = json.loads(write.write_token(Told(key, now, catalog=CATALOG)).body)
    assert (document["success"], document["message"]) == (True, "")
    found: dict[str, Any] = document["data"]
    return found


def test_a_token_is_asked_for_as_the_pages_of_new_api_send_it() -> None:
    wanted = read.read_token(sent(FORM), CATALOG)
    assert (wanted.name, wanted.tier, wanted.budget) == ("my app", "", int(USD * 10**9))
    assert wanted.terms == KeyTerms(models=("gpt-4o-mini", "sora-2"))
    free = read.read_token(sent({"name": "x", "unlimited_quota": True, "expired_time": 1_800_000_000}), CATALOG)
    assert (free.budget, free.terms) == (None, KeyTerms(expires_at=1_800_000_000_000))


@table(
    "field, body",
    [
        ("name", {"name": None}),
        ("name", {"name": "x" * 51}),
        ("name", {"name": " "}),
        ("name", {"name": "a\nb"}),
        ("expired_time", {"expired_time": 0}),
        ("expired_time", {"expired_time": -2}),
        ("expired_time", {"expired_time": 1_767_225_600_000}),
        ("expired_time", {"expired_time": True}),
        ("expired_time", {"expired_time": "-1"}),
        ("remain_quota", {"remain_quota": None}),
        ("remain_quota", {"remain_quota": -1}),
        ("remain_quota", {"remain_quota": 1.5}),
        ("remain_quota", {"remain_quota": True}),
        ("remain_quota", {"remain_quota": 10**30}),
        ("unlimited_quota", {"unlimited_quota": 1}),
        ("model_limits", {"model_limits": "gpt-4o-mini,no-such-model"}),
        ("model_limits", {"model_limits": " , "}),
        ("model_limits", {"model_limits": ["gpt-4o-mini"]}),
        ("model_limits", {"model_limits": "x" * 20_001}),
        ("model_limits_enabled", {"model_limits_enabled": "yes"}),
        ("allow_ips", {"allow_ips": "192.0.2.1"}),
        ("allow_ips", {"allow_ips": ["192.0.2.1"]}),
        ("group", {"group": 1}),
    ],
)
def test_what_no_token_can_be_is_refused_by_its_field(field: str, body: dict[str, Json]) -> None:
    with pytest.raises(BadInput) as refused:
        read.read_token(sent({**FORM, **body}), CATALOG)
    assert refused.value.field == field
    assert refused.value.tell("en").isascii()


def test_a_change_leaves_what_it_does_not_name() -> None:
    assert changed({}) == KEY
    assert changed({"name": "renamed"}) == replace(KEY, name="renamed")
    assert changed({"expired_time": 1_900_000_000}).terms == replace(KEY.terms, expires_at=1_900_000_000_000)
    assert changed({"model_limits_enabled": False}).terms == replace(KEY.terms, models=())
    assert changed({"model_limits": "sora-2"}).terms == replace(KEY.terms, models=("sora-2",))
    assert changed({"unlimited_quota": True}).left is None
    assert changed({"remain_quota": 3}).left == nanos_of(3, USD)


def test_a_token_that_is_sent_back_as_it_was_shown_stays_as_it_is() -> None:
    ended = replace(KEY, terms=replace(KEY.terms, expires_at=NOW + 500))
    for key in (KEY, ended, replace(KEY, left=None), replace(KEY, terms=KeyTerms())):
        assert changed(shown(key), key) == key


@table("body", [{"status": 3}, {"status": 0}, {"status": True}, {"status": "2"}, {}, {"status": 1.0}])
def test_a_status_is_enabled_or_disabled(body: dict[str, Json]) -> None:
    with pytest.raises(BadInput) as refused:
        read.read_change(sent({"id": 42, **body}, status_only="1"), CATALOG)
    assert refused.value.field == "status"


def test_a_change_of_the_status_alone_changes_nothing_else() -> None:
    body = {"id": 42, "status": 2, "name": "other", "remain_quota": 0}
    assert read.read_change(sent(body, status_only="1"), CATALOG).change(KEY) == replace(KEY, status=KeyStatus.DISABLED)
    assert changed({"status": 2}) == KEY


def test_a_budget_is_named_where_there_is_to_be_one() -> None:
    with pytest.raises(BadInput) as refused:
        changed({"unlimited_quota": False}, replace(KEY, left=None))
    assert refused.value.field == "remain_quota"


@table("said", ["-1", "x", "4294967296", "1" * 30, "1.0", " 1", "\u0661", "%00", "0x2a"])
def test_what_is_no_tokens_number_is_no_token(said: str) -> None:
    with pytest.raises(NoSuchKey):
        read.read_id(Inbound("GET", "/api/token/x", params={"id": said}), CATALOG)


@table("number", [-1, 1 << 32, 10**30])
def test_a_number_beyond_all_tokens_is_no_token(number: int) -> None:
    with pytest.raises(NoSuchKey):
        read.read_change(sent({"id": number}), CATALOG)


@table(
    "query, asked",
    [
        ({}, KeyListing(1, 10)),
        ({"p": "0", "size": "100"}, KeyListing(1, 100)),
        ({"p": "3", "page_size": "5"}, KeyListing(3, 5)),
        ({"size": "999999999"}, KeyListing(1, 100)),
        ({"size": "0"}, KeyListing(1, 1)),
    ],
)
def test_a_page_is_within_bounds(query: dict[str, str], asked: KeyListing) -> None:
    assert read.read_page(Inbound("GET", "/api/token/", query=query), CATALOG) == asked


@table("name, text", [("p", "-1"), ("p", "x"), ("size", "1e3"), ("p", "1" * 10), ("page_size", "\u0661")])
def test_a_page_is_a_number(name: str, text: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        read.read_page(Inbound("GET", "/api/token/", query={name: text}), CATALOG)
    assert refused.value.field == name


@table(
    "headers, session",
    [
        ({"authorization": "at-EXAMPLE", "new-api-user": "7"}, Session("at-EXAMPLE", "7")),
        ({"authorization": "bearer  at-EXAMPLE ", "new-api-user": " 7 "}, Session("at-EXAMPLE", "7")),
        ({"authorization": "at-EXAMPLE"}, None),
        ({"authorization": "at-EXAMPLE", "new-api-user": " "}, None),
        ({"new-api-user": "7"}, None),
        ({"authorization": "Basic YTpi", "new-api-user": "7"}, None),
        ({"authorization": "Bearer", "new-api-user": "7"}, None),
        ({"x-api-key": "at-EXAMPLE", "new-api-user": "7"}, None),
    ],
)
def test_an_owner_is_an_access_token_and_a_number(headers: dict[str, str], session: Session | None) -> None:
    inbound = Inbound("GET", "/api/user/self", headers=headers)
    if session:
        assert DIALECT.read_session(inbound) == session
        return
    with pytest.raises(NoKey):
        DIALECT.read_session(inbound)


def test_a_token_is_shown_masked_in_its_unit_and_under_the_dialects_names() -> None:
    assert shown(KEY) == {
        "id": 42,
        "user_id": 255,
        "key": "abcd**********",
        "status": 1,
        "name": "my app",
        "created_time": NOW // 1000,
        "accessed_time": NOW // 1000,
        "expired_time": -1,
        "remain_quota": 500,
        "used_quota": 7,
        "unlimited_quota": False,
        "model_limits_enabled": True,
        "model_limits": "gpt-4o-mini",
        "allow_ips": "",
        "group": "",
    }
    assert shown(replace(KEY, left=None))["remain_quota"] == 0


def test_a_status_says_why_a_token_cannot_be_used() -> None:
    ended = replace(KEY, terms=KeyTerms(expires_at=NOW))
    cases = {
        2: replace(ended, status=KeyStatus.DISABLED, left=0),
        3: replace(ended, left=0),
        4: replace(KEY, left=nanos_of(1, USD) - 1),
        1: replace(KEY, left=nanos_of(1, USD)),
    }
    assert {number: shown(key)["status"] for number, key in cases.items()} == {number: number for number in cases}


def test_a_key_is_read_without_the_prefix_that_clients_put_before_it_and_kept_by_nobody() -> None:
    reply = write.write_key(Told("sk-EXAMPLE", NOW))
    assert json.loads(reply.body) == {"success": True, "message": "", "data": {"key": "EXAMPLE"}}
    assert reply.headers["cache-control"] == "no-store"


def test_a_page_says_which_it_is_and_a_search_is_a_list() -> None:
    page = KeyPage(KeyListing(2, 1), [KEY], 3)
    document = json.loads(write.write_page(Told(page, NOW, catalog=CATALOG)).body)["data"]
    assert document == {"page": 2, "page_size": 1, "total": 3, "items": [shown(KEY)]}
    assert json.loads(write.write_search(Told(page, NOW, catalog=CATALOG)).body)["data"] == [shown(KEY)]


def test_what_a_key_asks_of_itself_says_code_where_others_say_success() -> None:
    document = json.loads(write.write_usage(Told(KEY, NOW, catalog=CATALOG)).body)
    assert document == {
        "code": True,
        "message": "ok",
        "data": {
            "object": "token_usage",
            "name": "my app",
            "total_granted": 507,
            "total_used": 7,
            "total_available": 500,
            "unlimited_quota": False,
            "model_limits": {"gpt-4o-mini": True},
            "model_limits_enabled": True,
            "expires_at": 0,
        },
    }


@table(
    "error, status",
    [(NoKey(), 200), (NoSuchKey(), 200), (InvalidParameter("p", "x", "x"), 200), (Contended(), 429), (Internal(), 500)],
)
def test_a_refusal_is_a_200_but_not_what_may_be_tried_again_or_is_our_fault(error: RelayError, status: int) -> None:
    reply = DIALECT.error_at("/api/token/7")(error, "trace")
    document = json.loads(reply.body)
    assert (reply.status, document.keys(), document["success"]) == (status, {"success", "message", "data"}, False)
    assert reply.headers == error.headers


@given(st.integers(0, 10**18), st.integers(0, 10**15), st.decimals("0.01", "1000", places=4, allow_nan=False))
def test_what_was_granted_is_what_is_left_and_what_was_used(spent: int, granted: int, usd: Decimal) -> None:
    assert left_in_quota(nanos_of(granted, usd), usd) == granted
    whole = nanos_of(granted, usd)
    spent = min(spent, whole)
    left = left_in_quota(whole - spent, usd)
    assert left * usd * 10**9 <= (whole - spent) * 500_000
    assert 0 <= left + used_in_quota(spent, usd) - granted <= 1
