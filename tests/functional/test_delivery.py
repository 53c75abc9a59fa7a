"""Client callbacks: the same bytes at each attempt, on a fixed schedule, until answered or given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.flow.deliver import deliver
from relay.nouns.draft import Callback
from relay.nouns.task import Delivery, Task
from relay.nouns.wire import Answer
from tests.functional.asking import begin
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT, Script

HOUR = 3600
SCHEDULE = [60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR]
NO = Answer(500, b"no")


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Iterator[Harness]:
    """A relay without deliveries, made or owed."""
    shared.network.calls.clear()
    yield shared
    shared.network.script.clear()
    for _ in range(2):  # what is unfinished ends, and then its client is told
        look(shared, 25 * HOUR)


def ended(here: Harness, *answers: Script, state: str = "succeeded", **fields: Any) -> Task:
    """An ended task after its first delivery attempt; `answers` are the client's, in order."""
    here.network.script["client"] = list(answers)
    task_id = here.submit_image(callback_url=CLIENT, **fields)
    here.pump()
    here.network.finish(state)
    here.wait(6)
    here.tick()
    here.pump()
    assert len(here.told) == 1
    return here.task(task_id)


def look(here: Harness, seconds: float) -> int:
    """Let time pass, run one lap of the clock; the number of attempts by then."""
    here.wait(seconds)
    here.tick()
    here.pump()
    return len(here.told)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "timeout"])
def test_a_client_is_told_what_a_query_would_answer_and_the_platform(here: Harness, state: str) -> None:
    task = ended(here, state=state)

    _, status = here.post("/api/kling/tasks", {"task_id": task.task_id})

    assert json.loads(here.told[0].body) == {**status, "platform": "kling"}
    assert status["status"] == state
    assert here.told[0].headers["content-type"] == "application/json"
    assert (here.told[0].method, here.told[0].url, here.told[0].timeout) == ("POST", CLIENT, 15.0)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_means_it_has_heard(here: Harness, status: int) -> None:
    task = ended(here, Answer(status))

    assert (task.delivery, task.due_at) == (Delivery.DONE, None)
    assert look(here, 30 * 24 * HOUR) == 1


def test_a_client_that_gave_no_url_is_not_told(here: Harness) -> None:
    task_id = here.submit_image()
    here.pump()
    here.network.finish()

    here.run(12)

    assert (here.task(task_id).delivery, here.told) == (Delivery.NONE, [])


def test_a_task_that_has_not_ended_is_not_told(here: Harness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)

    here.run(60)

    assert (here.task(task_id).delivery, here.told) == (Delivery.WAITING, [])


