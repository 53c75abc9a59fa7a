"""A relay whose Midjourney is a simulated proxy, and a client's few words for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from local.upstreams import Pace
from tests.functional.harness import Harness, harness

NAME = "midjourney"
SECONDS = 60.0  # a job takes


@contextmanager
def midjourney(balance: str = "100", upstream: str = NAME, *, archive: bool = False) -> Iterator[Harness]:
    """The harness, where this upstream alone is on."""
    with harness(balance, archive=archive) as here:
        here.switch_on(upstream)
        here.network.started, here.network.pace = None, Pace.every(SECONDS)
        yield here


def submitted(here: Harness, path: str, code: int = 1, **body: Any) -> str:
    """The id of a task that was taken."""
    status, said = here.post(f"/mj/submit/{path}", body)
    assert (status, said["code"]) == (200, code), said
    return str(said["result"])


def fetched(here: Harness, task_id: str) -> dict[str, Any]:
    status, task = here.request("GET", f"/mj/task/{task_id}/fetch")
    assert status == 200, task
    return dict(task)


def made(here: Harness, task_id: str) -> dict[str, Any]:
    """The task once its upstream has made it."""
    here.run(2 * SECONDS + 30)
    return fetched(here, task_id)


def button(task: dict[str, Any], label: str) -> str:
    """The id of a button, by its label or emoji."""
    return str(next(each["customId"] for each in task["buttons"] if label in (each["label"], each["emoji"])))


def sent(here: Harness) -> list[tuple[str, dict[str, Any]]]:
    """What the upstream was submitted: paths and bodies."""
    return [(urlsplit(call.url).path, json.loads(call.body)) for call in here.network.sent(f"{NAME}.submit")]
