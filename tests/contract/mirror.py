"""What a family's fixtures say of its mirror: `tests/fixtures/NAME/mirror.py` holds a MIRROR of this form.

Where a family has several APIs, each has a mirror of its own, in `tests/fixtures/NAME/API/mirror.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from hypothesis import strategies as st

from relay.nouns.draft import Draft, Kind
from relay.nouns.task import Observation, State, Task
from relay.nouns.wire import Json
from tests.contract.parts import ROOT
from tests.unit.keys import keyless


@dataclass(frozen=True, slots=True)
class Mirror:
    """The part of a family that both its dialect and its provider speak.

    `carries` is what the wire keeps of a task; whatever else a task holds is lost on the way. `drafts` are requests
    that the provider can write and the dialect reads back unchanged. `paths` are the API's routes, where the dialect
    has others for the same; `pushes` whether it tells clients of a task's end. `facts` are what successes say in words;
    `source_model` is what the wire calls the model of the drafts, where that is not the catalog's name.
    """

    platform: str
    kinds: tuple[Kind, ...]
    carries: Callable[[Task], Observation]
    drafts: st.SearchStrategy[Draft]
    api: str = ""
    paths: tuple[str, ...] = ()
    pushes: bool = True
    facts: Mapping[str, Json] = field(default_factory=dict)
    source_model: str = ""


def mirrors_of(family: str, root: Path = ROOT) -> list[str]:
    """The names of its mirrors: its own, or those of its APIs, as NAME.API."""
    fixtures = root / "tests/fixtures"
    found = sorted((fixtures / family).rglob("mirror.py"))
    return [".".join(path.parent.relative_to(fixtures).parts) for path in found]


def mirror_of(name: str) -> Mirror:
    found: Mirror = import_module(f"tests.fixtures.{name}.mirror").MIRROR
    return found


def family_of(name: str) -> str:
    return name.partition(".")[0]


def told(task: Task) -> Observation:
    """What a client can learn of a task at best."""
    assets = task.assets if task.state is State.SUCCEEDED else ()
    return Observation(task.status, task.task_id, task.progress, assets, task.fault)


WORDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x9FFF, exclude_categories=["C", "Z"]), max_size=60)
SENTENCES = st.lists(WORDS.filter(bool), min_size=1, max_size=4).map(" ".join).filter(keyless)
URLS = st.from_regex(r"https://[a-z]{1,9}\.example/[A-Za-z0-9._~%-]{1,30}(\?[a-z]=[A-Za-z0-9%]{1,9})?", fullmatch=True)
