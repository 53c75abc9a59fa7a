"""Takes a task to the state in which its result has to be copied into the bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.upstreams.jobs import Job
from relay.effects.outbound import Incoming, NoAnswer
from relay.nouns.task import State, Task
from tests.functional.harness import Harness
from tests.functional.network import CLIENT, PICTURE, Script
from tests.samples import sample

URL = "https://files.example/a.png"


def submit_task(here: Harness, path: str = "/api/kling/images", **fields: Any) -> tuple[str, Job]:
    """A task that is at its upstream, and its job there."""
    status, document = here.post(path, {"prompt": "a cat", "callback_url": CLIENT, **fields})
    assert status == 200, document
    while here.pump():
        continue
    return document["task_id"], list(here.network.jobs.values())[-1]


def archiving_task(
    here: Harness, *script: Script, urls: tuple[str, ...] = (URL,), path: str = "/api/kling/images"
) -> str:
    """A task that is made and not copied yet; its links will answer with `script`."""
    asked = {"action": "text2video"} if path.endswith("videos") else {"count": len(urls)}
    task_id, job = submit_task(here, path, **asked)
    job.state, job.urls = "succeeded", urls
    here.network.script["file"] = list(script)
    until_stored(here, task_id)
    assert here.task(task_id).state is State.STORING
    return task_id


def until_stored(here: Harness, task_id: str) -> None:
    for _ in range(100):
        if here.task(task_id).state not in (State.QUEUED, State.PROCESSING):
            return
        here.wait(5)
        here.tick()


def finished_task(here: Harness, task_id: str) -> Task:
    """The task once nothing of it is due any more."""
    for _ in range(200):
        while here.pump():
            continue
        if here.task(task_id).due_at is None:
            return here.task(task_id)
        here.wait(10)
        here.tick()
    raise AssertionError("something stays due for ever")


def callbacks_about(here: Harness, task_id: str) -> list[bytes]:
    """What the client was told of a task."""
    return [call.body for call in here.told if call.headers["webhook-id"] == f"msg_{task_id}"]


def query_task(here: Harness, task_id: str, platform: str = "kling") -> dict[str, Any]:
    status, document = here.post(f"/api/{platform}/tasks", {"task_id": task_id})
    assert status == 200, document
    return dict(document)


def _dies() -> Iterator[bytes]:
    yield PICTURE[:40]
    raise NoAnswer("IncompleteRead")


# Links that give no result, each answer made anew, for it can be read once.
BAD_RESULTS: dict[str, Callable[[], Script]] = {
    "elsewhere": lambda: Incoming(302, {"location": "http://169.254.169.254/latest/meta-data/"}, iter([b""])),
    "gone": lambda: Incoming(404, {}, iter([b"not found"])),
    "broken": lambda: Incoming(500, {}, iter([PICTURE])),
    "a part": lambda: Incoming(206, {}, iter([PICTURE])),
    "a page": lambda: Incoming(200, {"content-type": "image/png"}, iter([b"<!doctype html><html>expired</html>"])),
    "nothing": lambda: Incoming(200, {"content-length": "0"}, iter([])),
    "a film": lambda: Incoming(200, {}, iter([sample("mp4")])),
    "a sound": lambda: Incoming(200, {}, iter([sample("mp3")])),
    "10 GB, it says": lambda: Incoming(200, {"content-length": str(10 << 30)}, iter([PICTURE])),
    "more than it says": lambda: Incoming(200, {"content-length": "40"}, iter([PICTURE])),
    "less than it says": lambda: Incoming(200, {"content-length": str(len(PICTURE) + 1)}, iter([PICTURE])),
    "cut off": lambda: Incoming(200, {}, _dies()),
    "silent": lambda: NoAnswer("the answer is too slow"),
}
