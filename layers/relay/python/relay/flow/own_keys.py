"""What an account's owner does with its keys: as `accounts`, within what the account's tier allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from relay.effects.store.account_row import DAY_SECONDS
from relay.flow.access import Caller
from relay.flow.accounts import SHOWN, Accounts
from relay.flow.allowance import check_account
from relay.flow.services import Services
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.errors import InvalidParameter, RateLimited
from relay.nouns.keys import KeyChange, KeyKind, KeyListing, KeyPage, KeyRequest, KeyStatus, ListedKey, NewKey

MADE_A_DAY = 100  # keys, by one account's owner


def add(services: Services, caller: Caller, wanted: KeyRequest, *, issued: bool = True) -> NewKey:
    """A new key; one that is not `issued` is made when it is first asked for. Raises InvalidParameter, AccountFrozen,
    RateLimited, TooManyKeys."""
    _check_tier(services, caller, wanted)
    _check_end(services, wanted, wanted.terms.expires_at)
    check_account(services, caller)
    _count_made(services, caller)
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


def page(services: Services, caller: Caller, asked: KeyListing) -> KeyPage:
    """The keys that are asked for. Of a key itself its beginning and a digest of all of it are kept."""
    found = [each for each in reversed(keys(services, caller)) if each.status is not KeyStatus.REVOKED]
    found = [each for each in found if asked.named.casefold() in each.name.casefold()]
    if asked.api_key and len(asked.api_key) <= SHOWN:
        found = [each for each in found if each.prefix.startswith(asked.api_key)]
    elif asked.api_key:
        found = [each for each in found if each.key_id == _id_of(services, caller, asked.api_key)]
    begin = (asked.page - 1) * asked.page_size
    return KeyPage(asked, found[begin : begin + asked.page_size], len(found))


def key(services: Services, caller: Caller, key_id: str) -> ListedKey:
    """Raises NoSuchKey, also for one that is revoked."""
    found = Accounts.of(services).key(caller.account_id, key_id)
    if found.kind is not KeyKind.API:
        raise NoSuchKey
    return found


def change(services: Services, caller: Caller, wanted: KeyChange) -> ListedKey:
    """Raises NoSuchKey, InvalidParameter."""
    _check_tier(services, caller, wanted)
    made = partial(_changed, services, wanted)
    return Accounts.of(services).change_key(caller.account_id, wanted.key_id, made)


def revoke(services: Services, caller: Caller, key_id: str) -> ListedKey:
    """The key as it was; what may still be done with it says `Accounts.revoke_key`. Raises NoSuchKey."""
    found = key(services, caller, key_id)
    Accounts.of(services).revoke_key(caller.account_id, key_id)
    return found


def _count_made(services: Services, caller: Caller) -> None:
    """A revoked key stays listed, so who makes and revokes keys without end would fill the table."""
    seconds = services.clock() // 1000
    day, left = seconds // DAY_SECONDS, DAY_SECONDS - seconds % DAY_SECONDS
    made = services.store.logins.count_try(f"keys-{caller.account_id}#{day}", (day + 2) * DAY_SECONDS, 1)
    if made > MADE_A_DAY:
        raise RateLimited(f"{MADE_A_DAY} new keys a day are used up", "今日新建密钥次数已达上限", left)


def _changed(services: Services, wanted: KeyChange, before: ListedKey) -> ListedKey:
    if before.kind is not KeyKind.API:
        raise NoSuchKey
    after = wanted.change(before)
    if after.terms.expires_at != before.terms.expires_at:
        _check_end(services, wanted, after.terms.expires_at)
    return after


def _check_tier(services: Services, caller: Caller, wanted: KeyRequest | KeyChange) -> None:
    if wanted.tier not in ("", services.catalog.tiers[caller.tier].name):
        field = wanted.fields.get("tier", "tier")
        raise InvalidParameter(field, "must be the account's own, or empty", "只能为账户自身的分组或留空")


def _check_end(services: Services, wanted: KeyRequest | KeyChange, expires_at: int) -> None:
    if expires_at and expires_at <= services.clock():
        raise InvalidParameter(wanted.fields.get("expires_at", "expires_at"), "lies in the past", "已是过去的时间")


def _id_of(services: Services, caller: Caller, api_key: str) -> str:
    """The id of a key of the caller's; empty where it is nobody's, or another's."""
    try:
        found = Accounts.of(services).find_key(api_key)
    except NoSuchKey:
        return ""
    return found.key_id if found.account_id == caller.account_id else ""
