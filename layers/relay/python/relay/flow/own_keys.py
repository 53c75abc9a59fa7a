"""What an account's owner does with its keys: as `accounts`, within what the account's tier allows."""

from __future__ import annotations

from collections.abc import Sequence

from relay.flow.access import Caller
from relay.flow.accounts import Accounts
from relay.flow.allowance import check_account
from relay.flow.services import Services
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.keys import KeyChange, KeyKind, KeyRequest, ListedKey, NewKey


def add(services: Services, caller: Caller, wanted: KeyRequest, *, issued: bool = True) -> NewKey:
    """A new key; one that is not `issued` is made when it is first asked for. Raises AccountFrozen, TooManyKeys."""
    check_account(services, caller)
    most = services.catalog.tiers[caller.tier].max_keys
    return Accounts.of(services).add_key(caller.account_id, wanted, most=most, issued=issued)


def issue(services: Services, caller: Caller, key_id: str) -> str:
    """The key that was added without being issued, once. Raises AccountFrozen, NoSuchKey, KeyShown."""
    check_account(services, caller)
    key(services, caller, key_id)
    return Accounts.of(services).issue_key(caller.account_id, key_id)


def keys(services: Services, caller: Caller) -> Sequence[ListedKey]:
    """All API keys, oldest first, with those that are revoked."""
    return [each for each in Accounts.of(services).keys(caller.account_id) if each.kind is KeyKind.API]


def key(services: Services, caller: Caller, key_id: str) -> ListedKey:
    """Raises NoSuchKey, also for one that is revoked."""
    found = Accounts.of(services).key(caller.account_id, key_id)
    if found.kind is not KeyKind.API:
        raise NoSuchKey
    return found


def change(services: Services, caller: Caller, wanted: KeyChange) -> ListedKey:
    """Raises NoSuchKey."""
    key(services, caller, wanted.key_id)
    return Accounts.of(services).change_key(caller.account_id, wanted.key_id, wanted.change)


def revoke(services: Services, caller: Caller, key_id: str) -> ListedKey:
    """The key as it was. Functions that run use it for a minute more at most. Raises NoSuchKey."""
    found = key(services, caller, key_id)
    Accounts.of(services).revoke_key(caller.account_id, key_id)
    return found
