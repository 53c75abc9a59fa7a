"""A function may be killed after any write: the clock repairs what it was doing, and the task ends the same way.

Each scenario runs once undisturbed, then with a kill after its first write, its second, and so on until it ends before
the kill is reached. A write is anything that changes the world outside the function: a row, a message, an execution, a
request to an upstream or to the client.

One kill may end otherwise: between the claim of a task and the recording of the upstream's answer nobody can know
whether the upstream has the task. It is never submitted again; the upstream's callback adopts it, and without one it
ends at its deadline as a timeout, with the money released.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from relay.flow.usage_check import differences
from relay.nouns.draft import Callback
from relay.nouns.money import nanos
from relay.nouns.task import Delivery, State, Task
from relay.nouns.wire import Answer
from tests.functional.asking import begin, complete
from tests.functional.crashes import VISIBILITY, CrashingHarness, CrashPoint
from tests.functional.harness import START, harness
from tests.functional.network import CLIENT

MOST_WRITES = 60  # more than any life has
STEP = 60.0  # seconds of the test's clock between looks
DEADLINE = 900_000  # ms, the catalog's for images
ONCE = {"idempotency-key": "one-picture"}
REFUSED = Answer(200, b'{"code": 455, "msg": "Service is currently undergoing maintenance", "data": null}', {})
FORBIDDEN = Answer(200, b'{"code": 400, "msg": "Your content was flagged as violating content policies"}', {})


@dataclass(frozen=True)
class Life:
    """A request, and how upstream and client behave."""

    path: str
    asked: dict[str, object]
    upstream: str = "succeeded"  # what becomes of the job there
    pushes: bool = False  # whether the upstream calls back
    refusals: tuple[Answer, ...] = ()  # what KIE says first
    answered: bool = False  # whether the task waits for its client, who then completes it


R_ASKED: dict[str, object] = {"prompt": "a cat", "callback_url": CLIENT}
K_ASKED: dict[str, object] = {"prompt": "a cat", "size": "1:1", "callBackUrl": CLIENT}
LIVES = {
    "success learnt by polling": Life("/api/kling/images", R_ASKED),
    "success told by callback": Life("/api/v1/gpt4o-image/generate", K_ASKED, pushes=True),
    "one made of three": Life("/api/kling/images", {**R_ASKED, "count": 3}),
    "completed by its client": Life("/api/kling/images", R_ASKED, answered=True),
    "failure": Life("/api/kling/images", R_ASKED, upstream="failed"),
    "failover": Life("/api/grok/images", R_ASKED, refusals=(REFUSED,)),
    "refusal that ends it": Life("/api/grok/images", R_ASKED, refusals=(FORBIDDEN,)),
}


@dataclass(frozen=True)
class Lived:
    """How a task ended, for client, upstream and ledger. `unsure`: killed between the claim and the stored answer."""

    task: Task
    unsure: bool
    entries: list[str]
    balance: int
    drift: int
    miscounted: int  # of what is counted of its key
    told: list[tuple[str, bytes]]  # event id and body of every request the client got
    submissions: int
    jobs: int

    @property
    def end(self) -> tuple[object, ...]:
        fault = self.task.fault.code if self.task.fault else None
        return self.task.state, fault, self.task.delivery, self.task.due_at, self.entries, self.balance


def lived(life: Life, death: int) -> tuple[Lived, bool]:
    """Run one scenario with a kill after the `death`-th write (0: never); its end, and whether the kill was reached."""
    with harness() as safe:
        here = CrashingHarness.of(safe, CrashPoint(death))
        here.network.script = {"kie.submit": list(life.refusals)}
        while not here.completes(lambda: _ask(here, life)):
            continue  # a client that saw an error asks again, under the same Idempotency-Key
        unsure = _until_nothing_is_due(here, life)
        here.wait(max(VISIBILITY.values()))
        while here.pump():
            continue  # messages that outlived their function must find nothing to do
        return _seen(here, unsure), here.crash_point.reached


def _ask(here: CrashingHarness, life: Life) -> None:
    if not life.answered:
        here.post(life.path, life.asked, headers=ONCE)
        return
    task = begin(here, "begin", callback=Callback(CLIENT))
    complete(here, task.task_id, "complete")


def _until_nothing_is_due(here: CrashingHarness, life: Life) -> bool:
    told: set[str] = set()
    unsure = False
    for _ in range(100):
        while here.pump():
            continue
        unsure = unsure or _task(here).sending
        here.network.finish(life.upstream)
        for job in here.network.jobs.values() if life.pushes else ():
            if job.task_id not in told and here.completes(lambda job=job: here.callback(job)):  # type: ignore[misc]
                told.add(job.task_id)  # an upstream calls back until it is answered
        here.tick()
        if _task(here).due_at is None:
            return unsure
        here.wait(STEP)
    raise AssertionError("something stays due for ever")


def _task(here: CrashingHarness) -> Task:
    (task,) = here.services.store.tasks.since(here.account_id, "0")
    return task


def _seen(here: CrashingHarness, unsure: bool) -> Lived:
    task, network = _task(here), here.network
    return Lived(
        task,
        unsure,
        here.entries(task.task_id),
        here.balance,
        here.drift,
        len(differences(here.services.store, here.account_id)),
        [(call.headers["webhook-id"], call.body) for call in here.told],
        len(network.sent("kie.submit")) + len(network.sent("aistudio.submit")),
        len(network.jobs),
    )


@dataclass(frozen=True)
class Lives:
    life: Life
    unharmed: Lived
    harmed: list[Lived] = field(default_factory=list)

    @property
    def sure(self) -> list[Lived]:
        return [each for each in self.harmed if not each.unsure]

    @property
    def unsure(self) -> list[Lived]:
        return [each for each in self.harmed if each.unsure]


@pytest.fixture(params=LIVES, scope="module")
def lives(request: pytest.FixtureRequest) -> Lives:
    life = LIVES[request.param]
    lives = Lives(life, lived(life, 0)[0])
    for death in range(1, MOST_WRITES):
        each, died = lived(life, death)
        if not died:
            break
        lives.harmed.append(each)
    else:
        raise AssertionError("a life has more writes than anybody thought")
    return lives


def test_a_life_has_writes_to_die_after(lives: Lives) -> None:
    assert len(lives.harmed) >= 8


def test_every_other_death_ends_as_if_nobody_had_died(lives: Lives) -> None:
    assert {str(each.end) for each in lives.sure} == {str(lives.unharmed.end)}


def test_nobody_is_charged_twice(lives: Lives) -> None:
    for each in (lives.unharmed, *lives.harmed):
        assert each.entries in (["capture", "reserve"], ["capture", "release", "reserve"], ["release", "reserve"])


def test_the_balance_is_always_the_sum_of_the_entries(lives: Lives) -> None:
    assert [each.drift for each in lives.harmed] == [0] * len(lives.harmed)


def test_what_is_counted_of_the_key_is_what_its_task_says(lives: Lives) -> None:
    assert [each.miscounted for each in (lives.unharmed, *lives.harmed)] == [0] * (1 + len(lives.harmed))


def test_the_client_is_told_one_event_with_one_wording(lives: Lives) -> None:
    assert [len(set(each.told)) for each in lives.harmed] == [1] * len(lives.harmed)


def test_no_upstream_is_asked_more_often_than_without_the_death(lives: Lives) -> None:
    assert max(each.submissions for each in lives.harmed) <= lives.unharmed.submissions


def test_at_most_one_job_is_made(lives: Lives) -> None:
    assert max(each.jobs for each in lives.harmed) <= 1


def test_only_a_death_on_the_wire_leaves_the_outcome_unknown(lives: Lives) -> None:
    # after each claim and after each request that was answered: two writes for every upstream that was tried
    assert len(lives.unsure) == 2 * lives.unharmed.submissions


def test_an_unknown_outcome_is_adopted_by_callback_or_refunded_at_the_deadline(lives: Lives) -> None:
    for each in lives.unsure:
        adopted = lives.life.pushes and each.jobs
        assert each.end == (lives.unharmed.end if adopted else _REFUNDED)


def test_an_unknown_outcome_is_not_given_up_before_the_deadline(lives: Lives) -> None:
    ended = [each.task.completed_at or 0 for each in lives.unsure if each.task.state is State.TIMEOUT]
    assert all(at >= START + DEADLINE for at in ended)


_REFUNDED = (State.TIMEOUT, "TASK_TIMEOUT", Delivery.DONE, None, ["release", "reserve"], nanos("100"))
