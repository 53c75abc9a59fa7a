"""How many files an account may bring in a day, by its tier: everything that stores a client's bytes asks here."""

from __future__ import annotations

from collections.abc import Sequence

from relay.catalog import Allowance
from relay.errors import AccountFrozen, RateLimited
from relay.flow.access import Caller
from relay.flow.house import House
from relay.store.accounts import Gate
from relay.store.booking import DAY_SECONDS, Windows

MEGABYTE = 1 << 20


def check_account(house: House, caller: Caller) -> None:
    """Raises AccountFrozen: access is remembered for a minute, so it does not know."""
    _account(house, caller)


def count(house: House, caller: Caller, sizes: Sequence[int]) -> None:
    """Count files of so many bytes against the day. Raises RateLimited where they exceed it; then none is counted."""
    most = _allowance(house, _account(house, caller))
    if not house.store.files.count(caller.account_id, _day(house), len(sizes), sum(sizes), most):
        raise _used_up(house, most)


def check_room(house: House, caller: Caller, sizes: Sequence[int]) -> None:
    """Raises AccountFrozen, or RateLimited where the day has no room for such files; counts nothing.

    For files that come with a request which may still be refused: they are counted once it is accepted.
    """
    most = _allowance(house, _account(house, caller))
    files, size = house.store.files.counted(caller.account_id, _day(house))
    if files + len(sizes) > most.files or size + sum(sizes) > most.megabytes * MEGABYTE:
        raise _used_up(house, most)


def count_accepted(house: House, caller: Caller, sizes: Sequence[int]) -> None:
    """Count files of a request that is paid for: they are kept even where others have used up the day meanwhile."""
    house.store.files.count(caller.account_id, _day(house), len(sizes), sum(sizes), None)


def _account(house: House, caller: Caller) -> Gate:
    account = house.store.accounts.gate(caller.account_id)
    if account is None or account.frozen:
        raise AccountFrozen
    return account


def _allowance(house: House, account: Gate) -> Allowance:
    return house.catalog.tiers[account.tier].uploads if account.balance > 0 else house.catalog.unpaid_uploads


def _day(house: House) -> int:
    return Windows.at(house.clock(), house.catalog.utc_offset).day


def _used_up(house: House, most: Allowance) -> RateLimited:
    left = DAY_SECONDS - (house.clock() // 1000 + house.catalog.utc_offset * 3600) % DAY_SECONDS
    return RateLimited(
        f"{most.files} files or {most.megabytes} MB of uploads a day are used up", "今日上传额度已用完", left
    )
