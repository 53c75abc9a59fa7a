"""Tokens that are forged, foreign, worn out or of another sort: each is a 401 in the dialect, and writes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import jwt
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.edge.clients import ClientEndpoint
from relay.edge.operations import account
from relay.effects.session_tokens import key_id
from relay.families.aihub.dialect import AihubDialect
from relay.families.aihub.write import enveloped
from relay.families.dialect import Auth, Route, no_body
from relay.families.uses import BALANCE
from relay.flow.session_access import SessionAccess, number_of
from relay.nouns.wire import Json
from tests.functional.aws_fakes import http_event
from tests.functional.harness import KEY, SECRETS, Harness, harness
from tests.functional.refusals import stored_state
from tests.functional.test_sessions import logged_in, renew

SIGNING, OTHER = SECRETS["session-key"], "example-session-key-of-somebody-else, as long as ours"


class Owned(AihubDialect):
    """AI Hub's, with one more route, for who has logged in."""

    routes = (
        Route(
            "GET", "/api/v1/developer/mine", BALANCE, no_body, lambda told: enveloped(told.found.balance), Auth.SESSION
        ),
    )


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture(scope="module")
def told(here: Harness) -> Any:
    return logged_in(here, "ann@example.com")


def ask(here: Harness, authorization: str | None, endpoint: ClientEndpoint | None = None) -> tuple[int, str | None]:
    """The status of a request with this header, and the code of its error."""
    served = endpoint or serving(here)
    headers = {} if authorization is None else {"authorization": authorization}
    answer = served.resolve(http_event("GET", "/api/v1/developer/mine", headers, b""), LambdaContext())
    return answer["statusCode"], json.loads(answer["body"]).get("error", {}).get("code")


def serving(here: Harness) -> ClientEndpoint:
    return ClientEndpoint(account.OPERATIONS, lambda: here.services, lambda _: Owned(), sessions=SessionAccess)


def claims_of(token: str) -> dict[str, Json]:
    said: dict[str, Json] = jwt.decode(token, options={"verify_signature": False})
    return said


