"""How many files an account may bring in a day, by its tier: everything that stores a client's bytes asks here."""

from __future__ import annotations

from collections.abc import Sequence

from relay.effects.store.accounts import AccountRow
from relay.effects.store.booking import DAY_SECONDS, Windows
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.catalog import Allowance
from relay.nouns.errors import AccountFrozen, RateLimited

MEGABYTE = 1 << 20


def check_account(services: Services, caller: Caller) -> None:
    """Raises AccountFrozen: access is remembered for a minute, so it does not know."""
    _active_account(services, caller)


def count_files(services: Services, caller: Caller, sizes: Sequence[int]) -> None:
    """Count files of so many bytes against the day. Raises RateLimited where they exceed it; then none is counted."""
    most = _allowance(services, _active_account(services, caller))
    if not services.store.upload_counts.add(caller.account_id, _day(services), len(sizes), sum(sizes), most):
        raise _allowance_exceeded(services, most)


def check_room(services: Services, caller: Caller, sizes: Sequence[int]) -> None:
    """Raises AccountFrozen, or RateLimited where the day has no room for such files; counts nothing.

    For files that come with a request which may still be refused: they are counted once it is accepted.
    """
    most = _allowance(services, _active_account(services, caller))
    files, size = services.store.upload_counts.read(caller.account_id, _day(services))
    if files + len(sizes) > most.files or size + sum(sizes) > most.megabytes * MEGABYTE:
        raise _allowance_exceeded(services, most)


def count_accepted(services: Services, caller: Caller, sizes: Sequence[int]) -> None:
    """Count files of a request that is paid for: they are kept even where others have used up the day meanwhile."""
    services.store.upload_counts.add(caller.account_id, _day(services), len(sizes), sum(sizes), None)


def _active_account(services: Services, caller: Caller) -> AccountRow:
    account = services.store.accounts.get(caller.account_id)
    if account is None or account.frozen:
        raise AccountFrozen
    return account


def _allowance(services: Services, account: AccountRow) -> Allowance:
    return services.catalog.tiers[account.tier].uploads if account.balance > 0 else services.catalog.unpaid_uploads


def _day(services: Services) -> int:
    return Windows.at(services.clock(), services.catalog.utc_offset).day


def _allowance_exceeded(services: Services, most: Allowance) -> RateLimited:
    left = DAY_SECONDS - (services.clock() // 1000 + services.catalog.utc_offset * 3600) % DAY_SECONDS
    return RateLimited(
        f"{most.files} files or {most.megabytes} MB of uploads a day are used up", "今日上传额度已用完", left
    )
