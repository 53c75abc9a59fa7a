"""Developers on the whole stack: from signing up to pictures in three families, paid by card; and a crowd of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from openai import OpenAI

from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from ops.terms import NewAccount
from relay.flow.invoices import disagreements
from relay.flow.usage_check import differences
from relay.nouns.task import State
from tests.e2e.tenant import PATIENCE, Tenant, until

pytestmark = pytest.mark.stack

PASSWORD = "example password"
HOME = "/api/v1/developer"
KEYS = f"{HOME}/keys/keys"
CENTS = 5000
PEOPLE, EACH, AT_ONCE = 20, 10, 24  # 200 requests of a kind


class Developer:
    """Somebody who signs up over HTTP; `token` is that of the login."""

    def __init__(self, relay: LocalRelay, email: str) -> None:
        self.relay, self.http = relay, requests.Session()
        self.known = {"email": email, "password": PASSWORD}
        made = self.http.post(f"{relay.url}{HOME}/auth/register", json={**self.known, "name": "Ann"}, timeout=30)
        assert made.status_code == 201, made.text
        self.account_id = str(made.json()["data"]["developer"]["id"])
        self.token = str(self.login().json()["data"]["access_token"])

    def login(self) -> requests.Response:
        return requests.post(f"{self.relay.url}{HOME}/auth/login", json=self.known, timeout=60)

    def send(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"authorization": f"Bearer {self.token}", **how.pop("headers", {})}
        return requests.request(method, self.relay.url + path, headers=headers, timeout=60, **how)

    def told(self, method: str, path: str, **how: Any) -> Any:
        """The data of an answer that has to be a success."""
        answer = self.send(method, path, **how)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def live_keys(self) -> list[str]:
        return [each["id"] for each in self.told("GET", KEYS) if each["status"] == "active"]

    def balance(self) -> int:
        return int(self.relay.deployment.account(self.account_id).balance)


def test_one_key_goes_from_signing_up_to_pictures_in_three_families(relay: LocalRelay, inbox: Inbox) -> None:
    ann = Developer(relay, "Ann@Example.com")
    key = ann.told("POST", KEYS, json={"name": "first"})
    page = ann.told("POST", "/api/v1/payments/topups", json={"amount_cents": CENTS})["checkout_url"]
    assert requests.post(page, data={"act": "pay"}, timeout=30, allow_redirects=False).status_code == 303
    until(lambda: ann.balance() or None, PATIENCE, lambda: "what was paid has not arrived")
    assert ann.told("POST", "/api/v1/payments/subscriptions", json={"plan_id": "basic"})["status"] == "active"

    tenant = Tenant(relay, NewAccount(ann.account_id, key["key"], ""), inbox)
    made = [tenant.create("/api/kling/images", prompt="a lighthouse"), tenant.create_kie(prompt="a lighthouse")]
    assert [tenant.ended(task_id).state for task_id in made] == [State.SUCCEEDED] * 2
    with OpenAI(api_key=key["key"], base_url=f"{relay.url}/v1", max_retries=0) as client:
        assert client.images.generate(model="gpt-image-1", prompt="a lighthouse").data
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
    assert tenant.post("/api/v1/chat/completions", asked)["data"]["cost"] > 0

    used = ann.told("GET", f"{KEYS}/{key['id']}/usage?days=1")
    assert (used["total_requests"], used["success_rate"]) == (4, 100.0)
    number = {"new-api-user": str(int(ann.account_id, 16))}
    profile = ann.send("GET", "/api/user/self", headers=number).json()["data"]
    assert (profile["email"], profile["display_name"]) == ("ann@example.com", "Ann")
    assert (tenant.drift, list(differences(relay.deployment.store, ann.account_id))) == (0, [])
    assert list(disagreements(relay.deployment.store, ann.account_id)) == []


def test_two_hundred_logins_new_keys_and_revocations_at_once_are_each_answered_and_counted(relay: LocalRelay) -> None:
    people = [Developer(relay, f"someone{number}@example.com") for number in range(PEOPLE)]
    most = relay.deployment.catalog.tiers[1].max_keys

    assert crowd(Developer.login, people) == {200: PEOPLE * EACH}

    added = crowd(lambda one: one.send("POST", KEYS, json={"name": "one of many"}), people)
    assert added.keys() <= {201, 403, 429}
    assert [len(one.live_keys()) for one in people] == [most] * PEOPLE
    assert added[201] == PEOPLE * most

    keys = [(one, key_id) for one in people for key_id in one.live_keys()] * 2
    revoked = crowd(lambda each: each[0].send("DELETE", f"{KEYS}/{each[1]}"), keys, times=1)
    assert revoked.keys() <= {200, 404, 429}
    assert sum(revoked.values()) == 2 * PEOPLE * most
    assert [one.live_keys() for one in people] == [[]] * PEOPLE
    assert [relay.deployment.account(one.account_id).keys for one in people] == [0] * PEOPLE


def crowd(ask: Callable[[Any], requests.Response], of: list[Any], times: int = EACH) -> Counter[int]:
    """How many answers of each status so many requests get at once."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return Counter(answer.status_code for answer in threads.map(ask, of * times))
