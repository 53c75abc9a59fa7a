"""A developer's keys through AI Hub's dialect: shown once, bound, listed, revoked, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from relay.flow.own_keys import MADE_A_DAY
from relay.nouns.signing import key_digest
from tests.functional.harness import KEY, SECRETS, START, Harness, harness
from tests.functional.refusals import stored_state
from tests.functional.test_sessions import logged_in

KEYS = "/api/v1/developer/keys/keys"
MODELS = ("GET", "/api/v1/chat/models")
UNTIL = "2026-01-01T00:30:00Z"


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        made.switch_on("kie", "newapi")
        yield made


@pytest.fixture
def token(here: Harness, request: pytest.FixtureRequest) -> str:
    here.now[0] = START
    return str(logged_in(here, f"{abs(hash(request.node.name))}@example.com")["access_token"])


def add(here: Harness, token: str, **fields: object) -> Any:
    status, told = here.post(KEYS, {"name": "an app", **fields}, key=token)
    assert status == 201, told
    return told["data"]


def listed(here: Harness, token: str) -> list[Mapping[str, Any]]:
    status, told = here.request("GET", KEYS, key=token)
    assert status == 200, told
    return list(told["data"])


def test_a_key_is_shown_once_and_works_in_every_family(here: Harness, token: str) -> None:
    made = add(here, token)
    assert made["key"].startswith(made["key_prefix"])
    (row,) = listed(here, token)
    assert row == {name: value for name, value in made.items() if name != "key"}
    assert made["key"] not in repr(stored_state(here))
    for path in (MODELS, ("GET", "/v1/models"), ("GET", "/api/v1/chat/credit"), ("POST", "/api/account/balance")):
        assert here.request(*path, key=made["key"])[0] == 200


def test_all_three_ways_to_send_a_key_open_the_same_account(here: Harness, token: str) -> None:
    key = add(here, token)["key"]
    assert here.request(*MODELS, key=None, headers={"x-api-key": key})[0] == 200
    assert here.request("GET", f"{MODELS[1]}?api_key={key}", key=None)[0] == 200
    assert here.request(*MODELS, key=None, headers={"authorization": "Bearer wrong-key-1", "x-api-key": key})[0] == 401


def test_the_terms_of_a_key_are_kept_as_they_were_asked_for(here: Harness, token: str) -> None:
    terms = {"allowed_models": ["gpt-4o-mini"], "rate_limit_per_minute": 5, "expires_at": UNTIL}
    ours = {"allowed_dialects": ["aihub"], "read_only": True}
    made = add(here, token, **terms, **ours)
    assert {name: made[name] for name in (*terms, *ours)} == {**terms, **ours}
    here.now[0] += 1_800_000
    assert listed(here, token)[0]["status"] == "expired"
    assert here.request(*MODELS, key=made["key"])[0] == 401


def test_a_revoked_key_stays_listed_and_opens_nothing(here: Harness, token: str) -> None:
    made = add(here, token)
    for _ in range(2):
        status, told = here.request("DELETE", f"{KEYS}/{made['id']}", key=token)
        assert (status, told.get("data", {}).get("status")) in ((200, "revoked"), (404, None))
    assert [each["status"] for each in listed(here, token)] == ["revoked"]
    assert here.request(*MODELS, key=made["key"])[0] == 401


def test_an_account_has_as_many_keys_as_its_tier_allows(here: Harness, token: str) -> None:
    most = here.services.catalog.tiers[1].max_keys
    for _ in range(most):
        add(here, token)
    status, told = here.post(KEYS, {"name": "one more"}, key=token)
    assert (status, told["error"]["code"]) == (403, "max_keys_reached")
    assert len(listed(here, token)) == most


def test_keys_are_not_made_and_revoked_without_end(here: Harness, token: str) -> None:
    for _ in range(MADE_A_DAY):
        assert here.request("DELETE", f"{KEYS}/{add(here, token)['id']}", key=token)[0] == 200
    status, told, headers = here.exchange("POST", KEYS, {"name": "one more"}, key=token)
    assert (status, told["error"]["code"]) == (429, "rate_limit_exceeded")
    assert headers["retry-after"] == str(86_400 - 30)


def test_another_developers_key_is_as_unknown_as_one_that_never_was(here: Harness, token: str) -> None:
    mine, stranger = add(here, token), logged_in(here, f"stranger-of-{token[-8:].lower()}@example.com")["access_token"]
    refused = [here.request("DELETE", f"{KEYS}/{key_id}", key=stranger) for key_id in (mine["id"], "ffffffff")]
    assert refused[0] == refused[1]
    assert (refused[0][0], refused[0][1]["error"]["code"]) == (404, "not_found")
    assert here.request(*MODELS, key=mine["key"])[0] == 200


BAD: tuple[tuple[str, object], ...] = (
    ("name", None),
    ("name", ""),
    ("name", "\u0000"),
    ("name", 7),
    ("name", "x" * 101),
    ("allowed_models", "gpt-4o-mini"),
    ("allowed_models[0]", ["no-such-model"]),
    ("allowed_dialects[0]", ["nobody"]),
    ("rate_limit_per_minute", 0),
    ("rate_limit_per_minute", -1),
    ("rate_limit_per_minute", 1.5),
    ("rate_limit_per_minute", True),
    ("expires_at", "tomorrow"),
    ("expires_at", "2027-01-31T00:00:00"),
    ("expires_at", "0001-01-01T00:00:00+14:00"),
    ("expires_at", "9999-12-31T23:59:59-14:00"),
    ("expires_at", 1_767_225_600),
    ("spend_limit_usd", 0),
    ("spend_limit_usd", -5),
    ("spend_limit_usd", "10"),
    ("read_only", "yes"),
)


@pytest.mark.parametrize(("field", "value"), BAD, ids=[f"{field}-{number}" for number, (field, _) in enumerate(BAD)])
def test_what_is_wrong_with_a_wanted_key_is_named(here: Harness, token: str, field: str, value: object) -> None:
    before = stored_state(here)
    status, told = here.post(KEYS, {"name": "an app", field.partition("[")[0]: value}, key=token)
    assert (status, told["error"]["details"]["field"]) == (400, field)
    assert stored_state(here) == before


def test_an_api_key_manages_no_keys_and_a_session_buys_nothing(here: Harness, token: str) -> None:
    for method in ("GET", "POST"):
        assert here.request(method, KEYS, {"name": "an app"} if method == "POST" else None, key=KEY)[0] == 401
    assert here.request(*MODELS, key=token)[0] == 401


def test_a_frozen_account_makes_no_key_and_can_revoke_one(here: Harness, token: str) -> None:
    made = add(here, token)
    row = here.services.store.keys.find(key_digest(SECRETS["key-pepper"].encode(), made["key"]))
    assert row is not None
    here.services.store.accounts.change(row.account_id, status="frozen")
    status, told = here.post(KEYS, {"name": "one more"}, key=token)
    assert (status, told["error"]["code"]) == (403, "account_frozen")
    assert here.request("DELETE", f"{KEYS}/{made['id']}", key=token)[0] == 200
