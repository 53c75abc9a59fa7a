"""Operator commands for plans: what an account has subscribed to, and whether what it was charged is in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from relay.flow.subscriptions import subscribe
from relay.nouns.money import Entry, EntryKind
from relay.nouns.plans import SubscriptionRequest
from tests.functional.harness import Harness, harness
from tests.functional.operator_prompt import Operator


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    with harness("1000", tier=1) as made:
        yield made


@pytest.fixture
def ops(here: Harness, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.setenv("COLUMNS", "200")
    return Operator(capsys, monkeypatch)


def test_an_operator_sees_what_an_account_has_subscribed_to_and_was_charged(ops: Operator, here: Harness) -> None:
    assert "no subscription; the account has tier 1" in ops.succeeds("subscription-show", "acc1")
    subscribe(here.services, "acc1", SubscriptionRequest("pro"))
    subscribe(here.services, "acc1", SubscriptionRequest("basic"))
    told = ops.succeeds("subscription-show", "acc1")
    for words in ("pro, then basic", "active", "2026-02-01", "balance"):
        assert words in told
    (line,) = [line for line in ops.succeeds("invoice-list", "acc1").splitlines() if "inv_" in line]
    assert line.split()[:5] == ["inv_acc1_1", "pro", "paid", "215.28", "CNY"]
    assert "each paid invoice is one entry" in ops.succeeds("invoice-check", "acc1")
    for command in ("subscription-show", "invoice-list", "invoice-check"):
        assert "no account nobody" in ops.refuses(1, command, "nobody")


def test_an_entry_without_an_invoice_and_an_invoice_without_its_entry_are_found(ops: Operator, here: Harness) -> None:
    subscribe(here.services, "acc1", SubscriptionRequest("basic"))
    tables, account = here.services.store.subscriptions.tables, "acc1"
    key = {"account_id": {"S": account}, "sk": {"S": "ENTRY#payment#inv_acc1_1#subscription"}}
    tables.client.delete_item(TableName=tables.accounts, Key=key)
    stray = Entry(account, "inv_acc1_7", EntryKind.SUBSCRIPTION, -5, here.now[0])
    here.services.store.accounts._book(stray)
    said = ops.refuses(1, "invoice-check", account)
    assert "inv_acc1_1 is paid with 71280000000 nanos, and the ledger has None" in said
    assert "inv_acc1_7 is charged, and there is no such invoice" in said


def test_who_gives_a_tier_is_told_of_the_plan_that_gives_another(ops: Operator, here: Harness) -> None:
    subscribe(here.services, "acc1", SubscriptionRequest("basic"))
    assert "subscribed to basic" in ops.succeeds("account-tier", "acc1", "4")
