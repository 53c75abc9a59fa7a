"""Upstreams whose answers take minutes: their tasks have a worker of their own, and what breaks off is held."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from relay.effects.outbound import NoAnswer, NotSent
from relay.families.provider import Mode, no_stream
from relay.flow.dispatch import HOLD_GRACE, dispatch
from relay.flow.handover import MARGIN, ROUNDS
from relay.flow.hold import hold
from relay.flow.sending import PROGRESS_PAUSE
from relay.nouns.task import Asset, Observation, State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.archiving import query_task
from tests.functional.harness import SECRETS, Harness, harness
from tests.functional.holding import ANSWERING, AT_ONCE, STREAMING, URL, Streamed, run, said, submit
from tests.functional.network import PICTURE, Script

DONE = b"data: [DONE]\n\n"
DEADLINE = 900  # seconds, the catalog's for images
OUTCOME: dict[str, object] = {"urls": [URL]}


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Harness:
    shared.wait(11)  # KIE takes twenty new jobs in ten seconds
    return shared.begin_anew()


def waiting(here: Harness, url: str) -> int:
    found = here.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def sent(here: Harness) -> int:
    return len(here.network.sent("kie.submit"))


def outcome(here: Harness, task: Task) -> tuple[State, bool, str | None, int]:
    return task.state, task.sending, task.upstream, len(here.network.sent("aistudio.submit"))


HELD = (True, "kie", 0)
ELSEWHERE = (State.QUEUED, False, "aistudio", 1)


def test_what_takes_minutes_is_passed_on_by_dispatch_and_sent_by_hold(here: Harness) -> None:
    task_id = submit(here, ANSWERING, said(**OUTCOME))
    here._drain(here.dispatch_url, lambda message: None)
    here.services.queues.dispatch(here.task(task_id))

    dispatch(here.services, here.account_id, task_id)
    assert (here.task(task_id).state, sent(here), waiting(here, here.hold_url)) == (State.PENDING, 0, 1)

    task = run(here, task_id)
    assert (task.state, [asset.url for asset in task.assets]) == (State.SUCCEEDED, [URL])
    assert [call.timeout for call in here.network.sent("kie.submit")] == [180.0]


def test_the_longest_submission_is_sent_although_time_passes_before(here: Harness) -> None:
    whole = here.services

    def passing() -> int:
        here.now[0] += 100
        return here.now[0]

    task_id = submit(here, replace(ANSWERING, seconds=860), said(**OUTCOME))
    here.services = replace(here.services, clock=passing)
    task = run(here, task_id)
    here.services = whole
    assert (task.state, sent(here)) == (State.SUCCEEDED, 1)


def test_what_answers_at_once_needs_no_second_worker(here: Harness) -> None:
    task_id = submit(here, AT_ONCE, said(**OUTCOME))
    here.pump()

    assert (here.task(task_id).state, waiting(here, here.hold_url)) == (State.SUCCEEDED, 0)


def test_the_claim_lasts_as_long_as_the_answer_may_take(here: Harness) -> None:
    claims = list[int | None]()

    def slow(_: Call) -> Answer:
        claims.append(here.task(task_id).due_at)
        return said(**OUTCOME)

    task_id = submit(here, ANSWERING, slow)
    run(here, task_id)

    assert claims == [here.now[0] + 180_000 + MARGIN]


def test_an_open_connection_ends_with_its_tasks_deadline(here: Harness) -> None:
    task_id = submit(here, STREAMING, Streamed([OUTCOME]).incoming())
    here.wait(DEADLINE - 100)
    run(here, task_id)

    assert [call.timeout for call in here.network.sent("kie.submit")] == [100.0]


def test_progress_is_stored_while_it_goes_on_but_not_with_every_word(here: Harness) -> None:
    shown = list[tuple[str, object]]()

    def look() -> None:
        here.wait(5)
        shown.append((query_task(here, task_id, "grok")["status"], here.task(task_id).progress))

    events: list[dict[str, object]] = [{"progress": number} for number in range(1, 41)]
    task_id = submit(here, STREAMING, Streamed([*events, OUTCOME, DONE], look).incoming())
    task = run(here, task_id)

    assert task.state is State.SUCCEEDED
    assert {status for status, _ in shown[1:]} == {"processing"}
    stored = [progress for _, progress in shown]
    assert stored[-1] == 40
    assert len(set(stored)) - 1 == 200_000 // PROGRESS_PAUSE + 1


def test_nobody_else_sends_what_is_being_answered(here: Harness) -> None:
    def meddle() -> None:
        here.wait(20)
        here.services.queues.dispatch(here.task(task_id))
        here.services.queues.hold(here.task(task_id))
        here._drain(here.dispatch_url, lambda m: dispatch(here.services, **m))
        here._drain(here.hold_url, lambda m: hold(here.services, **m))
        here.tick()

    task_id = submit(here, STREAMING, Streamed([{"progress": 1}] * 20 + [OUTCOME], meddle).incoming())
    task = run(here, task_id)

    assert (task.state, sent(here), here.entries(task_id)) == (State.SUCCEEDED, 1, ["capture", "reserve"])
    assert here.counts.get("UnknownOutcome", 0) == 0


BROKEN: dict[str, list[dict[str, object] | bytes | Exception]] = {
    "breaks off": [{"progress": 1}, NoAnswer("IncompleteRead")],
    "falls silent": [{"progress": 1}, NoAnswer("ReadTimeoutError")],
    "ends without an outcome": [{"progress": 1}, DONE],
    "ends at once": [],
    "is cut in the middle of its outcome": [{"progress": 1}, b'data: {"urls": ["https://fi'],
    "is a page": [b"<html>bad gateway</html>"],
    "refuses what it had begun": [{"progress": 1}, {"error": {"message": "no", "code": "full"}}],
    "makes us fail": [{"progress": 1}, {"b64": ["not base64!"]}],
}


@pytest.mark.parametrize("events", BROKEN.values(), ids=BROKEN)
def test_a_stream_that_tells_no_outcome_is_held_and_refunded_at_the_deadline(
    here: Harness, events: list[dict[str, object] | bytes | Exception]
) -> None:
    before = here.balance
    task_id = submit(here, STREAMING, Streamed(events).incoming())
    task = run(here, task_id)

    assert outcome(here, task)[1:] == HELD
    assert (task.state in (State.SUBMITTING, State.PROCESSING), task.due_at) == (True, task.expires_at)
    here.run(DEADLINE + 60, step=60)
    ended = here.task(task_id)
    assert (ended.state, ended.due_at, sent(here)) == (State.TIMEOUT, None, 1)
    assert (here.entries(task_id), here.balance, here.drift) == (["release", "reserve"], before, 0)
    assert here.counts["UnknownOutcome"] == 1


@pytest.mark.parametrize("answer", [NoAnswer("ReadTimeoutError"), Answer(502, b"<html>"), said(progress=5)], ids=repr)
def test_an_answer_that_tells_no_outcome_is_held(here: Harness, answer: Answer | Exception) -> None:
    assert outcome(here, run(here, submit(here, ANSWERING, answer)))[1:] == HELD


REFUSALS: dict[str, Callable[[], Script]] = {
    "not reached": lambda: NotSent("ConnectTimeout"),
    "a status": lambda: Answer(429, b'{"said": "no"}'),
    "the first event": Streamed([{"error": {"message": "no", "code": "full"}}]).incoming,
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
def test_a_stream_refused_before_it_began_goes_to_the_next_source(here: Harness, answer: Callable[[], Script]) -> None:
    task = run(here, submit(here, STREAMING, answer()))

    assert outcome(here, task) == ELSEWHERE
    assert here.entries(task.task_id) == ["reserve"]


def test_a_failure_told_by_the_stream_ends_it_with_the_money_back(here: Harness) -> None:
    events: list[dict[str, object] | bytes | Exception] = [{"progress": 1}, {"error": {"message": "x", "code": "y"}}]
    task = run(here, submit(here, STREAMING, Streamed(events).incoming()))

    assert (task.state, here.entries(task.task_id)) == (State.FAILED, ["release", "reserve"])


def test_what_nobody_takes_is_tried_in_rounds_as_everywhere(here: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(here.secrets.values, "upstreams/aistudio/key")
    task_id = submit(here, ANSWERING, *[Answer(429, b'{"said": "no"}')] * 9)
    here.run(120)

    assert (here.task(task_id).state, sent(here)) == (State.FAILED, ROUNDS)
    assert here.entries(task_id) == ["release", "reserve"]


def test_a_lost_message_to_hold_costs_time_alone(here: Harness) -> None:
    task_id = submit(here, ANSWERING, said(**OUTCOME))
    here._drain(here.dispatch_url, lambda message: None)

    dispatch(here.services, here.account_id, task_id)
    here._drain(here.hold_url, lambda message: None)
    here.wait(HOLD_GRACE / 1000 - 1)
    here.tick()
    assert here.pump() == 0

    here.wait(2)
    here.tick()
    assert run(here, task_id).state is State.SUCCEEDED


def test_our_key_is_masked_in_a_stream_wherever_it_is_cut(here: Harness) -> None:
    key = SECRETS["upstreams/kie/key"]
    told = f"data: {json.dumps({'urls': [f'https://files.example/{key}.png']})}\n\n".encode()
    middle = told.index(key.encode()) + 5
    task = run(here, submit(here, STREAMING, Streamed([told[:middle], told[middle:]]).incoming()))

    assert [asset.url for asset in task.assets] == ["https://files.example/sk-***.png"]


def test_a_task_made_while_another_is_answered_is_not_kept_waiting(here: Harness) -> None:
    other = list[Task]()

    def meanwhile() -> None:
        if not other:
            here._drain(here.dispatch_url, lambda message: None)
            second = here.submit_image()
            here.pump()
            other.append(here.task(second))

    task_id = submit(here, STREAMING, Streamed([{"progress": 1}, OUTCOME], meanwhile).incoming())
    run(here, task_id)

    assert other[0].state is State.QUEUED


def test_bytes_in_the_answer_to_a_status_query_move_nothing(here: Harness) -> None:
    def read(_: Answer) -> Observation:
        return Observation(State.SUCCEEDED, assets=(Asset("", data=PICTURE),))

    def accept(_: Answer, __: object) -> Observation:
        return Observation(State.QUEUED, "job-bytes")

    api = replace(AT_ONCE, mode=Mode.JOB, read_submit=accept, write_query=lambda _: Call("GET", "/q"), read_query=read)
    task = run(here, submit(here, api, said()))
    here.network.script["kie.query"] = [said()] * 9
    here.run(120)

    assert (here.task(task.task_id).state, here.counts["UnreadableAnswer"] > 0) == (State.QUEUED, True)


def test_a_stream_that_nothing_reads_is_an_unknown_outcome(here: Harness) -> None:

    api = replace(STREAMING, read_stream=no_stream)

    assert outcome(here, run(here, submit(here, api, Streamed([OUTCOME]).incoming())))[1:] == HELD
