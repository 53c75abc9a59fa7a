"""What an account asks of several of its tasks, and a page of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from relay.nouns.draft import Kind
from relay.nouns.task import State

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Listing:
    """Which of its tasks an account asks for, newest first unless `oldest_first`; None and an empty set mean any.

    `after` is the cursor of the page before, or the id of a task: then those that follow it. `since` and `until` (Unix
    ms, both inclusive) bound when a task was created. `cursor_field` is what the client calls `after`.
    """

    limit: int = 20
    after: str | None = None
    platform: str | None = None
    kind: Kind | None = None
    statuses: frozenset[State] = frozenset()  # of the seven words a client may be told
    since: int | None = None
    until: int | None = None
    oldest_first: bool = False
    client_ref: str | None = None
    cursor_field: str = "cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[Found]):
    """A page of a list, which may be shorter than was asked for; `after` asks for the next one, if there may be one."""

    items: Sequence[Found]
    after: str | None


class TaskIds(NamedTuple):
    """Which tasks a client asks for at once; what is not one of its tasks there is left out of the answer."""

    task_ids: Sequence[str]
    platform: str | None = None
