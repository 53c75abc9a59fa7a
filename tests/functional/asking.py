"""A task that waits for its client, and the client's answer, as a dialect with such requests would ask for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from relay.edge.operations import Ask
from relay.edge.operations.submit import answer, create
from relay.families.asked import Completion, TaskQuery
from relay.flow.access import Caller
from relay.nouns.draft import Draft, Kind
from relay.nouns.task import Task
from relay.nouns.wire import Inbound
from tests.functional.harness import Harness

INCOMPLETE = Draft("aistudio", "kling", Kind.IMAGE, "kling-image", asks=True)


def begin(here: Harness, key: str | None = None, **fields: Any) -> Task:
    """Ask for a picture of which the client has yet to say what it shows."""
    return create(_ask(here, lambda: replace(INCOMPLETE, **fields), key))


def complete(here: Harness, task_id: str, key: str | None = None, **fields: Any) -> Task:
    """Answer: the request with these fields."""
    how = {"prompt": "a cat", **fields}
    given = Completion(TaskQuery(task_id, "kling"), lambda asked: replace(asked, **how))
    return answer(_ask(here, lambda: given, key)).task


def _ask(here: Harness, read: Callable[[], Any], key: str | None) -> Ask[Any]:
    headers = {} if key is None else {"idempotency-key": key}
    caller = Caller(here.account_id, 3, "aistudio", key_id="key1")
    return Ask(here.services, caller, Inbound("POST", "/", headers), read, "t", "")
