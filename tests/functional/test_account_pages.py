"""Statement pages by number: always the right lines, with as many reads however long the ledger is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.statements import make_ledger
from relay.effects.store import Store
from relay.effects.store.codec import entry_item, unpack
from relay.nouns.ids import uuid7
from relay.nouns.money import Entry, EntryKind
from tests.functional.harness import Harness, harness, open_account
from tests.functional.test_account import BALANCE, CONSUMPTION, at, data

KEY, OFFSET = "sk-EXAMPLE-long", 8 * 3600 * 1000
DAY = 86_400_000
START = at("2025-11-30T17:00:00")  # an hour into a local day
BUSY = 1_600  # lines of the one busy day, in seven blocks


def ledger() -> Iterator[Entry]:
    """A busy day, and a few lines a day before and after it; now and then another platform, and a refund."""
    instants = [START + day * DAY for day in range(20)]
    instants += [START + 20 * DAY + number * 1000 for number in range(BUSY)]
    instants += [START + day * DAY + number for day in range(21, 40) for number in range(3)]
    for number, instant in enumerate(instants):
        refund = number % 7 == 3
        platform = "suno" if number % 500 == 11 else "grok" if number % 3 == 0 else "kling"
        kind, amount = (EntryKind.RELEASE, 10**7) if refund else (EntryKind.RESERVE, -(10**7))
        yield Entry("long", uuid7(instant, number), kind, amount, instant, platform, "image")


LEDGER = list(ledger())


@pytest.fixture(scope="module")
def long() -> Iterator[Harness]:
    with harness() as made:
        open_account(made, "long", KEY, "0", 3)
        made.now[0] = LEDGER[-1].at
        filled = make_ledger(LEDGER)
        store(made, [entry_item(row, key) if isinstance(row, Entry) else row for key, row in filled.rows.items()])
        made.services.store.accounts.change("long", **unpack(filled.account))
        yield made


def store(made: Harness, rows: list[Any], table: str = "AccountsTable") -> None:
    client = made.services.store.tasks.tables.client
    for first in range(0, len(rows), 25):
        puts: list[Any] = [{"PutRequest": {"Item": row}} for row in rows[first : first + 25]]
        client.batch_write_item(RequestItems={table: puts})


class Reads:
    """Counts the DynamoDB requests and the rows they read."""

    def __init__(self, client: Any) -> None:
        self._client, self.calls, self.rows = client, 0, 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name not in ("get_item", "query"):
            return real

        def request(**arguments: Any) -> Any:
            answer = real(**arguments)
            self.calls += 1
            self.rows += answer.get("ScannedCount", 1)
            return answer

        return request


def counted(here: Harness) -> Reads:
    tables = here.services.store.tasks.tables
    reads: Any = Reads(tables.client)
    here.services = replace(here.services, store=Store.over(replace(tables, client=reads), shards=1, utc_offset=8))
    return reads  # type: ignore[no-any-return]


def local_day(entry: Entry) -> str:
    return datetime.fromtimestamp((entry.at + OFFSET) / 1000, UTC).date().isoformat()


ASKED: list[dict[str, Any]] = [
    {},
    {"platform": "kling"},
    {"platform": "suno"},
    {"platform": "hailuo"},
    {"start_date": "2025-12-21", "end_date": "2025-12-21"},
    {"start_date": "2025-12-21", "end_date": "2025-12-21", "platform": "suno"},
    {"start_date": "2025-12-05", "end_date": "2025-12-30", "platform": "grok"},
    {"end_date": "2025-12-20"},
    {"start_date": "2025-12-22"},
    {"start_date": "2027-01-01"},
]


def expected(wanted: dict[str, Any]) -> list[str]:
    first, last = wanted.get("start_date", ""), wanted.get("end_date", "~")
    kept = [each for each in LEDGER if first <= local_day(each) <= last]
    return [each.reference for each in reversed(kept) if wanted.get("platform") in (None, each.platform)]


@pytest.mark.parametrize("wanted", ASKED, ids=str)
def test_every_kind_of_page_holds_what_it_should_in_bounded_reads(long: Harness, wanted: dict[str, Any]) -> None:
    whole, size = expected(wanted), 30
    reads = counted(long)
    data(long, BALANCE, key=KEY)  # who is calling is looked up once a minute
    last = max(1, -(-len(whole) // size))
    for page in sorted({1, last // 2 + 1, last, 1_000_000}):
        reads.calls = reads.rows = 0

        found = data(long, CONSUMPTION, {**wanted, "page": page, "page_size": size}, KEY)

        assert found["total"] == len(whole)
        assert [each["task_id"] for each in found["records"]] == whole[(page - 1) * size : page * size]
        rare = wanted.get("platform") == "suno"  # each of its lines may lie in a block of its own
        most = (12, 1300) if rare else (7, 900)
        assert reads.calls <= most[0]
        assert reads.rows <= most[1]
