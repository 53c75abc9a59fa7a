"""Between a request and its dispatch, things get lost: the file it works from, or the function that looks at it."""

from __future__ import annotations

from relay.nouns.task import State
from tests.functional.filing import follow, uploaded
from tests.functional.mortal import Fuse, Mortal
from tests.functional.world import World
from tests.samples import sample

VIDEO = {"prompt": "a cat", "action": "image2video"}


def test_an_upload_that_is_gone_by_then_ends_the_task_unsubmitted(here: World) -> None:
    url, before = uploaded(here, sample("png"))["url"], here.balance
    _, document = here.post("/api/kling/videos", {**VIDEO, "image_url": url})
    here.services.bucket.delete(follow(here, url)[1])
    here.run(60)

    task = here.task(document["task_id"])
    assert (task.state, task.fault.code if task.fault else "") == (State.FAILED, "INPUT_FETCH_FAILED")
    assert (here.network.sent("aistudio.submit"), here.balance) == ([], before)


def test_who_dies_while_looking_at_an_input_has_submitted_nothing(here: World) -> None:
    mortal = Mortal.of(here, Fuse())
    _, document = mortal.post("/api/kling/videos", {**VIDEO, "image_url": "https://img.example/a"})
    mortal.fuse.length = 1  # the look itself
    mortal.pump()

    assert mortal.fuse.burnt
    assert mortal.task(document["task_id"]).state is State.PENDING
