"""The published Python client of new-api's dashboard manages tokens over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from newapi import APIError, NewAPI, NotFoundError

from relay.flow.accounts import Accounts
from relay.nouns.keys import KeyKind, KeyRequest
from relay.nouns.money import nanos
from tests.functional.harness import Harness, harness
from tests.functional.serving import Served, served


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        made.switch_on("newapi")
        yield made


@pytest.fixture(scope="module")
def relay(here: Harness) -> Iterator[Served]:
    with served(here) as made:
        yield made


@pytest.fixture
def client(here: Harness, relay: Served) -> Iterator[NewAPI]:
    accounts = Accounts.of(here.services)
    account_id = accounts.open("an owner", 3)
    accounts.top_up(account_id, nanos("72"), "a payment")
    access = accounts.add_key(account_id, KeyRequest("client"), kind=KeyKind.ACCESS).api_key
    with NewAPI(relay.url, access_token=access, user_id=int(account_id, 16)) as made:
        yield made


def test_a_token_lives_as_the_client_says(client: NewAPI, here: Harness, relay: Served) -> None:
    assert client.me()["quota"] == 5_000_000
    token, key = client.tokens.create_and_reveal(
        "my app", unlimited_quota=False, remain_quota=500, model_limits_enabled=True, model_limits="sora-2"
    )
    bearer = {"authorization": f"Bearer sk-{key}"}
    assert requests.get(f"{relay.url}/v1/models", headers=bearer, timeout=9).status_code == 200
    number = int(token["id"])
    here.wait(1)
    client.tokens.create("second")
    assert [each["name"] for each in client.tokens.list(page_size=1)] == ["second"]
    assert [each["name"] for each in client.tokens.all(page_size=1)] == ["second", "my app"]
    (found,) = client.tokens.search(token=f"sk-{key}")
    assert found == client.tokens.get(number)
    assert client.tokens.disable(number)["status"] == 2
    assert client.tokens.enable(number)["status"] == 1
    changed = client.tokens.update(number, name="renamed")
    assert (changed["name"], changed["remain_quota"], changed["model_limits"]) == ("renamed", 500, "sora-2")
    assert client.tokens.update(number, unlimited_quota=True, fetch_current=True)["unlimited_quota"] is True
    client.tokens.delete(number)
    assert client.tokens.list().total == 1


def test_the_client_is_told_why_it_is_refused(client: NewAPI, relay: Served) -> None:
    _, key = client.tokens.create_and_reveal("my app")
    number = int(client.tokens.list().items[0]["id"])
    with pytest.raises(APIError, match="shown already"):
        client.tokens.reveal(number)
    with pytest.raises(APIError, match="allow_ips is not served"):
        client.tokens.create("bound", allow_ips=["192.0.2.1"])
    with pytest.raises(APIError, match="no such key"):
        client.tokens.get(1)
    with pytest.raises(NotFoundError):
        client.tokens.delete_batch([number])
    for token, user in ((f"sk-{key}", client.session.user_id), (client.session.access_token, 7)):
        with NewAPI(relay.url, access_token=token, user_id=user) as stranger, pytest.raises(APIError, match="log in"):
            stranger.me()
