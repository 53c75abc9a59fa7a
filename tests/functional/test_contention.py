"""Concurrent requests on one account, and throttling: accepted, or a 429 with Retry-After; never half done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from relay.flow.access import Caller
from relay.flow.intake import submit
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Contended, RateLimited
from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.contended_tables import client_error, contend, transaction_cancelled
from tests.functional.harness import Harness

IMAGES, KIE = "/api/kling/images", "/api/v1/gpt4o-image/generate"
CAT = {"prompt": "a cat"}
PRICE = nanos("0.20")
REFUSALS: dict[str, Callable[[Any], ClientError]] = {
    **{f"cancelled: {code}": transaction_cancelled(code) for code in ("TransactionConflict", "ThrottlingError")},
    "cancelled: throughput": transaction_cancelled("ProvisionedThroughputExceeded"),
    "in progress": client_error("TransactionInProgressException"),
    "throttled": client_error("ThrottlingException"),
    "throughput": client_error("ProvisionedThroughputExceededException"),
    "requests": client_error("RequestLimitExceeded"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_creation_that_never_gets_through_is_told_when_to_come_back(here: Harness, why: str) -> None:
    pauses = list[float]()
    contend(here, pauses, errors=[REFUSALS[why]] * 100)
    before = here.balance

    status, document, headers = here.exchange("POST", IMAGES, CAT)

    assert (status, document["error"]["code"], headers["retry-after"]) == (429, "RATE_LIMIT_EXCEEDED", "1")
    assert 0 < sum(pauses) <= 2.6
    assert (here.balance, here.drift) == (before, 0)


def test_kies_clients_are_told_as_well(here: Harness) -> None:
    contend(here, [], errors=[transaction_cancelled("TransactionConflict")] * 100)

    status, document, headers = here.exchange("POST", KIE, {**CAT, "size": "1:1"})

    assert (status, document["code"], headers["retry-after"]) == (429, 429, "1")


@pytest.mark.parametrize("why", REFUSALS)
def test_a_creation_that_gets_through_in_the_end_is_one(here: Harness, why: str) -> None:
    contend(here, [], errors=[REFUSALS[why]] * 3)
    before = here.balance

    assert here.post(IMAGES, CAT)[0] == 200
    assert (before - here.balance, here.drift) == (PRICE, 0)


@pytest.mark.parametrize("times", [1, 100])
def test_a_creation_whose_answer_was_lost_is_accepted_and_charged_once(here: Harness, times: int) -> None:
    contend(here, [], errors=[client_error("TransactionInProgressException")] * times, through=True)
    before = here.balance

    status, made = here.post(IMAGES, CAT)

    assert (status, here.entries(made["task_id"])) == (200, ["reserve"])
    assert (before - here.balance, here.drift) == (PRICE, 0)


@pytest.mark.parametrize("verb", ["get_item", "update_item"])
def test_a_throttled_read_is_no_error_of_ours(here: Harness, verb: str) -> None:
    contend(here, [], errors=[client_error("ProvisionedThroughputExceededException")] * 100, verbs=(verb,))

    status, _, headers = here.exchange("POST", "/api/kling/tasks", {"task_id": "019b76da-a870-7000-8000-000000000000"})

    assert (status, headers.get("retry-after")) == ((429, "1") if verb == "get_item" else (404, None))


def test_an_owner_whose_keys_cannot_be_listed_for_now_is_told_when_to_come_back(here: Harness) -> None:
    key = here.session()
    contend(here, [], errors=[client_error("ProvisionedThroughputExceededException")] * 100, verbs=("query",))

    status, _, headers = here.exchange("GET", "/api/v1/developer/keys/keys", key=key)

    assert (status, headers.get("retry-after")) == (429, "1")


def test_money_that_could_not_go_back_goes_back_later_and_once(here: Harness) -> None:
    before = here.balance
    task_id = here.submit_image()
    here.pump()
    here.network.finish("failed")
    crowded = contend(here, [], errors=[transaction_cancelled("TransactionConflict")] * 12)
    here.run(120)

    assert (here.task(task_id).state, crowded.errors) == (State.FAILED, [])
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], before, 0)


def test_money_in_comes_in_once_though_its_answer_was_lost(here: Harness) -> None:
    before = here.balance
    contend(here, [], errors=[client_error("TransactionInProgressException")], through=True)
    here.services.store.accounts.top_up(here.account_id, "payment-1", nanos("5"), here.now[0])
    contend(here, [], errors=[transaction_cancelled("TransactionConflict")] * 100)
    with pytest.raises(Contended):
        here.services.store.accounts.top_up(here.account_id, "payment-2", nanos("5"), here.now[0])

    assert (here.balance - before, here.drift) == (nanos("5"), 0)


def test_thirty_at_once_are_each_accepted_or_told_to_come_back(here: Harness) -> None:
    before = here.balance
    crowded = contend(here, hold=0.003)
    draft = Draft("aistudio", "kling", Kind.IMAGE, "kling-image", prompt="a cat")

    def create(_: int) -> str | None:
        try:
            return submit(here.services, Caller(here.account_id, 3, "aistudio"), draft).task_id
        except RateLimited:
            return None

    with ThreadPoolExecutor(30) as clients:
        accepted = list(filter(None, clients.map(create, range(30))))

    assert crowded.conflicts > 0
    assert len(set(accepted)) == len(accepted) > 0
    assert (before - here.balance, here.drift) == (len(accepted) * PRICE, 0)
