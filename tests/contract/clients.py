"""What a family's fixtures say of its clients: `tests/fixtures/NAME/clients.py` holds SHAPES, CREATIONS and ASKS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from relay.nouns.wire import Json

UNKNOWN = "019b76da-a870-7000-8000-0000000000ff"


@dataclass(frozen=True)
class Shape:
    """The error document at the paths that begin with one of these: its members, where its code and its message are
    (JSON pointers), and the HTTP status and code of each error, by our code for it."""

    members: frozenset[str]
    code: str
    message: str
    says: Mapping[str, tuple[int, str | int | bool]]
    at: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Creation:
    """A request that makes a task: to which route, and where its answer tells the task's id.

    `after` is the place of the creation that has to have ended before. Its task's id is written for `$id`, and what
    that task's document holds at the pointers of `takes` for `$name`.
    """

    route: str
    path: str
    body: Mapping[str, Json]
    task_id: str
    after: str = ""
    takes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """A request about one task, with `$id` for its id: at a route, about what a creation at another made."""

    method: str
    route: str
    path: str
    of: str
    body: Mapping[str, Json] | None = None

    def about(self, task_id: str) -> tuple[str, str, Json]:
        return self.method, self.path.replace("$id", task_id), filled(self.body, id=task_id)


def shape_at(family: str, path: str, error: str) -> Shape:
    """The shape of an error, by our code for it, at a path: the longest beginning that fits counts."""
    said: list[Shape] = [shape for shape in _clients(family).SHAPES if error in shape.says]
    fitting = [(at, shape) for shape in said for at in shape.at if path.startswith(at)]
    return max(fitting, key=lambda each: len(each[0]))[1]


def creations_of(family: str) -> Mapping[str, Creation]:
    """The creations by their paths."""
    return {each.path: each for each in _clients(family).CREATIONS}


def asks_of(family: str) -> Sequence[Ask]:
    found: Sequence[Ask] = _clients(family).ASKS
    return found


def filled(document: Json, **values: str) -> Json:
    """The document with each `$name` replaced."""
    text = json.dumps(document)
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    return json.loads(text)


def pointed(document: Json, pointer: str) -> Json:
    """What a document holds at a JSON pointer."""
    for name in pointer.split("/")[1:]:
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def _clients(family: str) -> Any:
    return import_module(f"tests.fixtures.{family}.clients")
