"""What an account has and what it spent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from relay.errors import BadKey
from relay.flow.access import Caller
from relay.flow.house import House
from relay.ledger import Entry, EntryKind
from relay.statements import Balance, Statement
from relay.store.submit import Windows
from relay.task import uuid7

SPENT = (EntryKind.RESERVE, EntryKind.RELEASE)  # what a statement lists: charges, and charges given back


def balance(house: House, caller: Caller) -> Balance:
    """How an account stands now. The day's counters are those of the last creation, so an older day means none."""
    gate = house.store.accounts.gate(caller.account_id)
    if gate is None:
        raise BadKey
    today = Windows.at(house.clock(), house.catalog.utc_offset).day
    used, cost = (gate.day_count, gate.day_cost) if gate.day == today else (0, 0)
    return Balance(gate.balance, house.catalog.tiers[gate.tier], used, cost)


def consumption(house: House, caller: Caller, wanted: Statement) -> tuple[int, list[Entry]]:
    """How many entries the statement has in all, and the page that was asked for, newest first."""
    first = _bound(house, wanted.start_date) if wanted.start_date else ""
    last = _bound(house, wanted.end_date + timedelta(days=1)) if wanted.end_date else None
    begin = (wanted.page - 1) * wanted.page_size
    total, page = 0, list[Entry]()
    for entry in house.store.accounts.entries(caller.account_id, first, last):
        if entry.kind not in SPENT or wanted.platform not in (None, entry.platform):
            continue
        if begin <= total < begin + wanted.page_size:
            page.append(entry)
        total += 1
    return total, page


def _bound(house: House, day: date) -> str:
    """The least entry reference of a local day: references are UUIDv7, so they sort by instant."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=house.catalog.utc_offset)
    return uuid7(int(midnight.timestamp() * 1000), 0)
