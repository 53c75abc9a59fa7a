"""The audit: every account's balance against the sum of its ledger, a bounded part of it in each run.

Money moves during the count: a balance is read once and compared with the entries written before. Entries written
around that instant may or may not be included in it, so a difference they can explain is not reported. A real
difference remains after a quiet minute and is found in this round or a later one; there are no false alarms.
"""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.store.audits import Progress
from relay.flow.services import Services

READS = 100  # pages of entries read in one run
BEFORE_MS, AFTER_MS = 60_000, 10_000  # a write may be this late after its entry's time; clocks may differ so

logger = Logger(child=True)


def audit(services: Services, steps: int = READS) -> Progress:
    """Continue where the last run stopped, at most to the end of the round over all accounts."""
    progress = services.store.audits.progress()
    if not progress.round_at:
        progress = replace(progress, round_at=services.clock())
    for _ in range(steps):
        progress = _count_page(services, progress) if progress.read_at else _start_account(services, progress)
        if not progress.account_id:  # the round is over
            break
    services.store.audits.note(progress)
    return progress


def _start_account(services: Services, progress: Progress) -> Progress:
    """Begin the next account by reading its balance; after the last one the round is over."""
    account_id = services.store.audits.next_account(progress.account_id)
    if account_id is None:
        return Progress(off_before=progress.off, round_at=services.clock())
    read_at = services.clock()
    account = services.store.accounts.get(account_id)
    kept = replace(progress, account_id=account_id, accounts=progress.accounts + 1)
    fresh = replace(kept, balance=account.balance if account else 0, total=0, least=0, most=0, last="")
    return replace(fresh, read_at=read_at)


def _count_page(services: Services, progress: Progress) -> Progress:
    """Add up one more page of the account's entries, or finish it after the last."""
    lines = services.store.audits.lines(progress.account_id, progress.last)
    if not lines:
        return _finish_account(progress)
    surely = [line.amount for line in lines if line.at < progress.read_at - BEFORE_MS]
    perhaps = [line.amount for line in lines if -BEFORE_MS <= line.at - progress.read_at <= AFTER_MS]
    return replace(
        progress,
        total=progress.total + sum(surely),
        least=progress.least + sum(amount for amount in perhaps if amount < 0),
        most=progress.most + sum(amount for amount in perhaps if amount > 0),
        last=lines[-1].sort_key,
    )


def _finish_account(progress: Progress) -> Progress:
    drift = progress.balance - progress.total
    closed = replace(progress, read_at=0)
    if progress.least <= drift <= progress.most:
        return closed
    logger.error("the balance is not the sum of the ledger", account_id=progress.account_id, drift=drift)
    return replace(closed, off=progress.off + 1)
