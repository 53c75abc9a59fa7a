"""Developers register, log in and stay logged in, through AI Hub's dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from relay.families.dialect import Session
from relay.flow.access import Caller
from relay.flow.session_access import SessionAccess
from relay.nouns.session_errors import BadSession, SessionExpired
from tests.functional.harness import Harness, harness
from tests.functional.scenarios_developers import AUTH

PASSWORD = "example password"


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


def register(here: Harness, email: str, password: str = PASSWORD, **more: Any) -> tuple[int, Any]:
    return here.post(f"{AUTH}/register", {"email": email, "password": password, "name": "Ann", **more}, key=None)


def login(here: Harness, email: str, password: str = PASSWORD, **how: Any) -> tuple[int, Any]:
    return here.post(f"{AUTH}/login", {"email": email, "password": password}, key=None, **how)


def renew(here: Harness, token: str, what: str = "refresh") -> tuple[int, Any]:
    return here.post(f"{AUTH}/{what}", {"refresh_token": token}, key=None)


def logged_in(here: Harness, email: str) -> Any:
    """The data of the first login of a new developer."""
    assert register(here, email)[0] == 201
    status, told = login(here, email)
    assert status == 200, told
    return told["data"]


def caller(here: Harness, token: str) -> Caller:
    return SessionAccess(here.services).caller(Session(token), "aihub", access_tokens=False)


def test_who_registers_has_an_empty_account_of_the_lowest_tier_and_can_log_in(here: Harness) -> None:
    status, told = register(here, "Ann.Lee+relay@Example.com", company="Lee Ltd")
    developer = told["data"]["developer"]
    assert (status, told["success"]) == (201, True)
    assert developer.keys() == {"id", "email", "name", "company", "status", "plan_id", "created_at"}
    assert (developer["email"], developer["company"], developer["status"]) == (
        "ann.lee+relay@example.com",
        "Lee Ltd",
        "active",
    )
    account = here.services.store.accounts.get(developer["id"])
    assert account is not None
    assert (account.tier, account.balance, here.services.store.accounts.drift(developer["id"])) == (1, 0, 0)
    status, told = login(here, "ANN.LEE+relay@EXAMPLE.COM")
    assert (status, told["data"]["developer"], told["data"]["token_type"]) == (200, developer, "bearer")
    assert caller(here, told["data"]["access_token"]).account_id == developer["id"]


def test_a_second_spelling_of_an_address_is_the_same_developer(here: Harness) -> None:
    assert register(here, "bob@bücher.example")[0] == 201
    status, told = register(here, "BOB@xn--bcher-kva.example")
    assert (status, told["error"]["code"], told["error"]["details"]["field"]) == (400, "email_exists", "email")


def test_a_wrong_password_and_an_unknown_address_are_one_answer(here: Harness) -> None:
    register(here, "carol@example.com")
    known, unknown = login(here, "carol@example.com", "not hers, no"), login(here, "nobody@example.com")
    assert known == unknown
    assert (known[0], known[1]["error"]["code"]) == (401, "invalid_credentials")


def test_an_access_token_lasts_an_hour_and_a_refresh_token_once(here: Harness) -> None:
    first = logged_in(here, "dave@example.com")
    here.wait(first["expires_in"] - 1)
    account_id = caller(here, first["access_token"]).account_id
    here.wait(20)
    with pytest.raises(SessionExpired):
        caller(here, first["access_token"])
    status, second = renew(here, first["refresh_token"])
    assert (status, second["data"]["developer"]["id"]) == (200, account_id)
    assert caller(here, second["data"]["access_token"]).account_id == account_id


def test_a_refresh_token_that_is_used_twice_ends_its_session_and_no_other(here: Harness) -> None:
    first = logged_in(here, "erin@example.com")
    other = login(here, "erin@example.com")[1]["data"]
    second = renew(here, first["refresh_token"])[1]["data"]
    status, told = renew(here, first["refresh_token"])
    assert (status, told["error"]["code"]) == (401, "invalid_token")
    assert renew(here, second["refresh_token"])[0] == 401
    with pytest.raises(BadSession):
        caller(here, second["access_token"])
    assert renew(here, other["refresh_token"])[0] == 200


def test_who_logs_out_is_out_at_once(here: Harness) -> None:
    told = logged_in(here, "frank@example.com")
    assert renew(here, told["refresh_token"], "logout")[0] == 200
    assert renew(here, told["refresh_token"])[0] == 401
    with pytest.raises(BadSession):
        caller(here, told["access_token"])


def test_a_session_that_is_not_renewed_ends_after_a_month(here: Harness) -> None:
    told = logged_in(here, "grace@example.com")
    here.wait(30 * 24 * 3600)
    assert renew(here, told["refresh_token"])[1]["error"]["code"] == "invalid_token"
