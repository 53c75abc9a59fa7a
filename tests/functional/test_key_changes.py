"""Changes of a key that meet: none undoes another, and each is refused before it is half made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from relay.effects.store.keys import Keys
from relay.effects.store.table import Tables
from relay.flow import own_keys
from relay.flow.access import Caller
from relay.flow.accounts import Accounts
from relay.nouns.account_errors import KeyShown, NoSuchKey
from relay.nouns.errors import Contended, InvalidParameter
from relay.nouns.keys import KeyChange, KeyListing, KeyRequest, KeyStatus, KeyTerms, ListedKey
from tests.functional.contended_tables import contend
from tests.functional.harness import Harness, harness
from tests.functional.refusals import stored_state


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def accounts(here: Harness) -> Accounts:
    return Accounts.of(here.services)


def owner(here: Harness) -> Caller:
    return Caller(here.account_id, 3, "newapi")


def meeting(other: Callable[[], object], change: Callable[[ListedKey], ListedKey]) -> Callable[[ListedKey], ListedKey]:
    """A change during which, the first time it is made, another one happens."""
    waiting = [other]

    def made(before: ListedKey) -> ListedKey:
        if waiting:
            waiting.pop()()
        return change(before)

    return made


def test_a_key_that_is_disabled_while_it_is_renamed_is_both(here: Harness, accounts: Accounts) -> None:
    key_id = accounts.add_key(here.account_id, KeyRequest("old", budget=10**9)).listed.key_id
    disable = lambda: accounts.change_key(  # noqa: E731
        here.account_id, key_id, lambda key: replace(key, status=KeyStatus.DISABLED, left=5)
    )
    rename = meeting(disable, lambda key: replace(key, name="new"))
    told = accounts.change_key(here.account_id, key_id, rename)
    assert (told.name, told.status, told.left) == ("new", KeyStatus.DISABLED, 5)
    assert replace(accounts.key(here.account_id, key_id), last_used_at=0) == told


def test_a_key_that_is_revoked_while_it_is_changed_stays_so(here: Harness, accounts: Accounts) -> None:
    made = accounts.add_key(here.account_id, KeyRequest("a key"))
    revoke = lambda: accounts.revoke_key(here.account_id, made.listed.key_id)  # noqa: E731
    with pytest.raises(NoSuchKey):
        accounts.change_key(here.account_id, made.listed.key_id, meeting(revoke, lambda key: replace(key, left=7)))
    row = here.services.store.accounts.get(here.account_id)
    assert row is not None
    assert made.listed.key_id not in row.key_counts


@dataclass
class Interrupted:
    """A client of DynamoDB that lets something else happen before its first transaction."""

    client: Any
    other: Callable[[], object]
    done: bool = False

    def __getattr__(self, name: str) -> Any:
        if name == "transact_write_items" and not self.done:
            self.done = True
            self.other()
        return getattr(self.client, name)


def interrupted(tables: Tables, other: Callable[[], object]) -> Keys:
    client: Any = Interrupted(tables.client, other)
    return Keys(replace(tables, client=client))


def test_a_key_that_is_disabled_while_it_is_issued_cannot_be_used(here: Harness, accounts: Accounts) -> None:
    key_id = accounts.add_key(here.account_id, KeyRequest("a key"), issued=False).listed.key_id
    disable = lambda: accounts.change_key(  # noqa: E731
        here.account_id, key_id, lambda key: replace(key, status=KeyStatus.DISABLED)
    )
    store = replace(accounts.store, keys=interrupted(accounts.store.keys.tables, disable))
    api_key = replace(accounts, store=store).issue_key(here.account_id, key_id)
    assert accounts.find_key(api_key).status is KeyStatus.DISABLED
    with pytest.raises(KeyShown):
        accounts.issue_key(here.account_id, key_id)


def test_of_two_who_ask_for_a_key_at_once_one_is_shown_it(here: Harness, accounts: Accounts) -> None:
    key_id = accounts.add_key(here.account_id, KeyRequest("a key"), issued=False).listed.key_id
    shown = list[str]()
    tables, other = accounts.store.keys.tables, lambda: shown.append(accounts.issue_key(here.account_id, key_id))
    store = replace(accounts.store, keys=interrupted(tables, other))
    with pytest.raises(KeyShown):
        replace(accounts, store=store).issue_key(here.account_id, key_id)
    assert accounts.find_key(shown[0]).key_id == key_id


def test_of_two_who_revoke_a_key_at_once_one_is_counted(here: Harness, accounts: Accounts) -> None:
    account_id = accounts.open("two keys", 3)
    accounts.add_key(account_id, KeyRequest("another"))
    key_id = accounts.add_key(account_id, KeyRequest("a key")).listed.key_id
    tables, other = accounts.store.keys.tables, lambda: accounts.revoke_key(account_id, key_id)
    replace(accounts, store=replace(accounts.store, keys=interrupted(tables, other))).revoke_key(account_id, key_id)
    assert accounts.get(account_id).keys == 1


def test_an_end_in_the_past_and_anothers_tier_are_refused_in_the_clients_words(here: Harness) -> None:
    words = {"expires_at": "expired_time", "tier": "group"}
    past = KeyTerms(expires_at=here.now[0])
    key_id = own_keys.add(here.services, owner(here), KeyRequest("a key")).listed.key_id
    before = stored_state(here)
    wrong: tuple[tuple[KeyRequest | KeyChange, str], ...] = (
        (KeyRequest("a key", past, fields=words), "expired_time"),
        (KeyRequest("a key", tier="vip", fields=words), "group"),
        (KeyChange(key_id, lambda key: replace(key, terms=past), fields=words), "expired_time"),
        (KeyChange(key_id, lambda key: key, "vip", words), "group"),
    )
    for wanted, field in wrong:
        ask: Callable[..., object] = own_keys.add if isinstance(wanted, KeyRequest) else own_keys.change
        with pytest.raises(InvalidParameter) as refused:
            ask(here.services, owner(here), wanted)
        assert refused.value.field == field
    assert stored_state(here) == before


def test_a_page_of_keys_is_newest_first_and_found_by_name_and_by_key(here: Harness, accounts: Accounts) -> None:
    account_id = accounts.open("many keys", 3)
    caller = Caller(account_id, 3, "newapi")
    made = []
    for name in ("Alpha", "beta", "gamma"):
        here.wait(1)
        made.append(accounts.add_key(account_id, KeyRequest(name)))
    accounts.revoke_key(account_id, made[0].listed.key_id)
    another = accounts.add_key(here.account_id, KeyRequest("gamma"))

    def found(asked: KeyListing) -> tuple[list[str], int]:
        page = own_keys.page(here.services, caller, asked)
        return [each.name for each in page.keys], page.total

    assert found(KeyListing()) == (["gamma", "beta"], 2)
    assert found(KeyListing(page=2, page_size=1)) == (["beta"], 2)
    assert found(KeyListing(page=9)) == ([], 2)
    assert found(KeyListing(named="BET")) == (["beta"], 1)
    assert found(KeyListing(api_key=made[1].api_key)) == (["beta"], 1)
    assert found(KeyListing(api_key=made[2].listed.prefix)) == (["gamma"], 1)
    for stranger in (another.api_key, made[0].api_key, "sk-EXAMPLE-nobody"):
        assert found(KeyListing(api_key=stranger)) == ([], 0)


def test_a_crowd_at_one_key_is_shown_it_once_and_leaves_it_as_it_is_listed(here: Harness) -> None:
    key_id = Accounts.of(here.services).add_key(here.account_id, KeyRequest("a key"), issued=False).listed.key_id
    services, client = here.services, contend(here, [], hold=0.001)
    accounts, shown = Accounts.of(here.services), list[str]()
    here.services = services

    def work(number: int) -> None:
        terms = KeyTerms(per_minute=number + 1)
        status = KeyStatus.DISABLED if number % 3 else KeyStatus.ACTIVE
        changes: tuple[Callable[[ListedKey], ListedKey], ...] = (
            lambda key: replace(key, name=f"{key.name}{number}"),
            lambda key: replace(key, status=status),
            lambda key: replace(key, terms=terms, left=number),
        )
        with suppress(KeyShown, Contended):
            shown.append(accounts.issue_key(here.account_id, key_id))
        with suppress(Contended):
            accounts.change_key(here.account_id, key_id, changes[number % 3])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(24)))
    assert client.conflicts
    listed, (api_key,) = accounts.key(here.account_id, key_id), shown
    known = accounts.find_key(api_key)
    assert (known.key_id, known.status, known.terms) == (key_id, listed.status, listed.terms)
    assert listed.prefix == api_key[:7]
    assert listed.left == (listed.terms.per_minute - 1 if listed.terms.per_minute else None)
