"""Callbacks that tell of moves: each move at most once, as well as can be; the end as durably as everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from relay.effects.outbound import NoAnswer
from relay.flow.notices import SECONDS, SHORT_SECONDS
from relay.flow.observe import MOVE_SECONDS, MOVE_TURN, observe
from relay.flow.shares import HUNG_MS
from relay.nouns.draft import Callback
from relay.nouns.signing import verify_webhook
from relay.nouns.task import Delivery, Observation, State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.asking import begin
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.delivery_simulation import FIRST, LATER, Simulation, owe_deliveries
from tests.functional.harness import Harness, harness, open_account
from tests.functional.network import CLIENT

HANGING, GOOD = "https://hang.example/hook", "https://good.example/hook"


def ask(here: Harness) -> Task:
    return begin(here, asks=False, prompt="a cat", callback=Callback(CLIENT, moves=True))


def statuses(here: Harness) -> list[str]:
    return [json.loads(call.body)["status"] for call in here.told]


def at_work(here: Harness) -> Task:
    """A task whose client was told that it is queued."""
    here.network.started = "queued"
    task_id = ask(here).task_id
    here.pump()
    here.wait(MOVE_SECONDS)
    here.pump()
    assert statuses(here) == ["queued"]
    return here.task(task_id)


def move(here: Harness, task: Task, progress: float, state: State = State.PROCESSING) -> Task:
    return observe(here.services, here.task(task.task_id), Observation(state, progress=progress), "callback")


def announced(here: Harness) -> list[dict[str, Any]]:
    return [json.loads(message["MessageBody"]) for _, message in here.delayed.held if "move" in message["MessageBody"]]


def test_a_receiver_sees_forward_moves_and_then_exactly_one_end(here: Harness) -> None:
    task = at_work(here)
    here.network.finish("processing")
    here.run(60)
    here.network.finish()
    here.run(120)

    assert statuses(here) == ["queued", "processing", "succeeded"]
    ids = [call.headers["webhook-id"] for call in here.told]
    assert len(set(ids)) == 3
    assert ids[-1] == f"msg_{task.task_id}"
    assert all(each.startswith(f"msg_{task.task_id}_") for each in ids[:-1])
    assert [call.timeout for call in here.told] == [SHORT_SECONDS, SHORT_SECONDS, SECONDS]
    for call in here.told:
        at = int(call.headers["webhook-timestamp"])
        assert verify_webhook(here.webhook_secret, call.headers, call.body, at)


def test_a_callback_that_asks_for_no_moves_costs_no_write_and_no_message_for_them(here: Harness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    here.network.started = "queued"
    here.pump()
    task = move(here, here.task(task_id), 40)

    assert (task.next_move_at, here.task(task_id).next_move_at, announced(here)) == (None, None, [])


@pytest.mark.parametrize("answer", [Answer(500), NoAnswer("ReadTimeout"), ValueError("Invalid IPv6 URL")])
def test_a_move_that_was_not_heard_is_not_told_again(here: Harness, answer: Answer | Exception) -> None:
    task = at_work(here)
    here.network.script["client"] = [answer]
    move(here, task, 10)
    here.wait(MOVE_SECONDS)
    here.pump()
    here.run(600)

    assert statuses(here) == ["queued", "processing"]
    assert here.task(task.task_id).attempts == ()


def test_many_moves_of_a_task_are_one_message_at_a_time_and_the_last_is_told(here: Harness) -> None:
    task = at_work(here)
    for progress in range(1, 90):
        move(here, task, progress)
        here.wait(0.01)
        assert len(announced(here)) == 1
    here.wait(MOVE_SECONDS)
    here.pump()

    assert statuses(here) == ["queued", "processing"]
    assert here.told[-1].headers["webhook-id"] == f"msg_{task.task_id}_{here.task(task.task_id).version}"


def test_an_announcement_that_is_lost_is_followed_by_the_next_after_its_turn(here: Harness) -> None:
    task = at_work(here)
    move(here, task, 10)
    here.delayed.held.clear()
    here.wait(MOVE_TURN / 1000)
    move(here, task, 20)
    here.wait(MOVE_SECONDS)
    here.pump()

    assert statuses(here) == ["queued", "processing"]


def test_no_move_is_told_once_the_end_is_owed(here: Harness) -> None:
    task = at_work(here)
    move(here, task, 10)
    move(here, task, 0, State.FAILED)
    here.wait(MOVE_SECONDS)
    while here.pump():
        continue
    here.run(60)

    assert statuses(here) == ["queued", "failed"]


def test_an_announcement_that_comes_twice_or_late_tells_nothing(here: Harness) -> None:
    task = at_work(here)
    move(here, task, 10)
    ((_, message),) = [(at, each) for at, each in here.delayed.held if "move" in each["MessageBody"]]
    here.delayed.held += [(here.now[0] + MOVE_SECONDS * 1000, message), (here.now[0] + 360_000, message)]
    here.wait(MOVE_SECONDS)
    here.pump()
    here.wait(360)
    here.pump()

    assert statuses(here) == ["queued", "processing"]


def test_a_receiver_that_hangs_on_moves_is_told_of_ends_alone_and_with_all_their_time(here: Harness) -> None:
    task = at_work(here)

    def silent(call: Call) -> Answer:
        here.wait(call.timeout)
        raise NoAnswer("ReadTimeout")

    here.network.script["client"] = [silent]
    for progress in (10, 20, 30):
        move(here, task, progress)
        here.wait(MOVE_TURN / 1000)
        here.pump()
    assert statuses(here) == ["queued", "processing"]
    move(here, task, 0, State.FAILED)
    here.pump()

    assert (statuses(here)[-1], here.told[-1].timeout) == ("failed", SECONDS)
    here.wait(HUNG_MS / 1000)


def test_hundreds_of_moves_to_a_hanging_receiver_hold_up_nobodys_end_and_no_retry(here: Harness) -> None:
    open_account(here, "acc2", "sk-EXAMPLE-other-0001", "100", 3)
    crowd = Simulation(here)
    ends = owe_deliveries(here, "acc2", GOOD, 1)
    retries = owe_deliveries(here, "acc1", GOOD + "/retry", 1, attempt=1)
    moves = owe_deliveries(here, "acc1", HANGING, 400, move=here.now[0] + MOVE_TURN)
    crowd.time.began = crowd.time.now[0]
    for message in moves:
        crowd.send_message(LATER, json.dumps(message))
    crowd.send_message(LATER, json.dumps({**retries[0], "later": True}))
    crowd.send_message(FIRST, json.dumps(ends[0]))

    crowd.run(lambda: len(crowd.told) == 2, 60)

    assert crowd.told[GOOD][0] <= 2
    assert crowd.told[GOOD + "/retry"][0] <= 10


@pytest.mark.parametrize("death", range(1, 24, 2))
def test_a_kill_anywhere_around_a_move_changes_neither_money_nor_the_end(death: int) -> None:
    with harness() as safe:
        here = CrashingHarness.of(safe, CrashPoint(death))
        here.network.started = "queued"
        here.completes(lambda: ask(here))
        (task,) = here.services.store.tasks.since(here.account_id, "0")
        for state in ("queued", "processing", "succeeded"):
            here.network.finish(state)
            here.run(40)
        here.run(900, step=30)

        assert here.crash_point.reached
        assert here.drift == 0
        assert here.entries(task.task_id) in (["capture", "reserve"], ["release", "reserve"])
        assert here.task(task.task_id).delivery is Delivery.DONE
        ends = [call for call in here.told if call.headers["webhook-id"] == f"msg_{task.task_id}"]
        assert len({call.body for call in ends}) == 1
        assert here.told[-len(ends) :] == ends
