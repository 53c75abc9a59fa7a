"""Our own faults in a worker: attempts are bounded, and what was not sent may be tried again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

import pytest

from relay.effects.bucket import Bucket
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.functional.archiving import archiving_task, finished_task
from tests.functional.crashes import CrashingHarness, CrashPoint, Killed
from tests.functional.harness import SECRETS, Harness, harness

MANY = 50


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness(balance="100", archive=True) as made:
        yield made


def submissions(here: Harness) -> int:
    return len(here.network.sent("kie.submit")) + len(here.network.sent("aistudio.submit"))


# --- dispatch


def test_a_dispatch_that_fails_before_sending_is_tried_again(here: Harness) -> None:
    del here.secrets.values["callback-secret"]
    task_id = here.submit_kie_image()
    here.pump()
    assert (here.task(task_id).state, here.task(task_id).sending, submissions(here)) == (State.PENDING, False, 0)

    here.secrets.values["callback-secret"] = SECRETS["callback-secret"]
    here.run(60)

    assert (here.task(task_id).upstream_task_id is not None, submissions(here)) == (True, 1)


def test_a_dispatch_that_always_fails_before_sending_ends_and_returns_the_money(here: Harness) -> None:
    before = here.balance
    del here.secrets.values["callback-secret"]
    task_id = here.submit_kie_image()
    here.run(180)

    task = here.task(task_id)
    assert (task.state, here.entries(task_id), here.balance) == (State.FAILED, ["release", "reserve"], before)
    assert (submissions(here), here.services.resting) == (0, {})


def test_an_input_that_breaks_the_look_at_it_ends_the_task_after_three(here: Harness) -> None:
    here.network.script["file"] = [RuntimeError("a fault of ours")] * MANY
    asked = {"prompt": "a cat", "action": "image2video", "image_url": "https://img.example/a"}
    status, document = here.post("/api/kling/videos", asked)
    assert status == 200, document
    here.run(300)

    task = here.task(document["task_id"])
    assert (task.state, submissions(here)) == (State.FAILED, 0)
    assert len(here.network.sent("file")) == 3  # aistudio alone is on of those that make it


class Unreadable(Answer):
    """An answer that makes our reader fail."""

    def document(self) -> Any:
        raise RuntimeError("a fault of ours")


@pytest.mark.parametrize("fault", [Unreadable(200), RuntimeError("a fault of ours")], ids=["reading", "sending"])
def test_a_fault_after_the_submission_may_have_left_holds_the_task(here: Harness, fault: Answer | Exception) -> None:
    here.network.script = {"kie.submit": [fault] * MANY, "aistudio.submit": [fault] * MANY}
    status, document = here.post("/api/grok/images", {"prompt": "a cat"})
    assert status == 200, document
    here.run(300)

    task = here.task(document["task_id"])
    assert (task.state, task.sending, task.due_at, submissions(here)) == (
        State.SUBMITTING,
        True,
        task.expires_at,
        1,
    )


# --- archive


class Broken(Bucket):
    """A bucket whose copies fail."""

    def __init__(self, bucket: Bucket, error: BaseException) -> None:
        super().__init__(lambda: bucket._client, bucket._name)
        self.error, self.tries = error, 0

    def copy_in(self, key: str, source: IO[bytes], content_type: str) -> None:
        self.tries += 1
        raise self.error


def test_a_copy_that_fails_by_our_own_fault_ends_the_task_within_minutes(here: Harness) -> None:
    before = here.balance
    task_id = archiving_task(here)
    broken = Broken(here.services.bucket, RuntimeError("a fault of ours"))
    here.services = replace(here.services, bucket=broken)
    made_at = here.now[0]
    task = finished_task(here, task_id)

    assert (task.state, here.balance, broken.tries) == (State.FAILED, before, 3)
    assert (task.completed_at or 0) - made_at < 480_000


def test_a_copy_that_kills_its_worker_is_begun_three_times() -> None:
    with harness(balance="100", archive=True) as safe:
        here = CrashingHarness.of(safe, CrashPoint())
        before = here.balance
        task_id = archiving_task(here)
        broken = Broken(here.services.bucket, Killed())

        for _ in range(200):
            here.services = replace(here.services, bucket=broken)
            while here.pump():
                here.services = replace(here.services, bucket=broken)
            if here.task(task_id).due_at is None:
                break
            here.wait(60)
            here.tick()

        assert (here.task(task_id).state, here.balance, broken.tries) == (State.FAILED, before, 3)


# --- the clock


def test_a_last_question_that_fails_does_not_keep_a_task_from_ending(here: Harness) -> None:
    before = here.balance
    task_id = here.submit_image()
    here.run(5)
    here.network.script["aistudio.query"] = [RuntimeError("a fault of ours")] * 1000
    here.run(1200, step=30)

    assert (here.task(task_id).state, here.balance) == (State.TIMEOUT, before)
