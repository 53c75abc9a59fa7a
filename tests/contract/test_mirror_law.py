"""The mirror law: what a family's dialect writes of a task, the same family's provider reads as that very fact.

So the relay can be its own upstream. Each family's fixtures say what its wire has no words for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.families import FAMILIES, dialect, provider
from relay.families.dialect import CREATE
from relay.families.provider import Api, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.faults import Fault
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State, Task, uuid7
from relay.nouns.wire import Answer, Inbound
from tests.contract.mirror import SENTENCES, URLS, mirror_of
from tests.contract.parts import has
from tests.speaking import Speaker
from tests.unit.asking import submitted

NOW = 1_767_225_630_000
S = State
MIRRORED = [family for family in FAMILIES if has(family, "dialect") and has(family, "provider")]
ASSETS = st.builds(Asset, URLS, st.none() | st.floats(0, 10_000), st.none() | SENTENCES)
CODES = ["API_ERROR", "TASK_TIMEOUT", "TASK_CANCELLED", "GENERATION_FAILED"]
CODES += ["INVALID_PARAMETER", "CONTENT_POLICY_VIOLATION", "INPUT_FETCH_FAILED"]
FAULT = st.builds(Fault, st.sampled_from(CODES), SENTENCES, st.sampled_from(["", "501"]))
RAW = st.dictionaries(st.sampled_from(["prompt", "size", "taskId", "status"]), st.text(max_size=20))
mirrored = pytest.mark.parametrize("family", MIRRORED)


@st.composite
def tasks(draw: st.DrawFn, family: str, state: State) -> Task:
    """A task as the relay may hold it: results only of a success, a reason only for another end."""
    done = state is S.SUCCEEDED
    return replace(
        plain(family, state),
        task_id=uuid7(NOW, draw(st.integers(0, 2**74 - 1))),
        kind=draw(st.sampled_from(mirror_of(family).kinds)),
        progress=100.0 if done else draw(st.floats(0, 99.99)),
        upstream_task_id=draw(st.none() | st.just("job-1")),
        assets=tuple(draw(st.lists(ASSETS, min_size=1, max_size=4))) if done else (),
        fault=draw(FAULT) if state in TERMINAL and not done else None,
        completed_at=NOW + 60_000 if state in TERMINAL else None,
    )


def plain(family: str, state: State) -> Task:
    mirror = mirror_of(family)
    return Task(
        "acc1", uuid7(NOW, 0), family, mirror.platform, mirror.kinds[0], "m", 1, NOW, NOW + 900_000, state=state
    )


def asker(family: str) -> Api:
    return provider(family).apis[mirror_of(family).api]


def read_back(task: Task, raw: Mapping[str, object]) -> Observation:
    said = Speaker(dialect(task.dialect)).status(task, Draft(task.dialect, task.platform, task.kind, "m", raw=raw))
    return asker(task.dialect).read_query(Answer(said.status, said.body, said.headers))


@mirrored
@pytest.mark.parametrize("state", S)
@settings(deadline=None)
@given(data=st.data(), raw=RAW)
def test_what_is_told_is_what_is_learnt(family: str, state: State, data: st.DataObject, raw: dict[str, str]) -> None:
    task = data.draw(tasks(family, state))

    assert read_back(task, raw) == mirror_of(family).carries(task)


@mirrored
def test_an_end_without_a_reason_is_told_with_the_usual_one(family: str) -> None:
    ends = [plain(family, state) for state in sorted(TERMINAL - {S.SUCCEEDED})]
    usual = {task.state: mirror_of(family).carries(replace(task, fault=FAULTS[task.state])) for task in ends}
    assert {task.state: read_back(task, {}) for task in ends} == usual


@mirrored
def test_an_end_is_an_end_on_both_sides(family: str) -> None:
    made = {S.SUCCEEDED: (Asset("https://files.example/a.png"),)}
    learnt = {state: read_back(replace(plain(family, state), assets=made.get(state, ())), {}).state for state in S}
    assert {state for state in S if learnt[state] in TERMINAL} == TERMINAL
    assert {state for state in S if learnt[state] is S.SUCCEEDED} == {S.SUCCEEDED}


@mirrored
@settings(deadline=None)
@given(data=st.data())
def test_an_accepted_task_is_a_queued_job_under_its_id(family: str, data: st.DataObject) -> None:
    task = data.draw(tasks(family, S.PENDING))

    said = Speaker(dialect(family)).created(task)

    assert submitted(asker(family), Answer(said.status, said.body, said.headers)) == Observation(S.QUEUED, task.task_id)


@mirrored
@settings(deadline=None)
@given(data=st.data(), state=st.sampled_from(sorted(TERMINAL)))
def test_a_callback_names_the_task_it_is_about(family: str, data: st.DataObject, state: State) -> None:
    task = data.draw(tasks(family, state))

    told = Inbound("POST", "/", body=Speaker(dialect(family)).notice(task))

    assert provider(family).read_callback(told, NOW // 1000, None) == task.task_id


@mirrored
@settings(deadline=None)
@given(data=st.data())
def test_what_the_provider_asks_for_the_dialect_understands(family: str, data: st.DataObject) -> None:
    draft = data.draw(mirror_of(family).drafts)

    call = asker(family).write_submit(
        Order(draft, Source(family, draft.model), draft.callback.url if draft.callback else None)
    )

    asked = Inbound(call.method, call.url, call.headers, {"platform": draft.platform}, body=call.body)
    assert replace(Speaker(dialect(family)).read(CREATE, asked), raw={}) == draft
