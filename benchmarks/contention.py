"""python -m benchmarks.contention: creations on one account by many containers at once, as far as one machine can show.

The store takes tasks asked for at random instants. DynamoDB is a model, for an emulator takes one request
after the other: a transaction holds its rows for HOLD seconds and cancels any other that touches one of them, as
DynamoDB does (it publishes no figure for the hold). Conditions always hold, rows are not kept, every request is a new
container's. So this measures tries, waiting and 429s under that assumption; measure a real table too.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from statistics import mean, quantiles
from threading import Lock
from typing import Any, ClassVar

from rich.console import Console
from rich.table import Table

from benchmarks.measured import BY_POLLING
from relay.effects.store import Store
from relay.effects.store.codec import pack
from relay.effects.store.limits import Limits
from relay.effects.store.table import Tables
from relay.nouns.errors import RateLimited
from relay.nouns.ids import uuid7
from relay.nouns.task import Task
from relay.nouns.tiers import Tier

SECONDS, RATES, HOLDS = 6, (20, 50, 100), (0.004, 0.008, 0.015)
TIER = Tier(3, "bench", per_minute=10**6, per_day=10**6, in_flight=10**6, reads_per_minute=10**6)
ROW = {"status": "active", "minute": 0, "day": 0, "block": 0, "lines": 0, "spent": 0, "balance": 10**15}


class CancelledError(Exception):
    """A transaction that met another, in the words of DynamoDB."""

    response: ClassVar[dict[str, Any]] = {"CancellationReasons": [{"Code": "TransactionConflict"}]}


class _Exceptions:
    TransactionCanceledException = CancelledError


@dataclass
class ContendedTable:
    """A DynamoDB whose transactions hold the account row for a while; it counts the tries."""

    hold: float
    tries: int = 0
    exceptions: type[_Exceptions] = _Exceptions
    _held: Lock = field(default_factory=Lock)

    def get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own arguments
        return {"Item": {name: pack(value) for name, value in ROW.items()}} if "sk" in asked["Key"] else {}

    def transact_write_items(self, **_: object) -> None:
        self.tries += 1
        if not self._held.acquire(blocking=False):
            time.sleep(self.hold / 2)
            raise CancelledError
        try:
            time.sleep(self.hold)
        finally:
            self._held.release()


def make_task(number: int) -> Task:
    now = time.time_ns() // 1_000_000
    return replace(BY_POLLING.task("bench", now, price=1), task_id=uuid7(now, number), due_at=now)


def create(client: Any, number: int) -> tuple[bool, float]:  # noqa: ANN401 - a model of the SDK's client
    """Whether a creation was accepted, and the seconds it took to know."""
    store = Store.over(Tables(client, "tasks", "accounts", "directory"), shards=1, utc_offset=8)
    began = time.monotonic()
    try:
        store.submissions.create(make_task(number), BY_POLLING.draft(), Limits(TIER), None)
    except RateLimited:
        return False, time.monotonic() - began
    return True, time.monotonic() - began


def measure(rate: int, hold: float) -> tuple[str, ...]:
    model = ContendedTable(hold)
    with ThreadPoolExecutor(400) as containers:
        asked = []
        for number in range(rate * SECONDS):
            asked.append(containers.submit(create, model, number))
            time.sleep(random.expovariate(rate))
        answers = [each.result() for each in asked]
    seconds = [taken for _, taken in answers]
    refused = mean(not accepted for accepted, _ in answers)
    p95 = quantiles(seconds, n=20)[-1]
    counted = (f"{rate}", f"{hold * 1000:g}", f"{model.tries / len(answers):.1f}", f"{refused:.1%}")
    return (*counted, f"{p95:.2f}", f"{max(seconds):.2f}")


def main() -> None:
    table = Table("creations a second", "hold, ms", "tries", "429", "p95, s", "longest, s")
    for hold in HOLDS:
        for rate in RATES:
            table.add_row(*measure(rate, hold))
    Console().print(table)


if __name__ == "__main__":
    main()
