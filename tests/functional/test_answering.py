"""A task that waits for its client: free until it is answered, charged once, and never without an end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relay.nouns.draft import Callback, MediaRole, Medium
from relay.nouns.errors import InsufficientBalance, InvalidParameter, RelayError, TaskNotFound
from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.asking import begin, complete
from tests.functional.harness import KEY, Harness, open_account
from tests.functional.network import CLIENT

DEADLINE = 900  # seconds an image is given


def refused(here: Harness, task_id: str, **fields: Any) -> type[RelayError] | None:
    try:
        complete(here, task_id, **fields)
    except RelayError as error:
        return type(error)
    return None


def test_a_task_that_waits_for_its_client_is_free_and_sends_nothing(here: Harness) -> None:
    task = begin(here)
    here.run(DEADLINE / 2, step=60)
    assert here.task(task.task_id).state is State.ASKING
    assert (here.balance, here.entries(task.task_id), here.network.calls) == (nanos("100"), [], [])


def test_an_answered_task_is_charged_once_and_made_as_answered(here: Harness) -> None:
    task = begin(here)
    after = complete(here, task.task_id, prompt="a cat", count=2)
    assert (after.state, after.task_id, after.most) == (State.PENDING, task.task_id, 2)
    assert here.balance == nanos("100") - after.price < nanos("100")
    here.pump()
    (sent,) = here.network.sent("aistudio.submit")
    assert b'"prompt":"a cat"' in sent.body
    (job,) = here.network.jobs.values()
    job.urls, job.state = job.urls[:1], "succeeded"
    here.run(60)
    assert here.task(task.task_id).state is State.SUCCEEDED
    assert (here.entries(task.task_id), here.drift) == (["capture", "release", "reserve"], 0)


def test_an_answered_task_has_the_whole_time_of_a_new_one(here: Harness) -> None:
    task = begin(here)
    here.wait(DEADLINE - 1)
    complete(here, task.task_id)
    here.pump()
    here.wait(2)
    here.tick()
    assert here.task(task.task_id).state is State.QUEUED


def test_a_task_nobody_answers_ends_at_its_expiry_for_nothing(here: Harness) -> None:
    task = begin(here, callback=Callback(CLIENT))
    here.run(DEADLINE + 60, step=60)
    ended = here.task(task.task_id)
    assert (ended.state, ended.due_at, len(here.told)) == (State.TIMEOUT, None, 1)
    assert (here.balance, here.entries(task.task_id), here.drift) == (nanos("100"), [], 0)


def test_a_waiting_task_is_taken_back_for_nothing(here: Harness) -> None:
    task = begin(here)
    status, told = here.post("/api/kling/tasks/cancel", {"task_id": task.task_id})
    assert (status, told["status"], told["cancelled"]) == (200, "cancelled", True)
    assert (here.balance, here.entries(task.task_id), here.drift) == (nanos("100"), [], 0)
    assert refused(here, task.task_id) is InvalidParameter


def test_of_two_answers_at_once_one_is_charged(here: Harness) -> None:
    task, entered = begin(here), list[str]()

    def meanwhile(length: int) -> int:
        entered.append("second")
        if len(entered) == 1:
            complete(here, task.task_id, prompt="a dog")
        return length

    random_bits, here.services = here.services.random_bits, replace(here.services, random_bits=meanwhile)
    assert refused(here, task.task_id, prompt="a cat") is InvalidParameter
    here.services = replace(here.services, random_bits=random_bits)
    assert here.entries(task.task_id) == ["reserve"]
    assert here.balance == nanos("100") - here.task(task.task_id).price
    here.pump()
    (sent,) = here.network.sent("aistudio.submit")
    assert b"a dog" in sent.body


def test_an_answer_is_charged_however_often_it_is_repeated_under_its_key(here: Harness) -> None:
    task = begin(here)
    first, again = (complete(here, task.task_id, key="order-1") for _ in range(2))
    assert (first.task_id, first.version) == (again.task_id, again.version)
    assert here.entries(task.task_id) == ["reserve"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"model": "gpt4o-image", "count": 3}, InvalidParameter),
        ({"media": (Medium(MediaRole.IMAGE, "http://127.0.0.1/a"),)}, InvalidParameter),
    ],
    ids=["nobody makes it", "an address that is not public"],
)
def test_an_answer_that_is_refused_leaves_the_task_waiting(
    here: Harness, fields: dict[str, Any], why: type[RelayError]
) -> None:
    task = begin(here)
    assert refused(here, task.task_id, **fields) is why
    assert here.task(task.task_id) == task
    assert refused(here, task.task_id) is None


def test_an_answer_that_cannot_be_paid_for_leaves_the_task_waiting(here: Harness) -> None:
    task = begin(here)
    here.services.store.accounts.debit(here.account_id, "out", nanos("100"), here.now[0], "test")
    assert refused(here, task.task_id) is InsufficientBalance
    assert here.task(task.task_id).state is State.ASKING


def test_only_who_began_a_task_answers_it(here: Harness) -> None:
    task = begin(here)
    open_account(here, "acc2", KEY + "2", "100", 3)
    here.account_id = "acc2"
    assert refused(here, task.task_id) is TaskNotFound


def test_an_answer_that_meets_the_deadline_wins_or_loses_whole(here: Harness) -> None:
    task = begin(here)
    here.wait(DEADLINE)
    assert refused(here, task.task_id) is InvalidParameter
    here.tick()
    assert (here.task(task.task_id).state, here.entries(task.task_id)) == (State.TIMEOUT, [])


def test_tasks_that_wait_count_in_the_minute(here: Harness) -> None:
    what = here.services.catalog
    tiers = {**what.tiers, 3: replace(what.tiers[3], per_minute=2)}
    here.services = replace(here.services, catalog=replace(what, tiers=tiers))
    for _ in range(2):
        begin(here)
    with pytest.raises(RelayError, match="a minute"):
        begin(here)
