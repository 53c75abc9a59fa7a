"""Answers that violate HTTP, over real sockets: nothing is sent twice, nothing is repeated for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from relay.effects.outbound import Outbound
from relay.nouns.task import Delivery, State
from relay.nouns.wire import Answer, Call
from tests.functional.archiving import archiving_task, finished_task
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT
from tests.wires import (
    BAD_LOCATION,
    DIFFERENT_LENGTHS,
    LIST_OF_LENGTHS,
    LOCATION_NOT_UTF8,
    answer,
    saying,
    server,
)
from tests.wires import (
    here as this_machine,
)

pytestmark = pytest.mark.enable_socket

MANY = 50  # more requests than any schedule allows
ORDINARY = answer(b"location: https://elsewhere.example/", b"content-length: 0", status=b"302 Found")
BAD_REDIRECTS = {"no URL": BAD_LOCATION, "no UTF-8": LOCATION_NOT_UTF8}
BAD_LENGTHS = {"two lengths": DIFFERENT_LENGTHS, "a list of lengths": LIST_OF_LENGTHS}
BAD = BAD_REDIRECTS | BAD_LENGTHS
REDIRECTS = BAD_REDIRECTS | {"ordinary": ORDINARY}
WORST = 480  # seconds three tries to copy a result take, plus the clock's steps


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000", archive=True) as made:
        yield made


@contextmanager
def over_a_wire(said: bytes) -> Iterator[Callable[[Call], Answer]]:
    """The answer to a real call to a server that sends exactly this."""
    outbound = Outbound("loopback", this_machine)
    with server(saying(said, hang_up=True)) as (port, _):
        yield lambda call: outbound.send(replace(call, url=f"http://a.example:{port}/", repeatable=False))


@pytest.mark.parametrize("said", BAD_LENGTHS)
def test_an_upstream_with_a_broken_answer_is_submitted_to_once_and_the_task_is_held(here: Harness, said: str) -> None:
    before = here.balance
    with over_a_wire(BAD_LENGTHS[said]) as broken:
        here.network.script = {"kie.submit": [broken] * MANY, "aistudio.submit": [broken] * MANY}
        submitted = len(here.network.calls)
        status, document = here.post("/api/grok/images", {"prompt": "a cat"})  # both upstreams can make it
        assert status == 200, document
        here.run(300)
        task = here.task(document["task_id"])
        here.network.script = {}

    assert len(here.network.calls) - submitted == 1
    assert (task.state, task.sending, here.balance) == (State.SUBMITTING, True, before - task.price)
    here.run(900)
    assert (here.task(task.task_id).state, here.balance) == (State.TIMEOUT, before)


@pytest.mark.parametrize("said", REDIRECTS)
def test_a_client_that_redirects_is_given_up_after_nine_attempts_however_it_writes(here: Harness, said: str) -> None:
    with over_a_wire(REDIRECTS[said]) as redirecting:
        here.network.script = {"client": [redirecting] * MANY}
        told = len(here.told)
        task_id = here.submit_image(callback_url=CLIENT)
        here.pump()
        here.network.finish()
        here.run(60)
        here.run(3 * 86_400, step=1800)
        here.network.script = {}

    task = here.task(task_id)
    assert (task.delivery, task.due_at, len(here.told) - told) == (Delivery.DEAD, None, 9)


@pytest.mark.parametrize("said", BAD)
def test_an_input_address_with_a_broken_answer_is_left_to_the_upstream(here: Harness, said: str) -> None:
    with over_a_wire(BAD[said]) as broken:
        here.network.script = {"file": [broken] * MANY}
        looked = len(here.network.sent("file"))
        asked = {"prompt": "a cat", "action": "image2video", "image_url": "https://img.example/a"}
        status, document = here.post("/api/kling/videos", asked)
        assert status == 200, document
        here.pump()
        here.network.script = {}

    assert here.task(document["task_id"]).state is State.QUEUED
    assert len(here.network.sent("file")) - looked == 1


@pytest.mark.parametrize("said", BAD)
def test_a_result_link_with_a_broken_answer_ends_the_task_within_minutes(here: Harness, said: str) -> None:
    with over_a_wire(BAD[said]) as broken:
        looked, before = len(here.network.sent("file")), here.balance
        task_id = archiving_task(here, *[broken] * MANY)
        made_at = here.now[0]
        task = finished_task(here, task_id)
        here.network.script = {}

    assert (task.state, here.balance, len(here.network.sent("file")) - looked) == (State.FAILED, before, 3)
    assert (task.completed_at or 0) - made_at < WORST * 1000
