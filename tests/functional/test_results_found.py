"""A result is found by its link alone, with as many reads for an account with many tasks as with few."""

from __future__ import annotations

import pytest

from relay.effects.store.codec import pack
from relay.nouns.ids import uuid7
from tests.functional.archiving import finished_task
from tests.functional.harness import Harness, harness
from tests.functional.test_account_pages import counted, store

DOWNLOAD = "/api/v1/gpt4o-image/download-url"


def found(here: Harness, url: str) -> tuple[int, int]:
    """The answer's status and the rows read; the caller's key is cached by then."""
    reads = counted(here)
    here.post("/api/kling/tasks", {"task_id": "none"})
    reads.calls = reads.rows = 0
    return here.post(DOWNLOAD, {"url": url})[0], reads.rows


def made(here: Harness) -> str:
    """The link of a finished task's picture, as its client is shown it."""
    task_id = here.submit_kie_image()
    here.pump()
    here.network.finish()
    finished_task(here, task_id)
    _, document = here.request("GET", f"/api/v1/gpt4o-image/record-info?taskId={task_id}")
    return str(document["data"]["response"]["resultUrls"][0])


@pytest.mark.parametrize("later", [0, 15])
def test_a_link_of_ours_takes_one_read_however_many_tasks_came_after(later: int) -> None:
    with harness(archive=True) as here:
        url = made(here)
        for _ in range(later):
            here.submit_image()

        assert found(here, url) == (200, 1)


def test_another_link_is_searched_for_among_the_newest_rows_alone(here: Harness) -> None:
    url = made(here)
    assert found(here, url)[0] == 200
    later = [f"{uuid7(here.now[0] + number, number)}#request" for number in range(1200)]
    store(here, [{"account_id": pack(here.account_id), "task_id": pack(name)} for name in later], "TasksTable")

    assert found(here, url) == (404, 1000)


def test_a_result_of_another_dialect_is_not_found(here: Harness) -> None:
    task_id = here.submit_image()
    here.pump()
    here.network.finish()
    url = finished_task(here, task_id).assets[0].url
    assert [here.post(DOWNLOAD, {"url": url, **named})[0] for named in ({}, {"taskId": task_id})] == [404, 404]
