"""Every course of a developer, run once each, to record the rights the function uses."""

from __future__ import annotations

from collections.abc import Callable

from argon2 import PasswordHasher

from relay.families.dialect import Session
from relay.flow.accounts import Accounts
from relay.flow.session_access import SessionAccess
from relay.nouns.keys import KeyKind, KeyRequest
from tests.functional.recorded_calls import RecordingHarness

AUTH = "/api/v1/developer/auth"
ANN = {"email": "ann@example.com", "password": "example password"}


def a_developer_comes_and_goes(here: RecordingHarness) -> None:
    assert here.post(f"{AUTH}/register", {**ANN, "name": "Ann"}, key=None)[0] == 201
    older = PasswordHasher(time_cost=1).hash(ANN["password"])
    known = here.services.store.logins.find(ANN["email"])
    assert known is not None
    here.services.store.logins.rehash(ANN["email"], known.password, older)
    status, told = here.post(f"{AUTH}/login", ANN, key=None)
    assert status == 200
    with here.at("developers"):
        SessionAccess(here.services).caller(Session(told["data"]["access_token"]), "aihub", access_tokens=False)
    token = {"refresh_token": told["data"]["refresh_token"]}
    assert here.post(f"{AUTH}/refresh", token, key=None)[0] == 200
    assert here.post(f"{AUTH}/logout", token, key=None)[0] == 200


def an_owner_sends_an_access_token(here: RecordingHarness) -> None:
    made = Accounts.of(here.services).add_key(here.account_id, KeyRequest("mine"), kind=KeyKind.ACCESS)
    with here.at("developers"):
        SessionAccess(here.services).caller(Session(made.api_key), "newapi", access_tokens=True)


DEVELOPER_SCENARIOS: tuple[Callable[[RecordingHarness], None], ...] = (
    a_developer_comes_and_goes,
    an_owner_sends_an_access_token,
)
