"""Host names in a request: one that does not exist is a 400, one that cannot be resolved now is checked later."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from relay.effects.outbound import Outbound
from relay.flow.inputs import CHECK_SECONDS
from relay.nouns.task import Delivery, State
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness, harness
from tests.functional.refusals import refused

MISSING = [socket.EAI_NONAME, socket.EAI_NODATA]
PASSING = [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM]
PATH = "/api/kling/videos"
ASKED = {"prompt": "a cat", "action": "image2video", "image_url": "https://img.example/a.png"}
TOLD = {"prompt": "a cat", "callback_url": "https://hooks.example/hook"}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


def names(here: Harness, answer: list[str] | int) -> None:
    """Make the name server answer with these addresses, or this error."""

    def resolve(host: str, port: int) -> list[str]:
        if isinstance(answer, int):
            raise socket.gaierror(answer, "?")
        return answer

    here.network.rules = Outbound("public", resolve)


@pytest.mark.parametrize(
    ("path", "body", "field"), [(PATH, ASKED, "image_url"), ("/api/kling/images", TOLD, "callback_url")]
)
@pytest.mark.parametrize("why", MISSING)
def test_a_name_that_does_not_exist_is_a_400_for_its_field(
    here: Harness, path: str, body: dict[str, str], field: str, why: int
) -> None:
    names(here, why)
    refusal = refused(here, "POST", path, body)

    assert (refusal.status, field in refusal.message.split()) == (400, True)


@pytest.mark.parametrize(("path", "body"), [(PATH, ASKED), ("/api/kling/images", TOLD)], ids=["input", "callback"])
@pytest.mark.parametrize("why", PASSING)
def test_a_name_server_in_trouble_refuses_nobody(here: Harness, path: str, body: dict[str, str], why: int) -> None:
    names(here, why)

    assert here.post(path, body)[0] == 200


def test_slow_names_take_no_longer_together_than_one_may(here: Harness) -> None:
    asked = list[float]()

    class Slow(Outbound):
        def check(self, url: str, seconds: float = 0.0) -> None:
            asked.append(seconds)
            here.wait(2)  # of the test's clock

    here.network.rules = Slow("public")
    here.submit_kie_image(filesUrl=[f"https://img{each}.example/" for each in range(4)])

    assert asked == [CHECK_SECONDS, CHECK_SECONDS - 2, CHECK_SECONDS - 4, CHECK_SECONDS - 6]


def test_a_name_server_that_hangs_delays_a_creation_by_seconds(here: Harness) -> None:
    def hanging(host: str, port: int) -> list[str]:
        time.sleep(20)
        return ["93.184.216.34"]

    here.network.rules = Outbound("public", hanging)
    started = time.monotonic()

    assert here.post("/api/kling/images", TOLD)[0] == 200
    assert time.monotonic() - started < CHECK_SECONDS + 2


def test_what_passed_unjudged_is_judged_when_it_is_used(here: Harness) -> None:
    names(here, socket.EAI_AGAIN)
    _, video = here.post(PATH, ASKED)
    _, image = here.post("/api/kling/images", TOLD)
    inside = Outbound("public", lambda host, port: ["169.254.169.254"])

    def inwards(call: Call) -> Answer:
        return inside.send(call)

    here.network.script = {"file": [inwards] * 50, "client": [inwards] * 50}
    here.run(10)
    here.network.finish()
    here.run(3 * 86_400, step=1800)

    assert here.task(video["task_id"]).state is State.FAILED
    assert here.task(image["task_id"]).delivery is Delivery.DEAD
