"""Sora2API's words, and what its servers answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from relay.catalog.file import shipped
from relay.families import provider
from relay.families.sora2api.words import MODELS, NAMES
from relay.nouns.draft import Kind
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.faults import Fault
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Json
from tests.axes import table
from tests.contract.parts import ROOT
from tests.unit.asking import submitted

EXAMPLES: Mapping[str, Any] = json.loads((ROOT / "tests/fixtures/sora2api/dedicated.json").read_bytes())
API = provider("sora2api").apis["dedicated"]
VIDEO, PICTURE = (f"https://files.example/tmp/0123456789abcdef.{suffix}" for suffix in ("mp4", "png"))
JOB = "task_demo_1"
POLICY = Fault("CONTENT_POLICY_VIOLATION", "Content violates the usage policies.")
TIMEOUT = Fault("TASK_TIMEOUT", "Generation timeout after 3000 seconds")


def answer(document: Json, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())


def test_there_are_nineteen_models_and_each_has_one_name() -> None:
    assert (len(MODELS), len(NAMES)) == (19, 19)
    assert sum(each.kind is Kind.VIDEO for each in MODELS.values()) == 16


def test_every_model_is_sold_and_what_needs_pro_is_made_by_pro_accounts_alone() -> None:
    sold = shipped().models
    made = {name: {source.upstream for source in sold[each.model].sources} for name, each in MODELS.items()}
    assert made == {name: {"sora2pro" if each.pro else "sora2api"} for name, each in MODELS.items()}


@table(
    "name, seen",
    [
        ("running", Observation(State.PROCESSING, JOB, 45.5)),
        ("completed", Observation(State.SUCCEEDED, JOB, 100.0, (Asset(VIDEO),))),
        ("stored", Observation(State.SUCCEEDED, JOB, 100.0, (Asset(PICTURE),))),
        ("policy", Observation(State.FAILED, JOB, 12.0, fault=POLICY)),
        ("timeout", Observation(State.TIMEOUT, JOB, 80.0, fault=TIMEOUT)),
    ],
)
def test_how_a_task_stands(name: str, seen: Observation) -> None:
    assert API.read_query(answer(EXAMPLES[name])) == seen


@table("name", ["task", "bare"])
def test_an_accepted_task(name: str) -> None:
    assert submitted(API, answer(EXAMPLES["accepted"][name])) == Observation(State.QUEUED, JOB)


@table(
    "name, status, said",
    [
        ("key", 401, (True, True, False, "API_ERROR")),
        ("nobody", 403, (True, True, False, "API_ERROR")),
        ("account", 500, (True, False, False, "API_ERROR")),
        ("detail", 400, (True, False, False, "API_ERROR")),
        ("validation", 422, (False, False, False, "INVALID_PARAMETER")),
        ("tokens", 503, (True, False, True, "API_ERROR")),
        ("tokens", 500, (True, False, True, "API_ERROR")),
        ("chat", 500, (True, False, False, "API_ERROR")),
    ],
)
def test_a_refusal_in_the_familys_words_is_certain(name: str, status: int, said: tuple[bool, bool, bool, str]) -> None:
    with pytest.raises(Refused) as refused:
        submitted(API, answer(EXAMPLES["refusals"][name], status))
    error = refused.value
    assert (error.elsewhere, error.key, error.wait is not None, error.task_code) == said


@table(
    "document, status",
    [({"error": {"message": "boom", "type": "server_error"}}, 500), ({"detail": "400: x"}, 502), ({}, 200), ([], 200)],
)
def test_anything_else_is_an_unknown_outcome(document: Json, status: int) -> None:
    with pytest.raises(UnknownOutcome):
        submitted(API, answer(document, status))
