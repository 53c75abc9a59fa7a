"""What an account has and what it spent."""

from __future__ import annotations

from datetime import date

from relay.errors import BadKey
from relay.flow.access import Caller
from relay.flow.house import House
from relay.ledger import Entry
from relay.statements import Balance, Statement
from relay.store.booking import Windows

EPOCH = date(1970, 1, 1).toordinal()  # local days are counted from here


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
    days = _day(wanted.start_date), _day(wanted.end_date)
    begin = (wanted.page - 1) * wanted.page_size
    return house.store.lines.page(caller.account_id, days, wanted.platform, begin, wanted.page_size)


def _day(day: date | None) -> int | None:
    return day.toordinal() - EPOCH if day else None
