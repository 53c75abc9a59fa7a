"""Who tries too often to log in or to register is told to wait, before anything is hashed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow import sessions
from relay.flow.tries import LOGIN, REGISTER, Tries, network
from relay.nouns.developer import Credentials, Registration
from relay.nouns.errors import RateLimited, RelayError
from relay.nouns.session_errors import WrongCredentials
from tests.functional.aws_fakes import listening
from tests.functional.harness import Harness, harness
from tests.functional.test_sessions import PASSWORD, login, register

HERE, THERE = "192.0.2.1", "198.51.100.7"  # the harness asks from the first


class Hashing:
    """Hashes nothing, and notes how often it would have."""

    def __init__(self) -> None:
        self.hashes = 0

    def hash(self, password: str) -> str:
        self.hashes += 1
        return f"hash of {password}"

    def matches(self, kept: str | None, password: str) -> bool:
        self.hashes += 1
        return kept == f"hash of {password}"

    def outdated(self, kept: str) -> bool:
        return False


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Harness:
    """In a window of its own."""
    shared.wait(2 * REGISTER.seconds)
    return shared


def use_up(here: Harness, limits: Any, email: str, source: str, times: int) -> None:
    for _ in range(times):
        Tries(here.services, limits, email, source, here.now[0] // 1000).take()


def tried(
    here: Harness, passwords: Hashing, email: str, source: str, password: str = PASSWORD
) -> type[RelayError] | None:
    """The error of a login, if there is one."""
    try:
        sessions.login(here.services, passwords, Credentials(email, password), source)
    except RelayError as error:
        return type(error)
    return None


def test_guesses_at_one_address_end_after_ten_and_its_owner_elsewhere_still_logs_in(here: Harness) -> None:
    passwords = Hashing()
    asked = Registration(Credentials("ann@example.com", PASSWORD), "Ann")
    sessions.register(here.services, passwords, asked, THERE)
    told = [tried(here, passwords, "ann@example.com", HERE, f"guess number {each}") for each in range(60)]
    assert told == [WrongCredentials] * 10 + [RateLimited] * 50
    assert passwords.hashes == 1 + 10
    assert tried(here, passwords, "Ann@Example.com", THERE) is None
    here.wait(LOGIN.seconds)
    assert tried(here, passwords, "ann@example.com", HERE) is None


def test_a_refusal_says_when_to_come_back(here: Harness) -> None:
    here.wait(LOGIN.seconds - here.now[0] // 1000 % LOGIN.seconds + 100)
    use_up(here, LOGIN, "bob@example.com", HERE, 10)
    body = {"email": "bob@example.com", "password": PASSWORD}
    status, told, headers = here.exchange("POST", "/api/v1/developer/auth/login", body, key=None)
    assert (status, told["error"]["code"], headers["retry-after"]) == (
        429,
        "rate_limit_exceeded",
        str(LOGIN.seconds - 100),
    )


def test_one_source_guesses_at_no_more_addresses_than_its_limit(here: Harness) -> None:
    passwords = Hashing()
    told = [tried(here, passwords, f"nobody{each}@example.com", HERE) for each in range(LOGIN.of_source + 5)]
    assert told == [WrongCredentials] * LOGIN.of_source + [RateLimited] * 5
    assert tried(here, passwords, "nobody@example.com", THERE) is WrongCredentials


def test_many_sources_guess_at_one_address_no_more_often_than_its_limit(here: Harness) -> None:
    for each in range(10):
        use_up(here, LOGIN, "eve@example.com", f"203.0.113.{each}", 10)
    passwords = Hashing()
    assert tried(here, passwords, "eve@example.com", THERE) is RateLimited
    assert passwords.hashes == 0
    here.wait(LOGIN.seconds)
    assert tried(here, passwords, "eve@example.com", THERE) is WrongCredentials


def test_whoever_logged_in_from_a_source_is_shut_out_there_by_no_number_of_other_sources(here: Harness) -> None:
    passwords = Hashing()
    sessions.register(here.services, passwords, Registration(Credentials("eva@example.com", PASSWORD), "Eva"), THERE)
    assert tried(here, passwords, "eva@example.com", THERE) is None
    for each in range(10):
        use_up(here, LOGIN, "eva@example.com", f"203.0.113.{each}", 10)
    assert tried(here, passwords, "eva@example.com", HERE) is RateLimited
    assert tried(here, passwords, "eva@example.com", THERE, "a wrong password") is WrongCredentials
    assert tried(here, passwords, "eva@example.com", THERE) is None
    for each in range(9):  # only the latest eight are remembered
        here.wait(LOGIN.seconds)
        assert tried(here, passwords, "eva@example.com", f"198.51.100.{10 + each}") is None
    found = here.services.store.logins.find("eva@example.com")
    assert found is not None
    assert len(found.places) == 8
    assert not [place for place in found.places if "198" in place and "." in place]


def test_who_logs_in_often_with_the_right_password_is_never_told_to_wait(here: Harness) -> None:
    passwords = Hashing()
    asked = Registration(Credentials("often@example.com", PASSWORD), "Often")
    sessions.register(here.services, passwords, asked, HERE)
    assert {tried(here, passwords, "often@example.com", HERE) for _ in range(30)} == {None}


def test_registrations_are_counted_whether_they_make_an_account_or_not(here: Harness) -> None:
    use_up(here, REGISTER, "anybody@example.com", HERE, 9)
    assert register(here, "anybody@example.com")[0] == 201
    assert register(here, "anybody@example.com")[0] == 429
    use_up(here, replace(REGISTER, of_both=1000, of_email=1000), "others@example.com", HERE, REGISTER.of_source - 11)
    assert register(here, "new@example.com")[0] == 429
    assert here.services.store.logins.find("new@example.com") is None


def test_a_login_that_fails_asks_and_writes_the_same_whether_there_is_a_developer_or_not(here: Harness) -> None:
    assert register(here, "known@example.com")[0] == 201

    def watched(email: str) -> tuple[list[str], int]:
        calls, passwords = list[str](), Hashing()

        def note(params: dict[str, Any], model: Any, **_: object) -> None:
            shape = {name: value for name, value in params.items() if name not in ("Key", "ExpressionAttributeValues")}
            calls.append(f"{model.name} {json.dumps(shape, sort_keys=True)}")

        with listening(here.services.store.logins.tables.client, "provide-client-params", note):
            assert tried(here, passwords, email, HERE, "a wrong password") is WrongCredentials
        return calls, passwords.hashes

    known, unknown = watched("known@example.com"), watched("unknown@example.com")
    assert known == unknown
    assert (len(known[0]), known[1]) == (4, 1)


def test_the_other_spelling_that_registers_meanwhile_gets_the_account_and_the_first_a_refusal(here: Harness) -> None:
    class Slow(Hashing):
        def hash(self, password: str) -> str:
            assert register(here, "RACE@bücher.example")[0] == 201
            return super().hash(password)

    before = accounts(here)
    asked = Registration(Credentials("race@xn--bcher-kva.example", PASSWORD), "Race")
    with pytest.raises(RelayError, match="there is an account with this e-mail address"):
        sessions.register(here.services, Slow(), asked, THERE)
    assert len(accounts(here) - before) == 1
    assert login(here, "race@bücher.example")[0] == 200


def accounts(here: Harness) -> set[str]:
    """The accounts there is any row of."""
    tables = here.services.store.logins.tables
    rows = tables.client.scan(TableName=tables.accounts)["Items"]
    return {row["account_id"]["S"] for row in rows}


def test_a_relay_that_is_not_open_registers_nobody_and_says_so(here: Harness) -> None:
    whole = here.services
    here.services = replace(whole, sign_up=False)
    status, told = register(here, "stranger@example.com")
    here.services = whole
    assert (status, told["error"]["type"], told["error"]["code"]) == (403, "permission_error", "sign_up_off")
    assert here.services.store.logins.find("stranger@example.com") is None


def test_a_frozen_account_logs_in(here: Harness) -> None:
    account_id = register(here, "frozen@example.com")[1]["data"]["developer"]["id"]
    here.services.store.accounts.change(account_id, status="frozen")
    status, told = login(here, "frozen@example.com")
    assert (status, told["data"]["developer"]["status"]) == (200, "frozen")


@pytest.mark.parametrize(
    ("source", "whose"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_address_of_version_6_counts_as_its_network(source: str, whose: str) -> None:
    assert network(source) == whose
