"""docs/families.md explains every field of the nouns a family's author works with, and names files that exist."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from relay.families.dialect import Route
from relay.families.inference import Shape
from relay.families.provider import Api
from relay.families.uses import Use
from relay.nouns.account import Balance, Form, FormRequest, Statement, StatementPage, Upload
from relay.nouns.catalog import Model, Source, Upstream
from relay.nouns.draft import Draft, Medium, Parent
from relay.nouns.faults import Fault
from relay.nouns.task import Asset, Observation, Task
from relay.nouns.tiers import Tier
from relay.nouns.wire import Answer, Call, Inbound, Reply

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/families.md").read_text("utf-8")
EXPLAINED = (
    *(Draft, Medium, Parent, Observation, Fault, Asset, Task, Source, Model, Route, Shape, Tier, Upstream),
    *(Inbound, Reply, Call, Answer, Statement, StatementPage, Balance, FormRequest, Upload, Form),
)


def explained_fields(noun: str) -> list[str]:
    return explained(rf"field of `{noun}` \| meaning")


def explained(columns: str) -> list[str]:
    """The names in the first column of the table with these columns."""
    (table,) = re.findall(rf"\| {columns} \|\n(?:\|---)+\|\n((?:\|.*\n)+)", TEXT)
    return [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_every_field_of_a_noun_is_explained_once() -> None:
    wrong = {
        noun.__name__: sorted({field.name for field in fields(noun)} ^ set(names))
        for noun in EXPLAINED
        if sorted(names := explained_fields(noun.__name__)) != sorted(field.name for field in fields(noun))
    }
    assert wrong == {}


def test_every_use_case_is_explained_once() -> None:
    names = [name for name, value in vars(import_module(Use.__module__)).items() if isinstance(value, Use)]
    assert sorted(explained(r"use case \| asks \| finds")) == sorted(names)


def test_every_member_of_an_api_is_explained() -> None:
    assert {field.name for field in fields(Api)} <= set(explained("member of `Api` \\| meaning"))


def test_the_files_it_names_exist() -> None:
    named = set(
        re.findall(
            r"`((?:tests|docs|local|relay|families|nouns|flow)/[\w/.]+\.(?:py|md|toml))`", TEXT.replace("NAME", "kie")
        )
    )
    roots = (ROOT, ROOT / "layers/relay/python", ROOT / "layers/relay/python/relay")
    assert [name for name in sorted(named) if not any((root / name).exists() for root in roots)] == []
