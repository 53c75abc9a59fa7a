"""The mirror law: what a family's dialect writes of a task, the same family's provider reads as that very fact.

So the relay can be its own upstream. Each family's fixtures say what its wire has no words for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.families import dialect, provider
from relay.families.provider import Api, Order
from relay.families.uses import CREATE
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.faults import Fault
from relay.nouns.ids import uuid7
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State, Task
from relay.nouns.wire import Answer, Inbound
from tests.contract.mirror import SENTENCES, URLS, family_of, mirror_of, mirrors_of
from tests.contract.parts import has
from tests.speaking import SPOKEN, Speaker
from tests.unit.asking import submitted

NOW = 1_767_225_630_000
S = State
MIRRORED = [name for family in SPOKEN if has(family, "provider") for name in mirrors_of(family)]
PUSHED = [name for name in MIRRORED if mirror_of(name).pushes]
ASSETS = st.builds(Asset, URLS, st.none() | st.floats(0, 10_000), st.none() | SENTENCES)
CODES = ["API_ERROR", "TASK_TIMEOUT", "TASK_CANCELLED", "GENERATION_FAILED"]
CODES += ["INVALID_PARAMETER", "CONTENT_POLICY_VIOLATION", "INPUT_FETCH_FAILED"]
FAULT = st.builds(Fault, st.sampled_from(CODES), SENTENCES, st.sampled_from(["", "501"]))
RAW = st.dictionaries(st.sampled_from(["prompt", "size", "taskId", "status"]), st.text(max_size=20))
mirrored = pytest.mark.parametrize("name", MIRRORED)


@st.composite
def tasks(draw: st.DrawFn, name: str, state: State) -> Task:
    """A task as the relay may hold it: results only of a success, a reason only for another end."""
    done = state is S.SUCCEEDED
    return replace(
        plain(name, state),
        task_id=uuid7(NOW, draw(st.integers(0, 2**74 - 1))),
        kind=draw(st.sampled_from(mirror_of(name).kinds)),
        progress=100.0 if done else draw(st.floats(0, 99.99)),
        upstream_task_id=draw(st.none() | st.just("job-1")),
        assets=tuple(draw(st.lists(ASSETS, min_size=1, max_size=4))) if done else (),
        fault=draw(FAULT) if state in TERMINAL and not done else None,
        completed_at=NOW + 60_000 if state in TERMINAL else None,
    )


def plain(name: str, state: State) -> Task:
    mirror = mirror_of(name)
    return Task(
        "acc1",
        uuid7(NOW, 0),
        family_of(name),
        mirror.platform,
        mirror.kinds[0],
        "m",
        1,
        NOW,
        NOW + 900_000,
        state=state,
    )


def asker(name: str) -> Api:
    return provider(family_of(name)).apis[mirror_of(name).api]


def speaker(name: str) -> Speaker:
    return Speaker(dialect(family_of(name)), paths=mirror_of(name).paths)


def read_back(name: str, task: Task, raw: Mapping[str, object]) -> Observation:
    facts = mirror_of(name).facts if task.state is S.SUCCEEDED else {}
    said = speaker(name).status(task, Draft(task.dialect, task.platform, task.kind, "m", raw=raw), facts)
    return asker(name).read_query(Answer(said.status, said.body, said.headers))


@mirrored
@pytest.mark.parametrize("state", S)
@settings(deadline=None, max_examples=40)
@given(data=st.data(), raw=RAW)
def test_what_is_told_is_what_is_learnt(name: str, state: State, data: st.DataObject, raw: dict[str, str]) -> None:
    task = data.draw(tasks(name, state))

    assert read_back(name, task, raw) == mirror_of(name).carries(task)


@mirrored
def test_an_end_without_a_reason_is_told_with_the_usual_one(name: str) -> None:
    ends = [plain(name, state) for state in sorted(TERMINAL - {S.SUCCEEDED})]
    usual = {task.state: mirror_of(name).carries(replace(task, fault=FAULTS[task.state])) for task in ends}
    assert {task.state: read_back(name, task, {}) for task in ends} == usual


@mirrored
def test_an_end_is_an_end_on_both_sides(name: str) -> None:
    made = {S.SUCCEEDED: (Asset("https://files.example/a.png"),)}
    learnt = {state: read_back(name, replace(plain(name, state), assets=made.get(state, ())), {}).state for state in S}
    assert {state for state in S if learnt[state] in TERMINAL} == TERMINAL
    assert {state for state in S if learnt[state] is S.SUCCEEDED} == {S.SUCCEEDED}


@mirrored
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_an_accepted_task_is_a_queued_job_under_its_id(name: str, data: st.DataObject) -> None:
    task = data.draw(tasks(name, S.PENDING))

    said = speaker(name).created(task)

    assert submitted(asker(name), Answer(said.status, said.body, said.headers)) == Observation(S.QUEUED, task.task_id)


@pytest.mark.parametrize("name", PUSHED)
@settings(deadline=None, max_examples=40)
@given(data=st.data(), state=st.sampled_from(sorted(TERMINAL)))
def test_a_callback_names_the_task_it_is_about(name: str, data: st.DataObject, state: State) -> None:
    task = data.draw(tasks(name, state))

    told = Inbound("POST", "/", body=speaker(name).notice(task))

    assert provider(family_of(name)).read_callback(told, NOW // 1000, None) == task.task_id


@mirrored
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_what_the_provider_asks_for_the_dialect_understands(name: str, data: st.DataObject) -> None:
    draft = data.draw(mirror_of(name).drafts)

    order = Order(
        draft,
        Source(family_of(name), mirror_of(name).source_model or draft.model),
        draft.callback.url if draft.callback else None,
    )
    call = asker(name).first_step(order).call

    asked = Inbound(call.method, call.url, call.headers, {"platform": draft.platform}, body=call.body)
    assert replace(speaker(name).read(CREATE, asked), raw={}) == draft
