"""An account's owner manages keys as new-api's users do, beside whatever else holds of accounts and keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow.access import REMEMBERED
from relay.flow.accounts import Accounts
from relay.nouns.keys import KeyKind, KeyRequest, KeyStatus, KeyTerms
from relay.nouns.money import nanos
from relay.nouns.wire import Json
from tests.functional.harness import KEY, Harness, harness
from tests.functional.refusals import stored_state
from tests.functional.scenarios_developers import AUTH

TOKENS = "/api/token/"
FORM: dict[str, Json] = {
    "name": "my app",
    "remain_quota": 5_000_000,
    "expired_time": -1,
    "unlimited_quota": False,
    "model_limits_enabled": False,
    "model_limits": "",
    "cross_group_retry": False,
    "allow_ips": "",
    "group": "",
}
NASTY: tuple[Json, ...] = (10**30, -1, 1.5, "\u0000", "x" * 3000, [{}], True, None)


class Owner:
    """An account with an access token, as new-api's pages ask for it."""

    def __init__(self, here: Harness, *, tier: int = 3, money: str = "100") -> None:
        accounts = Accounts.of(here.services)
        self.here, self.account_id = here, accounts.open("an owner", tier)
        if nanos(money):
            accounts.top_up(self.account_id, nanos(money), "a payment")
        wanted = KeyRequest("pages")
        self.access = accounts.add_key(self.account_id, wanted, kind=KeyKind.ACCESS).api_key
        self.number = str(int(self.account_id, 16))

    def ask(self, method: str, path: str, body: Json = None, **how: Any) -> tuple[int, Any]:
        headers = {"authorization": how.pop("token", self.access), "new-api-user": how.pop("user", self.number)}
        headers = {name: said for name, said in headers.items() if said}
        return self.here.request(method, path, body, key=None, headers=headers, **how)

    def well(self, method: str, path: str, body: Json = None) -> Any:
        status, document = self.ask(method, path, body)
        assert (status, document["success"], document["message"]) == (200, True, ""), document
        return document.get("data")

    def refused(self, method: str, path: str, body: Json = None, **how: Any) -> str:
        status, document = self.ask(method, path, body, **how)
        assert (status, document["success"], document["data"]) == (200, False, None), document
        return str(document["message"])

    def add(self, **fields: Json) -> int:
        self.here.wait(0.001)  # the newest token is listed first
        assert self.well("POST", TOKENS, {**FORM, **fields}) is None
        number: int = self.well("GET", TOKENS)["items"][0]["id"]
        return number

    def key(self, number: int) -> str:
        return "sk-" + str(self.well("POST", f"{TOKENS}{number}/key")["key"])


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        made.switch_on("newapi", "kie", "aistudio")
        yield made


@pytest.fixture
def owner(here: Harness) -> Owner:
    here.wait(1)
    return Owner(here)


def models(here: Harness, api_key: str) -> int:
    return here.request("GET", "/v1/models", key=api_key)[0]


def test_a_token_is_made_read_once_used_disabled_enabled_and_deleted(here: Harness, owner: Owner) -> None:
    number = owner.add(model_limits_enabled=True, model_limits="sora-2")
    api_key = owner.key(number)
    assert "shown already" in owner.refused("POST", f"{TOKENS}{number}/key")
    asked = {"model": "sora-2", "prompt": "a cat"}
    assert here.post("/v1/videos", asked, key=api_key)[0] == 200
    assert here.post("/v1/videos", {**asked, "model": "veo3"}, key=api_key)[0] in (400, 403)
    token = owner.well("GET", f"{TOKENS}{number}")
    assert (token["user_id"], token["status"], token["key"][:4]) == (int(owner.number), 1, api_key[3:7])
    assert token["used_quota"] > 0
    assert token["remain_quota"] + token["used_quota"] == FORM["remain_quota"]
    usage = here.request("GET", "/api/usage/token/", key=api_key)[1]["data"]
    assert (usage["total_granted"], usage["model_limits"]) == (FORM["remain_quota"], {"sora-2": True})

    off = owner.well("PUT", f"{TOKENS}?status_only=1", {"id": number, "status": 2})
    assert (off["status"], off["used_quota"]) == (2, token["used_quota"])
    here.wait(REMEMBERED / 1000 + 1)
    assert models(here, api_key) == 401
    assert owner.well("PUT", f"{TOKENS}?status_only=1", {"id": number, "status": 1})["status"] == 1
    assert models(here, api_key) == 200

    owner.well("DELETE", f"{TOKENS}{number}/")  # as new-api's pages send it
    here.wait(REMEMBERED / 1000 + 1)
    assert models(here, api_key) == 401
    assert owner.well("GET", TOKENS)["total"] == 0
    for method, path in (("DELETE", ""), ("GET", ""), ("POST", "/key")):
        assert owner.refused(method, f"{TOKENS}{number}{path}") == "no such key"


