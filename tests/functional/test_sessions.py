"""Developers register, log in and stay logged in, through AI Hub's dialect."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from relay.edge.events import read_inbound
from relay.effects.store.logins import Logins
from relay.effects.store.table import Tables
from relay.families.dialect import Session
from relay.flow.access import Caller
from relay.flow.session_access import SessionAccess
from relay.nouns.session_errors import BadSession, SessionExpired
from tests.functional.aws_fakes import http_event
from tests.functional.harness import Harness, harness
from tests.functional.refusals import stored_state
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
    assert (developer["email"], developer["company"]) == ("ann.lee+relay@example.com", "Lee Ltd")
    assert (developer["status"], developer["plan_id"]) == ("active", "free")
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


BAD: Mapping[str, tuple[str, Mapping[str, Any], str, str]] = {
    "no e-mail": ("register", {"password": PASSWORD, "name": "Ann"}, "missing_parameter", "email"),
    "no password": ("login", {"email": "ann@example.com"}, "missing_parameter", "password"),
    "no name": ("register", {"email": "ann@example.com", "password": PASSWORD}, "missing_parameter", "name"),
    "no refresh token": ("refresh", {}, "missing_parameter", "refresh_token"),
    "no token to end": ("logout", {"refresh_token": None}, "missing_parameter", "refresh_token"),
    "a token that is a list": ("refresh", {"refresh_token": ["rt-"]}, "invalid_parameter", "refresh_token"),
    "an e-mail that is none": ("login", {"email": "ann", "password": PASSWORD}, "invalid_parameter", "email"),
    "a long e-mail": ("login", {"email": "a" * 10**6, "password": PASSWORD}, "invalid_parameter", "email"),
    "a password that is a number": ("login", {"email": "a@b.example", "password": 1}, "invalid_parameter", "password"),
    "a password of 1 MB": ("login", {"email": "a@b.example", "password": "x" * 10**6}, "invalid_parameter", "password"),
    **{
        name: ("register", {"email": "a@b.example", "name": "Ann", "password": word}, "invalid_parameter", "password")
        for name, word in {"short": "1234567", "1 MB": "x" * 10**6, "short in one form": "e\u0301" * 7}.items()
    },
    **{
        f"a name {name}": ("register", {"email": "a@b.example", "password": PASSWORD, "name": word}, code, "name")
        for name, word, code in (
            ("of spaces", "  ", "invalid_parameter"),
            ("of two lines", "Ann\nLee", "invalid_parameter"),
            ("with a zero-width space", "An\u200bn", "invalid_parameter"),
            ("that is long", "n" * 101, "invalid_parameter"),
            ("that is null", None, "missing_parameter"),
        )
    },
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_a_request_is_named_and_nothing_is_made(here: Harness, case: str) -> None:
    what, body, code, field = BAD[case]
    before = stored_state(here)
    status, told = here.post(f"{AUTH}/{what}", body, key=None)
    assert (status, told["error"]["code"], told["error"]["details"]["field"]) == (400, code, field)
    assert stored_state(here) == before


def test_a_password_and_a_token_are_in_no_log_and_no_other_answer(
    here: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(("genrelay", "relay"))]:
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        caplog.set_level(logging.DEBUG, logger=name)
    password, email = "a password nobody else may know", "heidi@example.com"
    register(here, email, password)
    told = login(here, email, password)[1]["data"]
    tokens = [told["access_token"], told["refresh_token"], told["refresh_token"][-64:]]
    answers = [login(here, email, f"{password}!"), register(here, email, password), login(here, "no", password)]
    answers += [login(here, email, password * 1000), register(here, "ivan@example.com", password, name=1)]
    renew(here, told["refresh_token"])
    answers += [renew(here, told["refresh_token"])]
    whole, nowhere = here.services, cast("Tables", None)  # every use of which fails
    here.services = replace(whole, store=replace(whole.store, logins=Logins(nowhere)))
    answers += [login(here, email, password), register(here, email, password), renew(here, told["refresh_token"])]
    here.services = whole
    assert [status for status, _ in answers] == [401, 400, 400, 400, 400, 401, 500, 500, 500]
    logged = f"{caplog.text} {[vars(record) for record in caplog.records]}"
    assert "request failed" in logged
    assert "a refresh token was used twice" in logged
    assert not [word for word in (password, email, *tokens) if word in logged or word in str(answers)]
    rows = str(stored_state(here))
    assert email in rows
    assert not [word for word in (password, *tokens) if word in rows]


@pytest.mark.parametrize(
    ("forwarded", "fronted", "source"),
    [
        (None, False, "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1", False, "192.0.2.1"),  # what a client says of itself
        (None, True, "192.0.2.1"),
        ("192.0.2.1", True, "192.0.2.1"),
        ("203.0.113.9, 64.252.86.1", True, "203.0.113.9"),
        ("10.9.8.7, 198.51.100.1, 203.0.113.9,64.252.86.1", True, "203.0.113.9"),
        ("2001:db8::1, 64.252.86.1", True, "2001:db8::1"),
    ],
)
def test_a_request_comes_from_who_asked_the_api_or_the_front(forwarded: str | None, fronted: bool, source: str) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    event = http_event("POST", f"{AUTH}/login", headers, b"{}")
    assert read_inbound(event, {}, fronted=fronted).source == source
