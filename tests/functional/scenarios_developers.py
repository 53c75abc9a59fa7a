"""Every course of a developer, run once each, to record the rights the function uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from argon2 import PasswordHasher

from local.stripe import Api
from relay.families.dialect import Session
from relay.flow.accounts import Accounts
from relay.flow.session_access import SessionAccess
from relay.nouns.keys import KeyKind, KeyRequest
from relay.nouns.money import nanos
from tests.functional.paying import taking_cards
from tests.functional.recorded_calls import RecordingHarness

AUTH = "/api/v1/developer/auth"
ANN = {"email": "ann@example.com", "password": "example password"}


def a_developer_comes_and_goes(here: RecordingHarness) -> None:
    assert here.post(f"{AUTH}/register", {**ANN, "name": "Ann"}, key=None)[0] == 201
    older = PasswordHasher(time_cost=1).hash(ANN["password"])
    known = here.services.store.logins.find(ANN["email"])
    assert known is not None
    here.services.store.logins.keep(ANN["email"], known, replace(known, password=older))
    status, told = here.post(f"{AUTH}/login", ANN, key=None)
    assert status == 200
    with here.at("developers"):
        SessionAccess(here.services).caller(Session(told["data"]["access_token"]), "aihub", access_tokens=False)
    token = {"refresh_token": told["data"]["refresh_token"]}
    assert here.post(f"{AUTH}/refresh", token, key=None)[0] == 200
    assert here.post(f"{AUTH}/logout", token, key=None)[0] == 200


def a_developer_pays_for_a_plan(here: RecordingHarness) -> None:
    register = here.post(f"{AUTH}/register", {**ANN, "name": "Ann"}, key=None)[1]
    account_id = register["data"]["developer"]["id"]
    here.services.store.accounts.top_up(account_id, "first", nanos("100"), here.now[0])
    key = here.post(f"{AUTH}/login", ANN, key=None)[1]["data"]["access_token"]
    for what in ("plans", "subscriptions"):
        assert here.request("GET", f"/api/v1/payments/{what}", key=key)[0] == 200
    status, told = here.post("/api/v1/payments/subscriptions", {"plan_id": "basic"}, key=key)
    assert status == 200
    assert len(here.request("GET", "/api/v1/payments/invoices", key=key)[1]["data"]) == 1
    assert here.request("DELETE", f"/api/v1/payments/subscriptions/{told['data']['id']}", key=key)[0] == 200


def a_developer_pays_by_card(here: RecordingHarness) -> None:
    api = Api(lambda: here.now[0] / 1000)
    here.containers |= {name: taking_cards(here.containers[name], api) for name in ("payments", "renew")}
    here.post(f"{AUTH}/register", {**ANN, "name": "Ann"}, key=None)
    key = here.post(f"{AUTH}/login", ANN, key=None)[1]["data"]["access_token"]
    topups = [here.post("/api/v1/payments/topups", {"amount_cents": 2500}, key=key)[1]["data"] for _ in range(2)]
    for made in topups:
        api.book.pay(made["session_id"])
    told = here.request("GET", f"/api/v1/payments/topups/{topups[0]['id']}", key=key)[1]
    assert told["data"]["status"] == "paid"
    here.run(120)
    wanted = {"plan_id": "basic", "payment_method": "stripe"}
    assert here.post("/api/v1/payments/subscriptions", wanted, key=key)[1]["data"]["status"] == "pending"
    api.book.pay(api.book.of("checkout.session")[-1]["id"])
    body, headers = api.webhooks.signed(api.webhooks.events[-1])
    assert here.post("/api/v1/payments/webhooks/stripe", raw=body, headers=headers, key=None)[0] == 200
    here.wait(32 * 86_400)
    here.tick()
    assert here.pump()
    assert len(api.book.of("payment_intent")) == 4


def a_developer_looks_at_what_was_used(here: RecordingHarness) -> None:
    account_id = here.post(f"{AUTH}/register", {**ANN, "name": "Ann"}, key=None)[1]["data"]["developer"]["id"]
    made = Accounts.of(here.services).add_key(account_id, KeyRequest("hers"))
    key = here.post(f"{AUTH}/login", ANN, key=None)[1]["data"]["access_token"]
    for path in ("quota", f"keys/{made.listed.key_id}/usage"):
        assert here.request("GET", f"/api/v1/developer/keys/{path}", key=key)[0] == 200


def an_owner_sends_an_access_token(here: RecordingHarness) -> None:
    made = Accounts.of(here.services).add_key(here.account_id, KeyRequest("mine"), kind=KeyKind.ACCESS)
    with here.at("developers"):
        SessionAccess(here.services).caller(Session(made.api_key), "newapi", access_tokens=True)


def an_owner_manages_tokens(here: RecordingHarness) -> None:
    accounts = Accounts.of(here.services)
    account_id = accounts.open("an owner", 3)
    access = accounts.add_key(account_id, KeyRequest("mine"), kind=KeyKind.ACCESS).api_key
    who = {"authorization": access, "new-api-user": str(int(account_id, 16))}

    def well(method: str, path: str, body: object = None) -> Any:
        status, told = here.request(method, path, body, key=None, headers=who)
        assert (status, told["success"]) == (200, True), told
        return told.get("data")

    well("POST", "/api/token/", {"name": "app", "remain_quota": 500})
    (token,) = well("GET", "/api/token/")["items"]
    api_key = "sk-" + well("POST", f"/api/token/{token['id']}/key")["key"]
    assert here.request("GET", "/api/usage/token/", key=api_key)[1]["code"] is True
    assert well("GET", f"/api/token/search?token={api_key}")[0]["id"] == token["id"]
    assert well("PUT", "/api/token/", {"id": token["id"], "remain_quota": 7})["remain_quota"] == 7
    assert well("GET", "/api/user/self")["id"] == int(who["new-api-user"])
    assert well("GET", "/api/user/models")
    well("DELETE", f"/api/token/{token['id']}")


DEVELOPER_SCENARIOS: tuple[Callable[[RecordingHarness], None], ...] = (
    a_developer_comes_and_goes,
    a_developer_pays_for_a_plan,
    a_developer_pays_by_card,
    a_developer_looks_at_what_was_used,
    an_owner_sends_an_access_token,
    an_owner_manages_tokens,
)