def test_a_budget_is_what_the_owner_says_last(here: Harness, owner: Owner) -> None:
    number = owner.add(remain_quota=0)
    api_key = owner.key(number)
    asked = {"model": "sora-2", "prompt": "a cat"}
    assert owner.well("GET", f"{TOKENS}{number}")["status"] == 4
    status, document = here.post("/v1/videos", asked, key=api_key)
    assert (status, document["error"]["code"]) == (403, "quota_not_enough")
    assert owner.well("PUT", TOKENS, {"id": number, "remain_quota": 5_000_000})["status"] == 1
    assert here.post("/v1/videos", asked, key=api_key)[0] == 200
    assert owner.well("PUT", TOKENS, {"id": number, "unlimited_quota": True})["unlimited_quota"] is True
    assert owner.well("GET", f"{TOKENS}{number}")["remain_quota"] == 0
    here.run(5)


def test_an_account_is_told_as_its_owner_knows_it(here: Harness, owner: Owner) -> None:
    assert here.post("/v1/videos", {"prompt": "a cat"}, key=owner.key(owner.add()))[0] == 200
    told = owner.well("GET", "/api/user/self")
    spent = told.pop("used_quota")
    assert spent > 0
    assert told == {
        "id": int(owner.number),
        "username": "an owner",
        "display_name": "an owner",
        "role": 1,
        "status": 1,
        "email": "",
        "group": here.services.catalog.tiers[3].name,
        "quota": int(100 * 500_000 / here.services.catalog.usd) - spent,
        "request_count": 1,
    }
    listed = here.request("GET", "/v1/models", key=KEY)[1]["data"]
    assert owner.well("GET", "/api/user/models") == [each["id"] for each in listed]


def test_who_logs_in_to_ai_hub_may_manage_with_that_token_as_themselves_alone(here: Harness, owner: Owner) -> None:
    ann = {"email": "ann@example.com", "password": "example password"}
    assert here.post(f"{AUTH}/register", {**ann, "name": "Ann"}, key=None)[0] == 201
    data = here.post(f"{AUTH}/login", ann, key=None)[1]["data"]
    token, own = data["access_token"], str(int(data["developer"]["id"], 16))
    status, document = owner.ask("GET", "/api/user/self", token=f"Bearer {token}", user=own)
    assert (status, document["data"]["email"], document["data"]["username"]) == (200, ann["email"], ann["email"])
    owner.refused("GET", "/api/user/self", token=token)


def test_nobody_is_another_and_no_key_stands_for_an_access_token(here: Harness, owner: Owner) -> None:
    stranger, number = Owner(here), owner.add()
    api_key = owner.key(number)
    before = stored_state(here)
    for token, user in (
        (api_key, owner.number),
        (f"Bearer {api_key}", owner.number),
        (stranger.access, owner.number),
        (owner.access, stranger.number),
        (owner.access, ""),
        (owner.access, f"0{owner.number}"),
        (owner.access, f"+{owner.number}"),
        (owner.access, "\u0661"),
        (owner.access, owner.account_id),
        (owner.access[:-1], owner.number),
        ("", owner.number),
        ("at-", owner.number),
    ):
        owner.refused("GET", "/api/user/self", token=token, user=user)
        owner.refused("POST", TOKENS, FORM, token=token, user=user)
    for path in ("/v1/models", "/api/usage/token/"):
        assert here.request("GET", path, key=owner.access)[1] != here.request("GET", path, key=api_key)[1]
    assert here.request("GET", "/api/usage/token/", key=owner.access)[1]["success"] is False
    assert here.request("GET", "/api/v1/chat/models", key=owner.access)[0] == 401
    assert stored_state(here) == before


