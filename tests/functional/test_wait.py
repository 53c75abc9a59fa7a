"""`Prefer: wait=N` on a creation: the result at once where it comes in time, else the usual answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow.wait import MAX_SECONDS
from tests.functional.harness import START, Harness, harness, simulated
from tests.functional.held_open import held_open
from tests.rules.tree import functions

IMAGES = "/api/kling/images"


@pytest.fixture
def here() -> Iterator[Harness]:
    """A relay whose workers go on while a client waits."""
    with harness(archive=False) as made:

        def pause(seconds: float) -> None:
            made.wait(seconds)
            while made.pump():
                continue
            made.tick()

        made.services = replace(made.services, pause=pause)
        yield made


def _create(here: Harness, prefer: str | None = "wait=20", **body: Any) -> tuple[int, Any, dict[str, str]]:
    headers = {"prefer": prefer} if prefer else {}
    return here.exchange("POST", IMAGES, {"prompt": "a cat", **body}, headers=headers)


def _make_at_once(here: Harness) -> None:
    ordinary = here.network.ordinary

    def submit(call: Any) -> Any:
        answer = ordinary("aistudio.submit", call)
        here.network.finish()
        return answer

    here.network.script["aistudio.submit"] = [submit]


def test_a_task_that_ends_in_time_is_answered_with_its_result(here: Harness) -> None:
    _make_at_once(here)
    status, document, headers = _create(here)
    assert (status, document["status"], headers["preference-applied"]) == (200, "succeeded", "wait=20")
    assert document["images"]
    assert here.now[0] - START < 20_000


def test_a_task_that_takes_longer_is_answered_as_usual(here: Harness) -> None:
    status, document, headers = _create(here, "wait=60")
    assert (status, set(document), headers["preference-applied"]) == (200, {"task_id"}, "wait=25")
    assert here.now[0] - START == 25_000


def test_nobody_waits_who_does_not_ask_for_it(here: Harness) -> None:
    for prefer in (None, "respond-async", "wait=0", "wait=soon"):
        _, document, headers = _create(here, prefer)
        assert set(document) == {"task_id"}
        assert "preference-applied" not in headers
    assert here.now[0] == START


def test_a_refused_creation_does_not_wait(here: Harness) -> None:
    status, _, headers = _create(here, prompt=7)
    assert (status, here.now[0]) == (400, START)
    assert "preference-applied" not in headers


def test_a_wait_counts_as_no_read(here: Harness) -> None:
    task_id = _create(here)[1]["task_id"]
    limit = here.services.catalog.tiers[3].reads_per_minute
    tiers = {3: replace(here.services.catalog.tiers[3], reads_per_minute=1)}
    assert limit > 1
    here.services = replace(here.services, catalog=replace(here.services.catalog, tiers=tiers))
    _create(here)
    assert here.post("/api/kling/tasks", {"task_id": task_id})[0] == 200


def test_a_wait_fits_into_the_functions_time() -> None:
    assert functions()["submit"]["Timeout"] >= MAX_SECONDS + 4


def test_at_the_stream_endpoint_a_client_waits_for_minutes_and_is_told_as_by_a_query() -> None:
    with simulated() as here, held_open(here) as relay:
        asked = {"prompt": "a cat [[outcome:slow=300]]", "size": "1:1"}
        answer = relay.post("/api/v1/gpt4o-image/generate", asked, headers={"prefer": "wait=900"})
        told = answer.json()
        assert (answer.headers["preference-applied"], told["data"]["status"]) == ("wait=840", "SUCCESS")
        assert 300 <= sum(relay.pauses) < 400
        query = f"/api/v1/gpt4o-image/record-info?taskId={answer.headers['x-task-id']}"
        assert here.request("GET", query) == (200, told)
