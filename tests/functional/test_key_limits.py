"""What a key may spend and how often it may ask: exact on the account row, whoever else spends, revokes or dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.capacity import item_size
from relay.effects.store import Store
from relay.effects.store.account_row import account_key
from relay.effects.store.key_rows import KeyCount
from relay.effects.store.limits import Limits
from relay.flow.access import Caller
from relay.flow.accounts import Accounts
from relay.flow.intake import new_task, submit
from relay.flow.reserving import Reservations
from relay.flow.usage_check import differences
from relay.nouns.account_errors import KeyExhausted, NoSuchKey
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import BadKey, InsufficientBalance, RateLimited
from relay.nouns.inference import Inference, Tokens
from relay.nouns.keys import KeyStatus, KeyTerms, ListedKey
from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.contended_tables import contend, transaction_cancelled
from tests.functional.harness import KEY, Harness, harness
from tests.functional.refusals import refused
from tests.speaking import CATALOG

IMAGES, CAT = "/api/kling/images", {"prompt": "a cat"}
PRICE = nanos("0.20")
ASKED = Inference("newapi", "chat", "gpt-4o-mini", "gpt-4o-mini", {}, Tokens(1000, 1000))
DRAFT = Draft("aistudio", "kling", Kind.IMAGE, "kling-image", "a cat")


def add_key(here: Harness, key_id: str, left: int | None = None) -> None:
    listed = ListedKey(key_id, "", "sk-", KeyStatus.ACTIVE, here.now[0], left=left)
    here.services.store.keys.add(here.account_id, listed, f"digest of {key_id}", None)


def budget(here: Harness, left: int | None, key_id: str = "key1") -> None:
    Accounts.of(here.services).change_key(here.account_id, key_id, lambda key: replace(key, left=left))


def counted(here: Harness, key_id: str = "key1") -> KeyCount | None:
    account = here.services.store.accounts.get(here.account_id)
    assert account is not None
    return account.key_counts.get(key_id)


def new_container(here: Harness) -> Harness:
    """The same tables and upstreams, seen by a process that knows nothing yet."""
    store = Store.over(here.services.store.tasks.tables, shards=1, utc_offset=8)
    return replace(here, services=replace(here.services, store=store))


def revoke(here: Harness, key_id: str = "key1") -> None:
    assert here.services.store.keys.revoke(here.account_id, key_id, here.now[0])


def attributes(here: Harness) -> dict[str, Any]:
    tables = here.services.store.tasks.tables
    row = tables.get(TableName=tables.accounts, Key=account_key(here.account_id), ConsistentRead=True)
    assert row is not None
    return row


def end(here: Harness, how: str) -> None:
    here.pump()
    here.network.finish(how)
    here.run(20)


def test_a_key_spends_its_budget_and_not_a_nano_more(here: Harness) -> None:
    budget(here, 2 * PRICE + PRICE - 1)
    assert [here.post(IMAGES, CAT)[0] for _ in range(2)] == [200, 200]

    refusal = refused(here, "POST", IMAGES, CAT)

    assert (refusal.status, refusal.code) == (402, "INSUFFICIENT_BALANCE")
    assert refusal.message == KeyExhausted.default[1]
    assert counted(here) == KeyCount(2 * PRICE, PRICE - 1)


def test_what_comes_back_can_be_spent_again(here: Harness) -> None:
    budget(here, PRICE)
    here.submit_image()
    assert counted(here) == KeyCount(PRICE, 0)

    end(here, "failed")

    assert counted(here) == KeyCount(0, PRICE)
    here.submit_image()
    end(here, "succeeded")
    assert counted(here) == KeyCount(PRICE, 0)


def test_what_was_not_made_goes_back_to_the_key_as_to_the_account(here: Harness) -> None:
    budget(here, 5 * PRICE)
    here.submit_kie_image(nVariants=4)
    here.pump()
    (job,) = here.network.jobs.values()
    job.state, job.urls = "succeeded", ("https://files.kie.example/1.png",)
    here.callback(job)

    spent = nanos(100) - here.balance

    assert spent == nanos("0.18")
    assert counted(here) == KeyCount(spent, 5 * PRICE - spent)


@pytest.mark.parametrize("knows", [True, False], ids=["a container that saw the key", "one that never did"])
def test_two_processes_share_a_keys_last_money_between_them(here: Harness, *, knows: bool) -> None:
    other = new_container(here)
    if knows:
        other.submit_image()
    budget(here, 3 * PRICE)
    ways = [here, other] * 3

    served = [way.post(IMAGES, CAT)[0] for way in ways]

    assert served == [200] * 3 + [402] * 3
    assert counted(here) == KeyCount((3 + knows) * PRICE, 0)


def test_requests_at_once_share_a_keys_last_money_between_them(here: Harness) -> None:
    budget(here, 4 * PRICE)
    crowded, caller = contend(here, hold=0.003), Caller(here.account_id, 3, "aistudio", key_id="key1")

    def create(_: int) -> type[Exception] | None:
        try:
            submit(here.services, caller, DRAFT)
        except (KeyExhausted, RateLimited) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(12) as clients:
        said = list(clients.map(create, range(12)))

    assert crowded.conflicts > 0
    made = said.count(None)
    assert 0 < made <= 4
    assert made == 4 or KeyExhausted not in said
    assert counted(here) == KeyCount(made * PRICE, (4 - made) * PRICE)
    assert (differences(here.services.store, here.account_id), here.drift) == ([], 0)


def test_a_budget_that_comes_or_goes_while_a_task_is_open_holds_for_the_next_one(here: Harness) -> None:
    before, other = here.submit_image(), new_container(here)
    budget(other, 0)
    refused(here, "POST", IMAGES, CAT)
    budget(other, PRICE)
    here.submit_image()
    refused(here, "POST", IMAGES, CAT)

    end(here, "failed")

    assert here.task(before).state is State.FAILED
    assert counted(here) == KeyCount(0, 2 * PRICE)  # what is used and left together never changes by itself
    budget(other, None)
    here.submit_image()
    assert counted(here) == KeyCount(PRICE)


def test_the_account_is_asked_first_and_a_key_without_a_budget_has_what_the_account_has() -> None:
    with harness(balance="0.20") as here:
        budget(here, 0)
        caller = Caller(here.account_id, 3, "aistudio", key_id="key1")
        with pytest.raises(KeyExhausted):
            submit(here.services, caller, DRAFT)
        budget(here, None)
        submit(here.services, caller, DRAFT)
        budget(here, 0)
        with pytest.raises(InsufficientBalance) as refusal:
            submit(here.services, caller, DRAFT)
        assert not isinstance(refusal.value, KeyExhausted)


@pytest.mark.parametrize("limit", [None, 5 * PRICE])
@pytest.mark.parametrize("how", ["succeeded", "failed"])
def test_a_key_revoked_while_its_task_is_open_leaves_no_trace_and_its_task_ends(
    here: Harness, limit: int | None, how: str
) -> None:
    budget(here, limit)
    task_id = here.submit_image()
    other = new_container(here)
    revoke(other)

    end(here, how)

    assert here.task(task_id).state is State(how)
    assert not [name for name in attributes(here) if "key1" in name]
    assert here.drift == 0


@pytest.mark.parametrize("knows", [True, False], ids=["remembered", "not remembered"])
@pytest.mark.parametrize("limit", [None, 5 * PRICE])
def test_a_revoked_key_is_charged_nothing_where_it_is_still_let_in(
    here: Harness, limit: int | None, *, knows: bool
) -> None:
    caller = Caller(here.account_id, 3, "aistudio", key_id="key1")
    budget(here, limit)
    submit(here.services, caller, DRAFT)
    revoke(new_container(here))
    paid, late = here.balance, here if knows else new_container(here)

    for _ in range(2):
        with pytest.raises(BadKey):
            submit(late.services, caller, DRAFT)

    assert here.balance == paid
    assert not [name for name in attributes(here) if "key1" in name]


def test_no_budget_is_set_for_a_key_that_is_revoked_or_another_accounts(here: Harness) -> None:
    revoke(here)
    for key_id in ("key1", "ffffffff"):
        with pytest.raises(NoSuchKey):
            budget(here, 1, key_id)
    assert counted(here) is None


def test_two_keys_of_an_account_have_a_budget_each(here: Harness) -> None:
    odd = "ключ-1#$ x"  # of no key that is made today; nothing relies on that
    add_key(here, odd)
    budget(here, PRICE)
    budget(here, 2 * PRICE, odd)
    callers = [Caller(here.account_id, 3, "aistudio", key_id=key_id) for key_id in ("key1", odd)]

    for caller, times in zip(callers, (1, 2), strict=True):
        for _ in range(times):
            submit(here.services, caller, DRAFT)
        with pytest.raises(KeyExhausted):
            submit(here.services, caller, DRAFT)
    end(here, "failed")

    assert (counted(here), counted(here, odd)) == (KeyCount(0, PRICE), KeyCount(0, 2 * PRICE))


def test_a_keys_minute_is_counted_exactly_whichever_process_counts(here: Harness) -> None:
    other = new_container(here)
    caller = Caller(here.account_id, 3, "aistudio", key_id="key1")
    limits = Limits(CATALOG.tiers[3], 3)

    def create(way: Harness, key_id: str = "key1") -> None:
        task = new_task(way.services, replace(caller, key_id=key_id), DRAFT, PRICE)
        way.services.store.submissions.create(task, DRAFT, limits, None)

    for minute in range(3):
        for way in (here, other, here):
            create(way)
        for way in (other, here):
            with pytest.raises(RateLimited) as refusal:
                create(way)
            assert refusal.value.headers == {"retry-after": "30"}, minute
        here.wait(60)


def test_a_process_whose_clock_is_behind_counts_in_the_later_minute(here: Harness) -> None:
    limits, other = Limits(CATALOG.tiers[3], 2), new_container(here)
    other.services = replace(other.services, clock=lambda: here.now[0] + 60_000)
    caller = Caller(here.account_id, 3, "aistudio", key_id="key1")

    def create(way: Harness) -> None:
        way.services.store.submissions.create(new_task(way.services, caller, DRAFT, PRICE), DRAFT, limits, None)

    create(other)
    create(here)
    for way in (here, other):
        with pytest.raises(RateLimited):
            create(way)


@pytest.mark.parametrize("keep", [0, 10_000], ids=["a call at a time", "blocks"])
def test_a_keys_minute_bounds_reservations_made_for_one_call_and_not_blocks(here: Harness, *, keep: int) -> None:
    caller = Caller(here.account_id, 3, "newapi", key_id="key1", terms=KeyTerms(per_minute=2))

    async def calls(way: Harness, model: str) -> None:
        kept = Reservations(way.services, keep)
        await kept.settle(await kept.reserve(caller, replace(ASKED, model=model)), Tokens(1, 1), 100)
        await kept.close()

    for way, model in ((here, "gpt-4o-mini"), (new_container(here), "gpt-5.2")):
        asyncio.run(calls(way, model))
    if keep:  # there calls are counted by the process that passes them on
        asyncio.run(calls(here, "gpt-4o-mini"))
    else:
        with pytest.raises(RateLimited) as refusal:
            asyncio.run(calls(new_container(here), "gpt-4o-mini"))
        assert refusal.value.headers == {"retry-after": "30"}
    here.wait(60)
    asyncio.run(calls(here, "gpt-4o-mini"))
    assert here.drift == 0


def test_a_charge_of_a_key_whose_answer_was_lost_counts_once(here: Harness) -> None:
    budget(here, PRICE)
    contend(here, [], errors=[transaction_cancelled("TransactionConflict")] * 2)
    here.submit_image()
    assert counted(here) == KeyCount(PRICE, 0)


def test_a_killed_processs_reservation_comes_back_to_its_key(here: Harness) -> None:
    budget(here, PRICE)
    caller = Caller(here.account_id, 3, "newapi", key_id="key1")
    hold = asyncio.run(Reservations(here.services).reserve(caller, ASKED))
    assert counted(here) == KeyCount(hold.amount, PRICE - hold.amount)

    here.run(1000, step=60)

    assert here.task(hold.block.task.task_id).state is State.TIMEOUT
    assert counted(here) == KeyCount(0, PRICE)


@pytest.fixture
def process() -> Iterator[tuple[Harness, Reservations]]:
    with harness() as here:
        add_key(here, "key2")
        yield here, Reservations(here.services, keep=10_000)


def test_model_calls_of_two_keys_share_no_reservation(process: tuple[Harness, Reservations]) -> None:
    here, kept = process

    async def calls() -> None:
        for cost, key_id in ((1_000, "key1"), (2_000, "key2"), (4_000, "key1")):
            hold = await kept.reserve(Caller(here.account_id, 3, "newapi", key_id=key_id), ASKED)
            await kept.settle(hold, Tokens(1, 1), cost)
        await kept.close()

    asyncio.run(calls())

    assert (counted(here), counted(here, "key2")) == (KeyCount(5_000), KeyCount(2_000))
    assert here.drift == 0


def test_a_budget_that_pays_for_no_block_serves_calls_one_by_one(process: tuple[Harness, Reservations]) -> None:
    here, kept = process
    caller = Caller(here.account_id, 3, "newapi", key_id="key1")

    amount = here.services.catalog.models[ASKED.model].paid_rates.most(ASKED.estimate)
    budget(here, amount)

    async def calls() -> None:
        hold = await kept.reserve(caller, ASKED)
        assert hold.block.task.price == amount
        await kept.settle(hold, Tokens(1, 1), 700)
        with pytest.raises(KeyExhausted):
            await kept.reserve(caller, ASKED)
        await kept.close()

    asyncio.run(calls())

    assert (counted(here), here.drift) == (KeyCount(700, amount - 700), 0)


def test_ten_keys_with_every_limit_leave_the_account_row_below_a_kilobyte(here: Harness) -> None:
    for number in range(10):
        key_id = f"{number:x}0a1b2c3"
        add_key(here, key_id, nanos("98.7654321"))
        caller = Caller(here.account_id, 3, "aistudio", key_id=key_id)
        task = new_task(here.services, caller, DRAFT, nanos("1.23456789"))
        here.services.store.submissions.create(task, DRAFT, Limits(CATALOG.tiers[3], 60), None)

    assert item_size(attributes(here)) < 1024


def test_the_key_that_made_a_task_is_kept_with_it(here: Harness) -> None:
    assert here.task(here.submit_image()).key_id == "key1"
    assert here.post(IMAGES, CAT, key=KEY)[0] == 200
