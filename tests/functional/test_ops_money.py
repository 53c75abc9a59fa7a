"""Operator commands for money: valid amounts only, each reference once, never below 0, no drift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.effects.store.codec import pack
from relay.effects.store.limits import Limits
from relay.nouns.draft import Draft, Kind
from relay.nouns.ids import uuid7
from relay.nouns.money import EntryKind, nanos, settle
from relay.nouns.task import State, Task
from tests.axes import each_once
from tests.functional.operator_prompt import Operator, operator


@pytest.fixture
def ops(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    with operator(capsys, monkeypatch) as made:
        made.succeeds("secrets-init")
        yield made


@pytest.fixture
def account(ops: Operator) -> str:
    return ops.opens_account("a customer", "--topup", "20")["account"]


def balance(ops: Operator, account: str) -> int:
    return int(ops.deployment.account(account).balance)


DRAFT = Draft("aistudio", "kling", Kind.IMAGE, "kling-image", "a cat")
NO_AMOUNTS = ["NaN", "Infinity", "１００", "1_000", "1e3", "-5", "+5", "0", "0.00", "", " ", "12,50", "1.0000000001"]
NO_AMOUNTS += ["1000000000", "0x10", ".5", "five"]


@each_once(
    ("text", NO_AMOUNTS),
    ("verb", ["account-topup", "account-debit"]),
)
def test_what_is_no_amount_moves_nothing_and_is_named(ops: Operator, account: str, verb: str, text: str) -> None:
    reason = ("--reason", "because") if verb == "account-debit" else ()
    said = ops.refuses(2, verb, *reason, "--", account, text)
    assert "argument amount" in said
    assert "is no amount" in said
    assert balance(ops, account) == nanos(20)


@pytest.mark.parametrize("text", ["-5", "NaN", "0"])
def test_an_opening_balance_is_an_amount_or_no_account_is_made(ops: Operator, text: str) -> None:
    assert "is no amount" in ops.refuses(2, "account-create", "a customer", f"--topup={text}")


def test_a_negative_topup_is_pointed_to_the_debit(ops: Operator, account: str) -> None:
    assert "account-debit" in ops.refuses(2, "account-topup", account, "-1000")


@pytest.mark.parametrize(
    "reference", ["支付1", "~", "\U0001f4b0", "#", "a#topup", "019b76da-0000-7000-8000-000000000000"]
)
def test_whatever_a_payment_is_called_the_ledger_agrees(ops: Operator, account: str, reference: str) -> None:
    assert "balance 27.50" in ops.succeeds("account-topup", account, "7.5", "--reference", reference)
    assert ops.deployment.store.accounts.drift(account) == 0
    assert "0.00 CNY" in ops.succeeds("account-show", account).splitlines()[-2]


def test_a_drift_of_a_nano_is_shown(ops: Operator, account: str) -> None:
    ops.deployment.store.accounts.change(account, balance=nanos(20) - 1)
    assert "-0.000000001 CNY  <- a defect" in ops.succeeds("account-show", account)


def test_a_payment_told_twice_moves_money_once(ops: Operator, account: str) -> None:
    ops.succeeds("account-topup", account, "7.5", "--reference", "payment-1")
    said = ops.succeeds("account-topup", account, "7.50", "--reference", "payment-1")
    assert "payment-1 is already booked with this very amount; nothing was moved" in said
    assert balance(ops, account) == nanos("27.5")


def test_a_payment_told_again_with_another_amount_fails(ops: Operator, account: str) -> None:
    ops.succeeds("account-topup", account, "7.5", "--reference", "payment-1")
    said = ops.refuses(1, "account-topup", account, "75", "--reference", "payment-1")
    assert "payment-1 is already booked with 7.50 CNY" in said
    assert balance(ops, account) == nanos("27.5")


@pytest.mark.parametrize("reference", ["", "  ", "x" * 101, "a\nb"])
def test_a_reference_is_a_short_line(ops: Operator, account: str, reference: str) -> None:
    assert "argument --reference" in ops.refuses(2, "account-topup", account, "5", "--reference", reference)


def test_a_debit_is_a_line_of_its_own_with_its_reason(ops: Operator, account: str) -> None:
    assert "balance 12.50 CNY" in ops.succeeds("account-debit", account, "7.5", "--reason", "charged back")
    taken = [entry for entry in ops.deployment.store.accounts.entries(account) if entry.kind is EntryKind.DEBIT]
    assert [(entry.amount, entry.reason) for entry in taken] == [(-nanos("7.5"), "charged back")]
    assert ops.deployment.store.accounts.drift(account) == 0


@pytest.mark.parametrize("reason", [(), ("--reason", ""), ("--reason", "x" * 301)])
def test_a_debit_without_a_reason_is_refused(ops: Operator, account: str, reason: tuple[str, ...]) -> None:
    assert "--reason" in ops.refuses(2, "account-debit", account, "5", *reason)
    assert balance(ops, account) == nanos(20)


def test_a_debit_takes_all_there_is_and_no_more(ops: Operator, account: str) -> None:
    assert "only 20.00 CNY" in ops.refuses(1, "account-debit", account, "20.000000001", "--reason", "too much")
    assert "balance 0.00 CNY" in ops.succeeds("account-debit", account, "20", "--reason", "all of it")


def test_a_debit_told_twice_is_taken_once_even_when_nothing_is_left(ops: Operator, account: str) -> None:
    debit = ("account-debit", account, "20", "--reason", "all of it", "--reference", "d-1")
    ops.succeeds(*debit)
    assert "nothing was moved" in ops.succeeds(*debit)
    said = ops.refuses(1, *(word.replace("all of it", "some of it") for word in debit))
    assert "d-1 is already booked with -20.00 CNY (all of it)" in said


@pytest.mark.parametrize("verb", ["account-topup", "account-debit"])
def test_an_unknown_account_is_named(ops: Operator, verb: str) -> None:
    reason = ("--reason", "because") if verb == "account-debit" else ()
    assert "no account nobody" in ops.refuses(1, verb, "nobody", "5", *reason)


def test_what_is_counted_of_keys_is_held_against_the_tasks(ops: Operator, account: str) -> None:
    store, now = ops.deployment.store, 1_767_225_630_000
    (key,) = store.keys.of(account)
    task = Task(
        account, uuid7(now, 0), "aistudio", "kling", Kind.IMAGE, "kling-image", 200, now, now, key_id=key.key_id
    )
    store.submissions.create(task, DRAFT, Limits(ops.deployment.catalog.tiers[1]), None)
    ended = replace(task, state=State.SUCCEEDED, completed_at=now + 1500, version=1)
    assert store.tasks.save(task, ended, settle(task, ended))
    assert "what its tasks say" in ops.succeeds("usage-check", account)

    tables, (row,) = store.tasks.tables, store.usages.all(account)
    wrong = {"account_id": account, "sk": f"USAGE#{row.key_id}#{row.day:06}#{row.model}", "requests": 2}
    tables.put(TableName=tables.accounts, Item={name: pack(each) for name, each in wrong.items()})
    store.accounts.change(account, **{f"used_{key.key_id}": 150})

    said = ops.refuses(1, "usage-check", account)

    assert f"used by key {key.key_id}: 150 nanos counted, 200 nanos by the tasks" in said
    assert "requests 2, ok 0, tokens 0, cost 0, ms 0 counted, requests 1, ok 1, tokens 0, cost 200, ms 1500" in said
