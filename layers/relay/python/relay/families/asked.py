"""What clients ask of tasks that are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from relay.nouns.draft import Draft


class TaskQuery(NamedTuple):
    """Which task a client asks for; `platform` is where it says the task lives, or None where it cannot say.

    Where `client_ref` is given, a task that was given this reference counts if none has the id.
    """

    task_id: str
    platform: str | None
    client_ref: str | None = None


class Completion(NamedTuple):
    """A client's answer for a task of its that waits for one: what becomes of the request.

    `complete` is pure. It raises BadInput for an answer that does not go with the request, naming the client's field.
    `field` is what the client calls the task's id.
    """

    query: TaskQuery
    complete: Callable[[Draft], Draft]
    field: str = "task_id"


class Download(NamedTuple):
    """Which result a client wants a direct link to; `task_id` is None where it named only the URL."""

    task_id: str | None
    url: str