def signed(token: str, key: str = SIGNING, algorithm: str = "HS256", kid: str | None = None, **changed: Json) -> str:
    """A token with the same claims but these, where None leaves one out."""
    claims = {name: value for name, value in {**claims_of(token), **changed}.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": key_id(key) if kid is None else kid})


def without(name: str, token: str) -> str:
    return signed(token, **{name: None})  # type: ignore[arg-type]


def part(document: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def headed(token: str, header: Json) -> str:
    """The token with another header, its signature as it was."""
    return ".".join((part(header), *token.split(".")[1:]))


def unsigned(token: str, algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': key_id(SIGNING)})}.{token.split('.')[1]}."


def with_body(token: str, **added: Json) -> str:
    """Other claims under the signature of the old ones."""
    header, _, signature = token.split(".")
    return f"{header}.{part({**claims_of(token), **added})}.{signature}"


ATTACKS: Mapping[str, Callable[[str], str]] = {
    **{f"alg {name}": partial(unsigned, algorithm=name) for name in ("none", "None", "NONE", "")},
    **{f"by {name}": partial(signed, algorithm=name) for name in ("HS384", "HS512")},
    "says RS256": lambda token: headed(token, {"alg": "RS256", "kid": key_id(SIGNING)}),
    "no algorithm": lambda token: headed(token, {"kid": key_id(SIGNING)}),
    "another key": lambda token: signed(token, OTHER),
    "another key under our key's name": lambda token: signed(token, OTHER, kid=key_id(SIGNING)),
    "a key of nobody": lambda token: signed(token, kid="0" * 12),
    "a key that is a path": lambda token: signed(token, kid="../../../dev/null"),
    "a key that is a list": lambda token: headed(token, {"alg": "HS256", "kid": [key_id(SIGNING)]}),
    "no key": lambda token: headed(token, {"alg": "HS256"}),
    "a header that is a list": lambda token: headed(token, ["HS256"]),
    "another deployment's": lambda token: signed(token, iss="genrelay/prod", aud="genrelay/prod/developer"),
    "for somebody else": lambda token: signed(token, aud="genrelay/prod/developer"),
    "issued by somebody else": lambda token: signed(token, iss="genrelay/prod"),
    "for something else": lambda token: signed(token, scope="operator"),
    "not yet issued": lambda token: signed(token, iat=claims_of(token)["iat"] + 600),
    "an end that is no number": lambda token: signed(token, exp="9999999999"),
    "a login of nobody": lambda token: signed(token, sid="0" * 64),
    "another account's": lambda token: signed(token, sub="acc1"),
    "an account of nobody": lambda token: signed(token, sub=[]),
    **{
        f"without {name}": partial(without, name) for name in ("sub", "iat", "exp", "jti", "scope", "aud", "iss", "sid")
    },
    "one more claim": lambda token: with_body(token, admin=True),
    "more time": lambda token: with_body(token, exp=claims_of(token)["exp"] + 1),
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: token + ".e30",
    "dots": lambda token: "..........",
    "a long word": lambda token: "x" * 2000,
    "an API key": lambda token: KEY,
    "a stored access token, which this API does not take": lambda token: "at-EXAMPLE-owner",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_we_did_not_issue_as_it_stands_is_not_valid(here: Harness, told: Any, attack: str) -> None:
    token = ATTACKS[attack](told["access_token"])
    before = stored_state(here)
    assert ask(here, f"Bearer {token}") == (401, "invalid_token")
    assert stored_state(here) == before


def test_the_token_as_it_was_issued_is_valid(here: Harness, told: Any) -> None:
    assert ask(here, f"Bearer {told['access_token']}") == (200, None)
    assert ask(here, f"bearer {signed(told['access_token'])}") == (200, None)  # what the attacks change one thing of


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic YW5uOmV4YW1wbGU=", "Bearer two words", "Bearer ｔｏｋｅｎ"]
)
def test_without_a_token_the_client_is_told_which_to_send(here: Harness, header: str | None) -> None:
    assert ask(here, header) == (401, "missing_token")


def test_a_token_past_its_time_has_expired(here: Harness, told: Any) -> None:
    claims = claims_of(told["access_token"])
    old = signed(told["access_token"], iat=claims["iat"] - 7200, exp=claims["exp"] - 7200)
    assert ask(here, f"Bearer {old}") == (401, "token_expired")


@pytest.mark.parametrize(
    ("path", "says"),
    [("/api/v1/chat/models", "invalid_api_key"), ("/v1/models", None), ("/api/v1/chat/credit", None)],
)
def test_an_access_token_is_no_api_key(here: Harness, told: Any, path: str, says: str | None) -> None:
    before = stored_state(here)
    status, answer = here.request("GET", path, key=told["access_token"])
    assert status == 401
    assert says is None or answer["error"]["code"] == says
    assert stored_state(here) == before


REFRESHES: Mapping[str, Callable[[Any], str]] = {
    "an access token": lambda told: told["access_token"],
    "an API key": lambda told: KEY,
    "another secret of a session of nobody": lambda told: "rt-" + "0" * 96,
    "a longer one": lambda told: told["refresh_token"] + "0",
    "in capitals": lambda told: told["refresh_token"].upper(),
    "a key of the table": lambda told: "login#ann@example.com",
    "nothing": lambda told: "",
    "a long text": lambda told: "rt-" * 100_000,
}


@pytest.mark.parametrize("attack", REFRESHES)
def test_what_is_no_refresh_token_refreshes_and_ends_nothing(here: Harness, told: Any, attack: str) -> None:
    before = stored_state(here)
    status, answer = renew(here, REFRESHES[attack](told))
    assert (status, answer["error"]["code"]) == (401, "invalid_token")
    assert renew(here, REFRESHES[attack](told), "logout")[0] == 200
    assert stored_state(here) == before


def test_a_number_that_is_not_the_accounts_is_refused(here: Harness, told: Any) -> None:
    class Numbered(Owned):
        def read_session(self, inbound: Any) -> Any:
            return super().read_session(inbound)._replace(user=inbound.headers["new-api-user"])

    endpoint = ClientEndpoint(account.OPERATIONS, lambda: here.services, lambda _: Numbered(), sessions=SessionAccess)
    for number, status in ((number_of(told["developer"]["id"]), 200), ("1", 401), ("", 200), ("x", 401)):
        headers = {"authorization": f"Bearer {told['access_token']}", "new-api-user": number}
        answer = endpoint.resolve(http_event("GET", "/api/v1/developer/mine", headers, b""), LambdaContext())
        assert answer["statusCode"] == status, number


def test_a_key_that_was_replaced_signs_no_more_and_its_tokens_last_as_the_one_before(here: Harness, told: Any) -> None:
    held, served = here.secrets.values, serving(here)
    assert ask(here, f"Bearer {told['access_token']}", served)[0] == 200
    here.secrets.values = {**held, "session-key": OTHER, "session-key-previous": SIGNING}
    assert ask(here, f"Bearer {told['access_token']}", served)[0] == 200
    assert jwt.get_unverified_header(logged_in(here, "zoe@example.com")["access_token"])["kid"] == key_id(OTHER)
    here.secrets.values = {**held, "session-key": OTHER}
    assert ask(here, f"Bearer {told['access_token']}", served) == (401, "invalid_token")
    here.secrets.values = held


def test_a_key_that_is_newer_than_what_a_function_remembers_is_looked_for_once_a_minute(
    here: Harness, told: Any
) -> None:
    looks = list[int]()
    here.secrets.refresh = lambda: looks.append(here.now[0])  # type: ignore[method-assign]
    served, newer = serving(here), f"Bearer {signed(told['access_token'], OTHER)}"
    for _ in range(3):
        assert ask(here, newer, served)[0] == 401
    here.wait(60)
    assert ask(here, newer, served)[0] == 401
    assert len(looks) == 2


def test_who_asks_by_a_session_more_often_than_a_key_may_read_is_told_to_wait(here: Harness) -> None:
    told, whole = logged_in(here, "busy@example.com"), here.services
    tiers = {1: replace(whole.catalog.tiers[1], reads_per_minute=2)}
    here.services = replace(whole, catalog=replace(whole.catalog, tiers=tiers))
    served = serving(here)
    assert [ask(here, f"Bearer {told['access_token']}", served)[0] for _ in range(3)] == [200, 200, 429]
    here.wait(60)
    assert ask(here, f"Bearer {told['access_token']}", served)[0] == 200
    here.services = whole
