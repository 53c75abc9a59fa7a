"""The audit finds a balance that is not its ledger's sum, raises no false alarm, and reads a bounded part per run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.effects.store.audits import Audits, Progress
from relay.flow.audit import audit
from tests.functional.aws_fakes import listening
from tests.functional.harness import KEY, Harness, harness, open_account

MINUTE = 60


@pytest.fixture
def here() -> Iterator[Harness]:
    """A relay whose pages hold three entries, so that ledgers have several."""
    with harness() as made:
        store = made.services.store
        small = replace(store, audits=Audits(store.audits.tables, page=3))
        made.services = replace(made.services, store=small)
        yield made


def steal(here: Harness, account_id: str, amount: int) -> None:
    """Change a balance without a ledger entry."""
    account = here.services.store.accounts.get(account_id)
    assert account is not None
    here.services.store.accounts.change(account_id, balance=account.balance + amount)


def round_of(here: Harness, steps: int = 1000) -> Progress:
    """A whole round from its beginning."""
    stands = audit(here.services, steps)
    assert stands.account_id == ""
    return stands


def spend(here: Harness, times: int) -> None:
    for _ in range(times):
        here.submit_image()
    here.pump()
    here.network.finish("failed")
    here.run(30)


def test_an_honest_ledger_is_found_honest(here: Harness) -> None:
    spend(here, 4)
    here.wait(2 * MINUTE)
    assert round_of(here).off_before == 0


def test_a_balance_that_is_not_its_ledgers_sum_is_found(here: Harness) -> None:
    for number in range(5):
        open_account(here, f"other{number}", f"{KEY}-{number}", "10", 1)
    spend(here, 4)
    here.wait(2 * MINUTE)
    steal(here, "other3", 1)  # one nano
    assert round_of(here).off_before == 1
    steal(here, "other3", -1)
    steal(here, here.account_id, -(10**9))
    assert round_of(here).off_before == 1
    steal(here, here.account_id, 10**9)
    assert round_of(here).off_before == 0


def test_a_run_reads_a_bounded_part_and_the_next_goes_on(here: Harness) -> None:
    spend(here, 5)  # a top-up, five reserves, five releases: four pages and an empty one
    here.wait(2 * MINUTE)
    steal(here, here.account_id, 7)
    stands = [audit(here.services, 2) for _ in range(4)]
    assert [one.last for one in stands[:3]] == sorted({one.last for one in stands[:3]})  # each run got further
    assert [one.accounts for one in stands] == [1, 1, 1, 0]
    assert stands[-1].off_before == 1


def test_money_that_moves_while_it_is_counted_is_no_drift(here: Harness) -> None:
    spend(here, 3)
    here.wait(2 * MINUTE)
    before = here.balance
    stands = audit(here.services, 2)
    while stands.account_id:
        here.submit_image()  # behind and before the place where the count stands
        here.wait(20)
        stands = audit(here.services, 1)
    assert here.balance < before
    assert stands.off_before == 0


def test_what_was_spent_in_the_last_minute_is_no_drift(here: Harness) -> None:
    here.wait(2 * MINUTE)
    for _ in range(7):  # more than a page of entries that may or may not be in the balance
        here.submit_image()
    assert round_of(here).off_before == 0


def test_more_than_the_last_minutes_money_is_drift_even_on_a_busy_account(here: Harness) -> None:
    here.wait(2 * MINUTE)
    here.submit_image()  # 0.20 that may or may not be in the balance
    steal(here, here.account_id, -(10**9))
    assert round_of(here).off_before == 1


def test_a_finding_is_kept_until_a_round_does_not_find_it(here: Harness) -> None:
    here.wait(2 * MINUTE)
    steal(here, here.account_id, 5)
    round_of(here)
    steal(here, here.account_id, -5)
    assert audit(here.services, 1).off_before == 1
    assert round_of(here).off_before == 0


def test_the_age_is_that_of_the_last_complete_round(here: Harness) -> None:
    began = here.now[0]
    assert audit(here.services, 1).round_at == began
    here.wait(MINUTE)
    assert audit(here.services, 1).round_at == began
    here.wait(MINUTE)
    assert round_of(here).round_at == here.now[0]


def test_an_audit_reads_ledgers_and_writes_none(here: Harness) -> None:
    spend(here, 2)
    client: Any = here.services.store.accounts.tables.client
    rows = client.scan(TableName=here.services.store.accounts.tables.accounts)["Items"]
    round_of(here)
    assert client.scan(TableName=here.services.store.accounts.tables.accounts)["Items"] == rows


def test_the_next_account_is_found_without_reading_the_ledger_of_the_one_before(here: Harness) -> None:
    spend(here, 2)
    tables = here.services.store.accounts.tables
    first = str(next(iter(tables.client.scan(TableName=tables.accounts)["Items"]))["account_id"]["S"])
    scanned: list[dict[str, Any]] = []

    def counted(parsed: dict[str, Any], **_: object) -> None:
        scanned.extend(parsed["Items"])

    with listening(tables.client, "after-call.dynamodb.Scan", counted):
        here.services.store.audits.next_account(first)

    assert len(scanned) <= 1  # the account's key is listed behind its entries; none of those is read
