"""Daily upload limits by tier: every use case that stores a client's bytes counts them here."""

from __future__ import annotations

from collections.abc import Sequence

from relay.effects.store.account_row import DAY_SECONDS, Windows
from relay.effects.store.accounts import AccountRow
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.errors import AccountFrozen, RateLimited
from relay.nouns.tiers import Allowance

MEGABYTE = 1 << 20


def check_account(services: Services, caller: Caller) -> None:
    """Raises AccountFrozen, read from the table: access is cached for a minute and may miss a freeze."""
    _active_account(services, caller)


def count_files(services: Services, caller: Caller, sizes: Sequence[int]) -> None:
    """Count files of these `sizes` (bytes) against today. Raises RateLimited, and counts none, where they exceed it."""
    most = _allowance(services, _active_account(services, caller))
    if not services.store.upload_counts.add(caller.account_id, _day(services), len(sizes), sum(sizes), most):
        raise _allowance_exceeded(services, most)


def count_bytes(services: Services, caller: Caller, size: int) -> None:
    """Count the bytes of a file that was counted before it was there. Raises RateLimited where they exceed today's."""
    most = _allowance(services, _active_account(services, caller))
    if not services.store.upload_counts.add(caller.account_id, _day(services), 0, size, most):
        raise _allowance_exceeded(services, most)


def check_allowance(services: Services, caller: Caller, sizes: Sequence[int]) -> None:
    """Raises AccountFrozen, or RateLimited where files of these `sizes` (bytes) exceed today's limit; counts nothing.

    For files inside a request that may still be refused: `count_accepted` counts them once it is accepted.
    """
    most = _allowance(services, _active_account(services, caller))
    files, size = services.store.upload_counts.read(caller.account_id, _day(services))
    if files + len(sizes) > most.files or size + sum(sizes) > most.megabytes * MEGABYTE:
        raise _allowance_exceeded(services, most)


def count_accepted(services: Services, caller: Caller, sizes: Sequence[int]) -> None:
    """Count files of an accepted request without checking the limit again: the request is charged already."""
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