FAILURES: dict[str, Script] = {
    **{str(status): Answer(status) for status in (301, 302, 307, 308, 400, 401, 404, 408, 429, 500, 503)},
    "no answer": NoAnswer("ReadTimeout"),
    "unreachable": NotSent("ConnectionError"),
    "an address that is not public any more": EgressRefused("points to an address that is not public"),
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_anything_else_is_a_failure_and_is_tried_again_after_a_minute(here: Harness, answer: Script) -> None:
    task = ended(here, answer)

    assert task.delivery is Delivery.OWED
    assert look(here, 59) == 1
    assert look(here, 1) == 2
    assert here.task(task.task_id).delivery is Delivery.DONE


def test_a_redirect_is_not_followed(here: Harness) -> None:
    ended(here, Answer(302, b"", {"location": CLIENT + "/elsewhere"}))

    look(here, 60)

    assert {call.url for call in here.told} == {CLIENT}


def test_the_schedule_is_a_minute_five_fifteen_then_hours_and_then_it_is_dead(here: Harness) -> None:
    task = ended(here, *[NO] * 20)

    for told, pause in enumerate(SCHEDULE, start=1):
        assert look(here, pause - 1) == told
        assert look(here, 1) == told + 1

    after = here.task(task.task_id)
    assert (after.delivery, after.deliveries, after.due_at) == (Delivery.DEAD, 1 + len(SCHEDULE), None)
    assert look(here, 30 * 24 * HOUR) == 1 + len(SCHEDULE)


def test_the_bytes_and_the_id_are_the_same_on_every_attempt(here: Harness) -> None:
    task = ended(here, *[NO] * 20)

    for pause in SCHEDULE:
        look(here, pause)

    assert len(here.told) == 1 + len(SCHEDULE)
    assert len({call.body for call in here.told}) == 1
    assert {call.headers["webhook-id"] for call in here.told} == {f"msg_{task.task_id}"}
    assert len({call.headers["webhook-timestamp"] for call in here.told}) == 1 + len(SCHEDULE)
    assert len({call.headers["webhook-signature"] for call in here.told}) == 1 + len(SCHEDULE)


def test_the_ids_of_two_tasks_differ(here: Harness) -> None:
    first, second = here.submit_image(callback_url=CLIENT), here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.run(12)

    assert {call.headers["webhook-id"] for call in here.told} == {f"msg_{first}", f"msg_{second}"}


def test_gone_means_never_again(here: Harness) -> None:
    task = ended(here, Answer(410))

    assert (task.delivery, task.due_at) == (Delivery.DEAD, None)
    assert look(here, 30 * 24 * HOUR) == 1


def test_a_client_that_is_given_up_is_counted_once(here: Harness) -> None:
    before = here.counts.get("DeliveryDead", 0)
    ended(here, *[NO] * 20)
    for pause in SCHEDULE[:-1]:
        look(here, pause)
    assert here.counts.get("DeliveryDead", 0) == before

    look(here, SCHEDULE[-1])
    assert here.counts["DeliveryDead"] == before + 1


@pytest.mark.parametrize(
    ("status", "said", "pause"),
    [
        *((429, "600", 600), (503, "600", 600), (503, "61", 61), (503, "5", 60), (503, "0", 60), (503, "-1", 60)),
        *((503, "soon", 60), (503, "1e9", 60), (503, "٣٠٠", 60), (503, "Wed, 21 Oct 2026 07:28:00 GMT", 60)),
        *((503, "99999999", 24 * HOUR), (503, "9" * 50, 60)),
    ],
)
def test_a_client_may_ask_for_more_time_up_to_a_day(here: Harness, status: int, said: str, pause: int) -> None:
    ended(here, Answer(status, b"", {"retry-after": said}))

    assert look(here, pause - 1) == 1
    assert look(here, 1) == 2


def test_a_repeated_message_makes_no_second_post(here: Harness) -> None:
    task = ended(here, NO)

    for attempt in (0, 0, 2, 7):
        deliver(here.services, task.account_id, task.task_id, attempt)

    assert len(here.told) == 1


def test_a_repeated_message_after_the_last_attempt_makes_no_post(here: Harness) -> None:
    task = ended(here)

    deliver(here.services, task.account_id, task.task_id, 0)
    deliver(here.services, task.account_id, task.task_id, 1)

    assert len(here.told) == 1


def test_a_message_for_a_task_that_never_was_is_harmless(here: Harness) -> None:
    deliver(here.services, "acc1", "019b76da-a870-7000-8000-000000000000", 0)

    assert here.told == []


def test_a_lost_message_is_made_up_for_by_the_clock(here: Harness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.wait(6)
    here.tick()
    here.sqs.purge_queue(QueueUrl=here.deliver_url)

    assert look(here, 31) == 1
    assert here.task(task_id).delivery is Delivery.DONE


def test_a_hook_that_was_taken_away_is_told_nothing_more(here: Harness) -> None:
    here.services.store.accounts.change(here.account_id, hooks=[CLIENT])
    here.network.script["client"] = [NO]
    task = begin(here, asks=False, prompt="a cat", callback=Callback(CLIENT, hook=True))
    here.pump()
    here.network.finish()
    here.wait(6)
    here.tick()
    here.pump()
    assert (len(here.told), here.task(task.task_id).delivery) == (1, Delivery.OWED)

    here.services.store.accounts.change(here.account_id, hooks=[CLIENT + "/new"])
    assert look(here, 60) == 1
    after = here.task(task.task_id)
    assert (after.delivery, after.due_at) == (Delivery.DEAD, None)
    assert after.attempts[-1][1].startswith("HookGone")
