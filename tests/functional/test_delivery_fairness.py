"""Hanging receivers do not delay other receivers' or other accounts' callbacks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from relay.effects.outbound import NoAnswer
from relay.effects.store.due import Due
from relay.flow.clock import tick
from relay.flow.deliver import THREADS, deliver
from relay.flow.notices import SECONDS, SHORT_SECONDS
from relay.flow.services import Services
from relay.flow.shares import HUNG_MS, PLACE_MS, PLACES, Shares
from relay.nouns.task import Delivery
from relay.nouns.wire import Answer, Call
from tests.functional.delivery_simulation import FIRST, LATER, Simulation, owe_deliveries
from tests.functional.harness import Harness, open_account
from tests.functional.network import CLIENT

HANGING, GOOD = "https://hang.example/hook", "https://good.example/hook"


@pytest.fixture
def deliverers(here: Harness) -> Simulation:
    open_account(here, "acc2", "sk-EXAMPLE-other-0001", "100", 3)
    return Simulation(here)


def test_an_innocent_account_is_told_within_ten_seconds_of_a_thousand_hanging_deliveries(
    deliverers: Simulation,
) -> None:
    innocent, hanging = (
        owe_deliveries(deliverers.here, "acc2", GOOD, 1),
        owe_deliveries(deliverers.here, "acc1", HANGING, 1000),
    )
    deliverers.time.began = deliverers.time.now[0]
    for message in hanging + innocent:
        deliverers.send_message(FIRST, json.dumps(message))

    deliverers.run(lambda: GOOD in deliverers.told, 60)

    assert deliverers.told[GOOD][0] <= 10


def test_it_is_told_within_ten_seconds_at_any_moment_while_they_hang(deliverers: Simulation) -> None:
    innocent, hanging = (
        owe_deliveries(deliverers.here, "acc2", GOOD, 8),
        owe_deliveries(deliverers.here, "acc1", HANGING, 200),
    )
    deliverers.time.began = deliverers.time.now[0]
    for message in hanging:
        deliverers.send_message(FIRST, json.dumps(message))
    for second, message in enumerate(innocent):
        deliverers.send_message(FIRST, json.dumps(message), 5 * second)

    deliverers.run(lambda: len(deliverers.told.get(GOOD, [])) == len(innocent), 120)

    waited = [at - 5 * second for second, at in enumerate(sorted(deliverers.told[GOOD]))]
    assert len(waited) == len(innocent)
    assert max(waited) <= 10


def test_an_innocent_retry_is_made_within_ten_seconds_as_well(deliverers: Simulation) -> None:
    innocent = owe_deliveries(deliverers.here, "acc2", GOOD, 1, attempt=1)
    hanging = owe_deliveries(deliverers.here, "acc1", HANGING, 200, attempt=1)
    deliverers.time.began = deliverers.time.now[0]
    for message in hanging + innocent:
        deliverers.send_message(LATER, json.dumps({**message, "later": True}))

    deliverers.run(lambda: GOOD in deliverers.told, 60)

    assert deliverers.told[GOOD][0] <= 10


def test_an_account_has_a_bounded_number_of_deliveries_in_flight(deliverers: Simulation) -> None:
    hanging = owe_deliveries(deliverers.here, "acc1", HANGING, 200)
    deliverers.time.began = deliverers.time.now[0]
    for message in hanging:
        deliverers.send_message(FIRST, json.dumps(message))

    deliverers.run(lambda: False, SECONDS - 1)

    assert 0 < len(deliverers.posted) <= 2 * PLACES * THREADS


def test_what_hangs_gets_all_its_attempts_all_the_same(deliverers: Simulation) -> None:
    hanging = owe_deliveries(deliverers.here, "acc1", HANGING, 90)
    deliverers.time.began = deliverers.time.now[0]
    for message in hanging:
        deliverers.send_message(FIRST, json.dumps(message))

    deliverers.run(lambda: len(deliverers.posted) == len(hanging), 600)

    assert len(deliverers.posted) == len(hanging)


# --- one by one ---------------------------------------------------------------------------------------------------


def ended(here: Harness) -> str:
    task_id = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.wait(6)
    here.tick()
    return task_id


def hangs(here: Harness) -> None:
    def silent(call: Call) -> Answer:
        here.wait(call.timeout)
        raise NoAnswer("ReadTimeout")

    here.network.script["client"] = [silent]


def waiting(here: Harness, url: str) -> list[dict[str, object]]:
    found = here.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def test_an_account_beyond_its_share_goes_to_the_retries_without_losing_an_attempt(here: Harness) -> None:
    task_id = ended(here)
    for place in range(PLACES):
        name = f"first#{here.account_id}#{place}"
        assert here.services.store.directory.take_place(name, "another container", here.now[0], here.now[0] + PLACE_MS)
    here.sqs.purge_queue(QueueUrl=here.deliver_url)

    deliver(here.services, here.account_id, task_id, 0)

    assert here.task(task_id).deliveries == 0
    (message,) = waiting(here, here.retry_url)
    assert (message["task_id"], message["attempt"], message["later"]) == (task_id, 0, True)
    here.pump()
    assert here.task(task_id).delivery is Delivery.DONE


def test_the_places_of_killed_workers_are_free_again(here: Harness) -> None:
    task_id = ended(here)
    for place in range(PLACES):
        for queue in ("first", "later"):
            here.services.store.directory.take_place(
                f"{queue}#{here.account_id}#{place}", "killed", here.now[0], here.now[0] + PLACE_MS
            )
    here.sqs.purge_queue(QueueUrl=here.deliver_url)
    here.wait(PLACE_MS / 1000)

    deliver(here.services, here.account_id, task_id, 0)

    assert here.task(task_id).delivery is Delivery.DONE


def test_a_place_is_given_back_when_the_delivery_is_over(here: Harness) -> None:
    for _ in range(PLACES + 1):
        task_id = ended(here)
        here.services = _another_container(here)
        here.pump()
        assert here.task(task_id).delivery is Delivery.DONE
    assert waiting(here, here.retry_url) == []


def test_a_receiver_that_hung_is_given_little_time_for_a_while_and_then_its_whole_time(here: Harness) -> None:
    ended(here)
    hangs(here)
    here.pump()

    ended(here)
    here.pump()
    here.wait(HUNG_MS / 1000)
    ended(here)
    here.run(1)

    timeouts = [call.timeout for call in here.told]
    assert timeouts[:2] == [SECONDS, SHORT_SECONDS]
    assert timeouts[-1] == SECONDS


def test_another_container_knows_of_a_receiver_that_hung(here: Harness) -> None:
    ended(here)
    hangs(here)
    here.pump()

    here.services = _another_container(here)
    ended(here)
    here.pump()

    assert [call.timeout for call in here.told] == [SECONDS, SHORT_SECONDS]


def test_a_receiver_that_answers_with_an_error_is_not_taken_for_one_that_hangs(here: Harness) -> None:
    here.network.script["client"] = [Answer(500)]
    ended(here)
    here.pump()

    ended(here)
    here.pump()

    assert [call.timeout for call in here.told] == [SECONDS, SECONDS]


def test_a_retry_waits_on_a_queue_of_its_own(here: Harness) -> None:
    task_id = ended(here)
    here.network.script["client"] = [Answer(500)]
    here.pump()
    here.wait(60)
    task = here.task(task_id)
    due = Due(task.account_id, task_id, task.due_at or 0, task.state, task.expires_at, 0, False, None, task.delivery)

    tick(here.services, due)

    assert waiting(here, here.deliver_url) == []
    assert [message["attempt"] for message in waiting(here, here.retry_url)] == [1]


def _another_container(here: Harness) -> Services:
    return replace(here.services, shares=Shares())
