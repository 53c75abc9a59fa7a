"""Deleting a task from its client's view: found no more, while its row, money and callback stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from relay.nouns.task import Delivery, State
from tests.functional.harness import Harness, harness, open_account
from tests.functional.network import CLIENT
from tests.functional.refusals import refused

OTHER = "sk-EXAMPLE-other-0001"
LIST, DELETE = "/api/tasks/list", "/api/kling/tasks/delete"


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        open_account(made, "other", OTHER, "10", 3)
        yield made


def _ended(here: Harness, **fields: Any) -> str:
    task_id = here.submit_image(**fields)
    here.pump()
    here.network.finish()
    here.run(10)
    return task_id


def _ids(document: Any) -> list[str]:
    return [each["task_id"] for each in document["tasks"]]


def test_a_deleted_task_is_found_nowhere(here: Harness) -> None:
    task_id, kept = _ended(here), here.submit_image()
    assert here.post(DELETE, {"task_id": task_id}) == (200, {"task_id": task_id, "deleted": True})
    for path in ("/api/kling/tasks", "/api/kling/tasks/cancel", DELETE):
        assert here.post(path, {"task_id": task_id})[1]["error"]["code"] == "TASK_NOT_FOUND"
    assert _ids(here.post(LIST, {})[1]) == [kept]
    assert _ids(here.post(LIST, {"task_ids": [task_id, kept]})[1]) == [kept]


def test_what_was_paid_for_a_deleted_task_stays(here: Harness) -> None:
    task_id = _ended(here)
    before = here.balance, here.entries(task_id)
    here.post(DELETE, {"task_id": task_id})
    assert (here.balance, here.entries(task_id), here.drift) == (*before, 0)
    assert here.task(task_id).state is State.SUCCEEDED


def test_a_client_is_still_told_of_a_task_it_deleted(here: Harness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    assert here.post("/api/kling/tasks/cancel", {"task_id": task_id})[1]["cancelled"]
    here.post(DELETE, {"task_id": task_id})
    here.run(10)
    assert here.task(task_id).delivery is Delivery.DONE
    assert here.task(task_id).hidden


def test_a_deleted_video_cannot_be_continued(here: Harness) -> None:
    _, made = here.post("/api/kling/videos", {"action": "text2video", "prompt": "a cat", "duration": 5})
    here.pump()
    here.network.finish()
    here.run(10)
    here.post(DELETE, made)
    found = refused(here, "POST", "/api/kling/videos", {"action": "extend", "prompt": "on", **made})
    assert "task_id" in found.message


def test_only_a_task_that_has_ended_can_be_deleted(here: Harness) -> None:
    found = refused(here, "POST", DELETE, {"task_id": here.submit_image()})
    assert (found.status, found.code) == (400, "INVALID_PARAMETER")
    assert "task_id" in found.message


def test_a_repeated_creation_still_names_a_task_deleted_meanwhile(here: Harness) -> None:
    how: dict[str, Any] = {"headers": {"idempotency-key": "order-1"}}
    _, made = here.post("/api/kling/images", {"prompt": "a cat"}, **how)
    here.pump()
    here.network.finish()
    here.run(10)
    here.post(DELETE, made)
    assert here.post("/api/kling/images", {"prompt": "a cat"}, **how) == (200, made)
