"""Losses between request and dispatch: an input file that is gone, a function killed while fetching it."""

from __future__ import annotations

from relay.nouns.task import State
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.files_client import follow_link, upload_file
from tests.functional.harness import Harness
from tests.samples import sample

VIDEO = {"prompt": "a cat", "action": "image2video"}


def test_an_upload_that_is_gone_by_then_ends_the_task_unsubmitted(here: Harness) -> None:
    url, before = upload_file(here, sample("png"))["url"], here.balance
    _, document = here.post("/api/kling/videos", {**VIDEO, "image_url": url})
    here.services.bucket.delete(follow_link(here, url)[1])
    here.run(60)

    task = here.task(document["task_id"])
    assert (task.state, task.fault.code if task.fault else "") == (State.FAILED, "INPUT_FETCH_FAILED")
    assert (here.network.sent("aistudio.submit"), here.balance) == ([], before)


def test_who_dies_while_looking_at_an_input_has_submitted_nothing(here: Harness) -> None:
    crashing = CrashingHarness.of(here, CrashPoint())
    _, document = crashing.post("/api/kling/videos", {**VIDEO, "image_url": "https://img.example/a"})
    crashing.crash_point.writes_left = 1  # the look itself
    crashing.pump()

    assert crashing.crash_point.reached
    assert crashing.task(document["task_id"]).state is State.PENDING