def test_a_revoked_access_token_is_out_at_once(here: Harness, owner: Owner) -> None:
    owner.well("GET", "/api/user/self")
    accounts = Accounts.of(here.services)
    row = accounts.find_key(owner.access)
    assert owner.well("GET", TOKENS)["total"] == 0  # it is no token
    number = int(row.key_id, 16)
    assert owner.refused("DELETE", f"{TOKENS}{number}") == "no such key"
    assert owner.refused("PUT", TOKENS, {"id": number, "name": "renamed"}) == "no such key"
    accounts.revoke_key(owner.account_id, row.key_id)
    owner.refused("GET", "/api/user/self")


@pytest.mark.parametrize("bound", [KeyTerms(read_only=True), KeyTerms(dialects=("kie",)), KeyTerms(expires_at=1)])
def test_an_access_token_does_what_its_terms_allow(here: Harness, owner: Owner, bound: KeyTerms) -> None:
    number, reads = owner.add(), bound.read_only
    wanted = KeyRequest("bound", bound)
    token = Accounts.of(here.services).add_key(owner.account_id, wanted, kind=KeyKind.ACCESS).api_key
    before = stored_state(here)
    assert owner.ask("GET", TOKENS, token=token)[1]["success"] is reads
    for method, path, body in (
        ("POST", TOKENS, FORM),
        ("PUT", TOKENS, {"id": number, "name": "renamed"}),
        ("POST", f"{TOKENS}{number}/key", None),
        ("DELETE", f"{TOKENS}{number}", None),
    ):
        owner.refused(method, path, body, token=token)
    assert stored_state(here) == before


def test_an_owner_who_asks_too_often_is_told_when_to_come_back(here: Harness) -> None:
    owner, whole = Owner(here), here.services
    tiers = {3: replace(whole.catalog.tiers[3], reads_per_minute=1)}
    here.services = replace(whole, catalog=replace(whole.catalog, tiers=tiers))
    here.__post_init__()  # containers that have seen nobody
    try:
        assert [owner.ask("GET", "/api/user/models")[0] for _ in range(2)] == [200, 429]
    finally:
        here.services = whole
        here.__post_init__()


def test_anothers_token_is_as_one_that_nobody_has(here: Harness, owner: Owner) -> None:
    stranger, number, unissued = Owner(here), owner.add(), owner.add()
    api_key = owner.key(number)
    before = stored_state(here)
    for each in (number, unissued):
        for method, path, body in (
            ("GET", f"{TOKENS}{each}", None),
            ("DELETE", f"{TOKENS}{each}", None),
            ("POST", f"{TOKENS}{each}/key", None),
            ("PUT", TOKENS, {**FORM, "id": each}),
            ("PUT", f"{TOKENS}?status_only=1", {"id": each, "status": 2}),
        ):
            said = stranger.refused(method, path, body)
            nobodys = {**body, "id": 1} if body else None
            assert said == stranger.refused(method, path.replace(str(each), "1"), nobodys) == "no such key"
    assert stranger.well("GET", f"{TOKENS}search?token={api_key}") == []
    assert stored_state(here) == before


def test_tokens_are_found_by_name_and_by_key_whatever_is_asked(here: Harness, owner: Owner) -> None:
    first = owner.add(name="Caf\u00e9 100%_*")
    here.wait(1)
    second = owner.add(name="other")
    api_key = owner.key(second)
    search = f"{TOKENS}search"

    def found(query: str) -> list[int]:
        return [each["id"] for each in owner.well("GET", f"{search}?{query}")]

    assert found("keyword=&token=") == [second, first]
    assert found("keyword=CAF%C3%89") == [first]
    assert found("keyword=%25_*") == [first]
    assert found(f"token={api_key}") == found(f"token={api_key[3:]}") == found(f"token={api_key[:7]}") == [second]
    for odd in ("%00", "%27%20OR%201=1--", "%F0%9F%98%80", ".*", "(", "%ED%A0%80", "x" * 500):
        assert found(f"keyword={odd}") == found(f"keyword=other&token=sk-{odd}") == []
    assert [each["id"] for each in owner.well("GET", f"{TOKENS}?p=2&size=1")["items"]] == [first]
    page = owner.well("GET", f"{search}?keyword=o&p=1&page_size=1")
    assert (page["total"], page["page_size"], [each["id"] for each in page["items"]]) == (1, 1, [second])
    assert "p must be" in owner.refused("GET", f"{TOKENS}?p=-1")


