"""An account's balance, and the pages of its statement."""

from __future__ import annotations

from datetime import date

from relay.effects.store.account_row import Windows
from relay.effects.store.accounts import AccountRow
from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.account import Balance, Profile, Statement, StatementPage
from relay.nouns.errors import BadKey

EPOCH = date(1970, 1, 1).toordinal()  # ordinal of day 0; days are local ones


def balance(services: Services, caller: Caller) -> Balance:
    """Balance, tier and today's use. The row's day counters are of its last creation: an older day means none today."""
    return _balance(services, _account(services, caller))


def profile(services: Services, caller: Caller) -> Profile:
    """The caller's account, with what a developer told of themselves."""
    account = _account(services, caller)
    developer = services.store.logins.developer(caller.account_id)
    email = developer.email if developer else ""
    about = account.account_id, account.name, email
    return Profile(*about, account.frozen, account.lines, _balance(services, account))


def consumption(services: Services, caller: Caller, wanted: Statement) -> StatementPage:
    """The wanted page of the entries in the wanted range, newest first, and how many there are in all."""
    days = _day(wanted.start_date), _day(wanted.end_date)
    begin = (wanted.page - 1) * wanted.page_size
    return StatementPage(*services.store.lines.page(caller.account_id, days, wanted.platform, begin, wanted.page_size))


def _day(day: date | None) -> int | None:
    return day.toordinal() - EPOCH if day else None


def _account(services: Services, caller: Caller) -> AccountRow:
    account = services.store.accounts.get(caller.account_id)
    if account is None:
        raise BadKey
    return account


def _balance(services: Services, account: AccountRow) -> Balance:
    today = Windows.at(services.clock(), services.catalog.utc_offset).day
    used, cost = (account.day_count, account.day_cost) if account.day == today else (0, 0)
    tier = services.catalog.tiers[account.tier]
    return Balance(account.balance, tier, used, cost, account.spent, services.catalog.usd)
