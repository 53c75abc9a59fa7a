"""Plans, subscriptions and invoices as AI Hub's developers ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from relay.nouns.money import nanos
from tests.axes import table
from tests.functional.harness import KEY, Harness, harness
from tests.functional.test_sessions import logged_in

HOME = "/api/v1/payments"
NOW, NEXT = "2026-01-01T00:00:30Z", "2026-02-01T00:00:30Z"


@dataclass(frozen=True)
class Developer:
    here: Harness
    account_id: str
    token: str

    @classmethod
    def of(cls, here: Harness, email: str, balance: str = "1000") -> Developer:
        data = logged_in(here, email)
        account_id = data["developer"]["id"]
        here.services.store.accounts.top_up(account_id, "first", nanos(balance), here.now[0])
        return cls(here, account_id, data["access_token"])

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        return self.here.request(method, f"{HOME}/{path}", body, key=self.token)

    def data(self, method: str, path: str, body: object = None) -> Any:
        status, told = self.ask(method, path, body)
        assert (status, told["success"]) == (200, True), told
        return told["data"]


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def developer(here: Harness, request: pytest.FixtureRequest) -> Developer:
    """A new one."""
    return Developer.of(here, f"{request.node.name[5:60]}@example.com")


@pytest.fixture(scope="module")
def settled(here: Harness) -> Developer:
    """One with a subscription, for requests that change nothing."""
    settled = Developer.of(here, "settled@example.com")
    settled.data("POST", "subscriptions", {"plan_id": "pro"})
    return settled


def test_the_plans_say_what_their_tiers_allow(settled: Developer) -> None:
    free, basic, pro, enterprise = settled.data("GET", "plans")
    assert set(basic.pop("models")) == set(pro["models"]) > set(free["models"])
    assert basic == {
        "id": "basic",
        "name": "Basic",
        "price_cents": 990,
        "currency": "USD",
        "interval": "month",
        "requests_per_minute": 60,
        "monthly_tokens": 1_000_000,
        "max_api_keys": 10,
        "features": ["basic and premium models"],
    }
    asked = [(plan["requests_per_minute"], plan["monthly_tokens"]) for plan in (free, pro, enterprise)]
    assert asked == [(10, 10_000), (300, 5_000_000), (1000, 10_000_000)]
    assert "gpt-4o" not in free["models"]


def test_a_developer_subscribes_sees_it_and_cancels(developer: Developer) -> None:
    made = developer.data("POST", "subscriptions", {"plan_id": "pro"})
    assert made == {
        "id": made["id"],
        "plan_id": "pro",
        "status": "active",
        "current_period_start": NOW,
        "current_period_end": NEXT,
        "cancel_at_period_end": False,
        "next_plan_id": None,
        "payment_method": "balance",
        "latest_invoice_id": f"inv_{developer.account_id}_1",
    }
    assert developer.data("GET", "subscriptions") == [made]
    cancelled = developer.data("DELETE", f"subscriptions/{made['id']}")
    assert cancelled == {**made, "cancel_at_period_end": True}


def test_invoices_are_told_newest_first_in_cents_that_add_up(developer: Developer) -> None:
    developer.data("POST", "subscriptions", {"plan_id": "basic"})
    developer.here.wait(1800)
    subscription = developer.data("POST", "subscriptions", {"plan_id": "pro"})
    second, first = developer.data("GET", "invoices")
    assert first == {
        "id": f"inv_{developer.account_id}_1",
        "number": "000001",
        "subscription_id": subscription["id"],
        "amount_cents": 990,
        "currency": "USD",
        "status": "paid",
        "period_start": NOW,
        "period_end": NEXT,
        "issued_at": NOW,
        "paid_at": NOW,
        "line_items": [{"description": "Basic, one month", "amount_cents": 990}],
    }
    assert [item["amount_cents"] for item in second["line_items"]] == [2990, second["amount_cents"] - 2990]
    assert second["amount_cents"] == 2990 - 989  # but for half an hour the month is left: 989.33 cents
    assert [each["id"] for each in developer.data("GET", "invoices?page=2&page_size=1")] == [first["id"]]
    assert developer.data("GET", "invoices?page=3&page_size=1") == []
    developer.here.wait(-1800)


def test_another_developers_subscription_is_not_found(developer: Developer) -> None:
    theirs = Developer.of(developer.here, "theirs@example.com").data("POST", "subscriptions", {"plan_id": "basic"})
    status, told = developer.ask("DELETE", f"subscriptions/{theirs['id']}")
    assert (status, told["error"]["code"]) == (404, "not_found")
    assert developer.data("GET", "invoices") == developer.data("GET", "subscriptions") == []


def test_a_subscription_without_a_balance_is_refused_and_can_be_tried_again(developer: Developer) -> None:
    poor = Developer.of(developer.here, "poor@example.com", "10")
    status, told = poor.ask("POST", "subscriptions", {"plan_id": "basic"})
    assert (status, told["error"]["type"], told["error"]["code"]) == (403, "permission_error", "insufficient_balance")
    assert poor.data("GET", "subscriptions") == poor.data("GET", "invoices") == []
    poor.here.services.store.accounts.top_up(poor.account_id, "more", nanos("100"), poor.here.now[0])
    assert poor.data("POST", "subscriptions", {"plan_id": "basic"})["status"] == "active"


WRONG: dict[str, tuple[object, str, str]] = {
    "no plan": ({}, "missing_parameter", "plan_id"),
    "an unknown plan": ({"plan_id": "gold"}, "invalid_parameter", "plan_id"),
    "a plan that is no text": ({"plan_id": 7}, "invalid_parameter", "plan_id"),
    "an empty plan": ({"plan_id": ""}, "invalid_parameter", "plan_id"),
    "a list": ({"plan_id": ["basic"]}, "invalid_parameter", "plan_id"),
    "a way to pay that nobody offers": (
        {"plan_id": "pro", "payment_method": "wire"},
        "invalid_parameter",
        "payment_method",
    ),
    "a way to pay that is no text": ({"plan_id": "pro", "payment_method": 1}, "invalid_parameter", "payment_method"),
    "a renewal that is no flag": ({"plan_id": "pro", "auto_renew": "yes"}, "invalid_parameter", "auto_renew"),
    "a downgrade that ends": ({"plan_id": "free", "auto_renew": False}, "invalid_parameter", "auto_renew"),
}


@table("what", WRONG)
def test_a_subscription_that_is_asked_for_wrongly_names_the_field(settled: Developer, what: str) -> None:
    body, code, field = WRONG[what]
    before = settled.data("GET", "subscriptions")
    status, told = settled.ask("POST", "subscriptions", body)
    assert (status, told["error"]["code"], told["error"]["details"]["field"]) == (400, code, field)
    assert settled.data("GET", "subscriptions") == before


@table(
    "query", ("page=0", "page=-1", "page=x", "page=99999999999999999999", "page_size=0", "page_size=101", "page=1.5")
)
def test_a_page_that_is_none_is_refused_by_its_field(settled: Developer, query: str) -> None:
    status, told = settled.ask("GET", f"invoices?{query}")
    assert (status, told["error"]["details"]["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("key", [KEY, None, "eyJhbGciOiJub25lIn0.e30."])
def test_only_who_has_logged_in_is_told_of_payments(settled: Developer, key: str | None) -> None:
    status, told = settled.here.request("GET", f"{HOME}/plans", key=key)
    assert (status, told["error"]["type"]) == (401, "authentication_error")


def test_a_path_of_payments_that_is_not_there_is_not_found(settled: Developer) -> None:
    assert settled.ask("GET", "refunds")[0] == 404
    assert settled.ask("POST", "invoices", {})[0] == 404
