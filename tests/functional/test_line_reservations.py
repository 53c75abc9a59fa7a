"""A reservation is settled once: by its process, however hard that is to write, or by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from relay.flow.access import Caller
from relay.flow.blocks import Hold
from relay.flow.reserving import Reservations
from relay.nouns.inference import Inference, Tokens
from relay.nouns.task import State
from tests.functional.contended_tables import client_error, contend, transaction_cancelled
from tests.functional.harness import Harness
from tests.functional.streaming import streaming

CALLER = Caller("acc1", 3, "newapi", key_id="key1")
ASKED = Inference("newapi", "chat", "gpt-4o-mini", "gpt-4o-mini", {}, Tokens(1000, 1000))
USED, COST = Tokens(10, 10), 21_600  # nanos


async def held(kept: Reservations) -> Hold:
    return await kept.reserve(CALLER, ASKED)


def test_the_clock_gives_back_what_a_killed_process_had_reserved(here: Harness) -> None:
    paid = here.balance
    hold = asyncio.run(held(Reservations(here.services)))
    assert here.balance < paid
    here.run(1000, step=60)
    assert here.task(hold.block.task.task_id).state is State.TIMEOUT
    assert (here.balance, here.drift) == (paid, 0)
    asyncio.run(Reservations(here.services).settle(hold, USED, COST))  # it was not killed, but late
    assert here.task(hold.block.task.task_id).state is State.TIMEOUT
    assert (here.balance, here.drift) == (paid, 0)


@pytest.mark.parametrize("error", [transaction_cancelled("TransactionConflict"), client_error("ThrottlingException")])
@pytest.mark.parametrize("through", [False, True])
def test_a_charge_is_tried_until_it_is_written_once(
    here: Harness, error: Callable[[Any], ClientError], through: bool
) -> None:
    paid = here.balance
    hold = asyncio.run(held(Reservations(here.services)))
    contend(here, [], errors=[error] * 30, through=through)
    asyncio.run(Reservations(here.services, pause=0.0).settle(hold, USED, COST))
    assert (here.balance, here.drift) == (paid - COST, 0)
    assert here.task(hold.block.task.task_id).used == COST


def test_a_charge_that_is_never_written_is_told_and_the_clock_gives_it_back(here: Harness) -> None:
    paid = here.balance
    hold = asyncio.run(held(Reservations(here.services)))
    crowded = contend(here, [], errors=[client_error("ThrottlingException")] * 1000)
    asyncio.run(Reservations(here.services, pause=0.0).settle(hold, USED, COST))
    assert here.counts["LineUnsettled"] == 1
    crowded.errors.clear()
    here.run(1000, step=60)
    assert (here.balance, here.drift) == (paid, 0)


def test_no_more_is_charged_than_was_reserved(here: Harness) -> None:
    paid = here.balance
    kept = Reservations(here.services)
    hold = asyncio.run(held(kept))
    asyncio.run(kept.settle(hold, Tokens(10**6, 10**6), 10**12))
    assert (paid - here.balance, here.drift, here.counts["LineUndercharged"]) == (hold.amount, 0, 1)
    assert here.task(hold.block.task.task_id).tokens == ASKED.estimate.total


def test_a_client_that_goes_away_while_money_is_reserved_gets_it_back(here: Harness) -> None:
    paid = here.balance

    async def leave() -> None:
        kept = Reservations(here.services)
        asked = asyncio.create_task(kept.reserve(CALLER, ASKED))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        await kept.close()

    asyncio.run(leave())
    assert (here.balance, here.drift) == (paid, 0)


def test_a_process_that_ends_charges_what_was_used_first() -> None:
    with streaming(keep=10_000) as line:
        used = line.chat("Tell").json()["usage"]["total_tokens"]
        with line.chat_open("Tell [[inference:slow=0.05]]") as pieces:
            next(pieces)
            line.stop()
            assert line.settled()
        (call,) = line.calls
        assert call.state is State.SUCCEEDED
        assert call.tokens > used
