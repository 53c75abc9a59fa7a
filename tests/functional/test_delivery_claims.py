"""A claimed delivery attempt counts even if the worker dies after it, so attempts are bounded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relay.nouns.task import Delivery, Task
from relay.nouns.wire import Answer, Call
from tests.functional.crashes import CrashingHarness, CrashPoint, Killed
from tests.functional.harness import Harness
from tests.functional.network import CLIENT

ATTEMPTS = 9
FOUR_DAYS = 4 * 86_400


def owed(here: Harness) -> Task:
    """An ended task whose callback is still owed."""
    task_id = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.wait(6)
    here.tick()
    return here.task(task_id)


def attempts_until_quiet(here: Harness, task: Task) -> int:
    """How many attempts are claimed in four days."""
    here.run(FOUR_DAYS, step=3600)  # the schedule is two days long, and each attempt is made at most a step late
    return here.task(task.task_id).deliveries


def lose_the_signing_secret(here: Harness, task: Task) -> None:
    del here.secrets.values["webhook-master"]


def lose_the_account(here: Harness, task: Task) -> None:
    tables = here.services.store.tasks.tables
    key = {"account_id": {"S": task.account_id}, "sk": {"S": "ACCOUNT"}}
    tables.client.delete_item(TableName=tables.accounts, Key=key)


def receive_what_nobody_can_read(here: Harness, task: Task) -> None:
    def broken(_: Call) -> Answer:
        raise ValueError("Invalid IPv6 URL")

    here.network.script["client"] = [broken] * 10_000


def lose_the_dialect(here: Harness, task: Task) -> None:
    tables = here.services.store.tasks.tables
    tables.client.update_item(
        TableName=tables.tasks,
        Key={"account_id": {"S": task.account_id}, "task_id": {"S": task.task_id}},
        UpdateExpression="SET dialect = :d",
        ExpressionAttributeValues={":d": {"S": "withdrawn"}},
    )


@pytest.mark.parametrize(
    "mishap", [lose_the_signing_secret, lose_the_account, receive_what_nobody_can_read, lose_the_dialect]
)
def test_an_attempt_that_fails_on_our_side_follows_the_schedule_to_its_end(
    here: Harness, mishap: Callable[[Harness, Task], None]
) -> None:
    task = owed(here)
    mishap(here, task)

    assert attempts_until_quiet(here, task) == ATTEMPTS
    after = here.task(task.task_id)
    assert (after.delivery, after.due_at) == (Delivery.DEAD, None)


def test_a_client_is_told_by_the_schedule_once_the_secret_is_back(here: Harness) -> None:
    task = owed(here)
    secret = here.secrets.values.pop("webhook-master")
    here.pump()
    here.secrets.values["webhook-master"] = secret

    here.wait(59)
    here.tick()
    here.pump()
    assert here.told == []
    here.wait(1)
    here.tick()
    here.pump()
    assert here.task(task.task_id).delivery is Delivery.DONE


def test_a_receiver_that_kills_its_worker_each_time_is_given_up_too(here: Harness) -> None:
    crashing = CrashingHarness.of(here, CrashPoint())
    task = owed(crashing)

    def deadly(_: Call) -> Answer:
        raise Killed

    crashing.network.script["client"] = [deadly] * 10_000
    assert attempts_until_quiet(crashing, task) == ATTEMPTS
    assert len(crashing.told) == ATTEMPTS
    assert crashing.task(task.task_id).delivery is Delivery.DEAD