def test_a_token_with_a_field_of_any_value_is_made_or_refused(here: Harness, owner: Owner) -> None:
    number = owner.add()
    asked = [("PUT", TOKENS, name) for name in (*FORM, "id")] + [("POST", "/api/token", name) for name in FORM]
    asked += [("PUT", f"{TOKENS}?status_only=1", name) for name in ("id", "status")]
    for method, path, name in asked:
        for value in NASTY:
            status, document = owner.ask(method, path, {**FORM, "id": number, "status": 1, name: value})
            assert (status, type(document["success"])) == (200, bool)
    for raw in (b"", b"[]", b"null", b"{", b'{"id": 1e999}', b'{"id": "\\ud800"}', b"\xff", b'{"id": NaN}'):
        for method in ("PUT", "POST"):
            owner.refused(method, TOKENS, raw=raw)


def test_what_a_token_cannot_have_is_refused_by_its_field(here: Harness, owner: Owner) -> None:
    number, before = owner.add(), stored_state(here)
    own = here.services.catalog.tiers[3].name
    for fields in (
        {"expired_time": here.now[0] // 1000},
        {"group": "vip"},
        {"group": "auto"},
        {"allow_ips": "192.0.2.1"},
        {"model_limits": "gpt-0", "model_limits_enabled": True},
    ):
        field = next(iter(fields))
        for method, body in (("POST", {**FORM, **fields}), ("PUT", {**FORM, "id": number, **fields})):
            assert owner.refused(method, TOKENS, body).startswith(f"{field} ")
    assert stored_state(here) == before
    owner.add(group=own)


def test_an_account_has_as_many_keys_as_its_tier_allows_and_a_frozen_one_no_more(here: Harness) -> None:
    owner = Owner(here, tier=1)
    most = here.services.catalog.tiers[1].max_keys
    numbers = [owner.add() for _ in range(most - 1)]  # its access token is one, too
    assert f"{most} keys at most" in owner.refused("POST", TOKENS, FORM)
    owner.well("DELETE", f"{TOKENS}{numbers[0]}")
    Accounts.of(here.services).freeze(owner.account_id, frozen=True)
    assert "frozen" in owner.refused("POST", TOKENS, FORM)
    assert "frozen" in owner.refused("POST", f"{TOKENS}{numbers[1]}/key")
    assert owner.well("GET", "/api/user/self")["status"] == 2
    owner.well("DELETE", f"{TOKENS}{numbers[1]}")


def test_an_expired_token_says_so_and_is_refused(here: Harness, owner: Owner) -> None:
    number = owner.add(expired_time=here.now[0] // 1000 + 60)
    api_key = owner.key(number)
    assert models(here, api_key) == 200
    here.wait(61)
    assert (models(here, api_key), owner.well("GET", f"{TOKENS}{number}")["status"]) == (401, 3)
    shown = owner.well("GET", f"{TOKENS}{number}")
    assert owner.well("PUT", TOKENS, {**shown, "name": "renamed"})["status"] == 3
    later = here.now[0] // 1000 + 60
    assert owner.well("PUT", TOKENS, {**shown, "expired_time": later})["status"] == 1


def test_a_path_that_is_not_there_says_so_in_the_same_words(here: Harness, owner: Owner) -> None:
    for method, path in (("GET", "/api/token/1/2"), ("POST", "/api/user/self"), ("GET", "/api/usage")):
        status, document = owner.ask(method, path)
        assert (status, document["success"]) == (404, False)


def test_a_key_made_here_is_a_key_in_every_family(here: Harness, owner: Owner) -> None:
    api_key = owner.key(owner.add(unlimited_quota=True))
    assert here.request("GET", "/api/v1/chat/credit", key=api_key)[1]["code"] == 200
    assert here.post("/api/account/balance", key=api_key)[0] == 200
    assert here.request("GET", "/api/v1/chat/models", key=api_key)[0] == 200
    assert Accounts.of(here.services).find_key(api_key).status is KeyStatus.ACTIVE
