"""Missing results are refunded; more results than were asked for are not kept."""

from __future__ import annotations

import json

import pytest

from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer
from tests.functional.harness import Harness, harness

PRICE = nanos("0.18")  # of one KIE image


def made(here: Harness, *, count: int, results: int) -> str:
    """A KIE image task for `count`, of which its upstream makes `results`."""
    task_id = here.submit_kie_image(nVariants=count)
    here.pump()
    (job,) = here.network.jobs.values()
    job.state, job.urls = "succeeded", tuple(f"https://files.kie.example/{number}.png" for number in range(results))
    assert here.callback(job)[0] == 200
    here.run(30)
    return task_id


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize(("count", "results", "kept"), [(4, 1, 1), (4, 3, 3), (2, 2, 2), (1, 40, 1), (2, 3, 2)])
def test_what_is_kept_is_what_is_paid_for(archive: bool, count: int, results: int, kept: int) -> None:
    with harness(archive=archive) as here:
        task = here.task(made(here, count=count, results=results))

        assert (task.state, len(task.assets)) == (State.SUCCEEDED, kept)
        assert here.balance == nanos(100) - kept * PRICE
        assert here.drift == 0


def test_the_rest_is_a_line_of_its_own() -> None:
    with harness() as here:
        task_id = made(here, count=4, results=1)

        assert here.entries(task_id) == ["capture", "release", "reserve"]


def test_a_statement_shows_the_charge_and_what_went_back() -> None:
    with harness() as here:
        made(here, count=4, results=1)
        _, document = here.post("/api/account/consumption", {})

        assert sorted(record["cost_cents"] for record in document["data"][0]["records"]) == [-54, 72]


def test_what_went_back_is_not_among_what_today_cost() -> None:
    with harness() as here:
        made(here, count=4, results=1)
        _, document = here.post("/api/account/balance")

        assert document["data"][0]["usage_today"]["cost_cents"] == 18


def test_results_beyond_those_asked_for_are_not_copied() -> None:
    with harness(archive=True) as here:
        made(here, count=1, results=40)

        assert len(here.stored) == 1


def test_a_polled_upstream_that_makes_fewer_is_paid_for_fewer() -> None:
    with harness() as here:
        here.submit_image(count=3)
        here.pump()
        here.network.finish()
        here.run(30)

        assert here.balance == nanos(100) - nanos("0.20") * sum(len(job.urls) for job in here.network.jobs.values())
        assert here.drift == 0


def test_music_keeps_both_tracks_and_its_price() -> None:
    with harness() as here:
        status, document = here.post("/api/suno/music", {"prompt": "rain"})
        assert status == 200
        here.pump()
        (job,) = here.network.jobs.values()
        tracks = [{"audioUrl": f"https://files.kie.example/{number}.mp3"} for number in range(2)]
        body = {"code": 200, "data": {"taskId": job.task_id, "status": "SUCCESS", "response": {"sunoData": tracks}}}
        here.network.script["kie.query"] = [Answer(200, json.dumps(body).encode(), {})]
        here.callback(job)

        assert len(here.task(document["task_id"]).assets) == 2
        assert here.balance == nanos(100) - nanos("0.80")
