"""The mirror law: what a family's dialect writes of a task, the same family's provider reads as that very fact.

So the relay can be its own upstream. CARRIES says, family by family, what its wire has no room for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.families import dialect, provider
from relay.families.aistudio.words import SEGMENTS
from relay.families.provider import Account
from relay.nouns.draft import Draft, Kind
from relay.nouns.faults import Fault, sentence
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State, Task, uuid7
from relay.nouns.wire import Answer
from tests.speaking import Speaker
from tests.unit.keys import keyless
from tests.unit.told import told

NOW = 1_767_225_630_000
S = State
RUNNING = {S.PENDING, S.QUEUED}
RELAY_CODES = {"API_ERROR", "TASK_TIMEOUT", "TASK_CANCELLED"}
KIE_CODES = {"INVALID_PARAMETER": "400", "CONTENT_POLICY_VIOLATION": "400", "INPUT_FETCH_FAILED": "451"}


def relay_fault(fault: Fault) -> Fault:
    """The platform family knows four task errors, and no code of the upstream beyond them."""
    return Fault(fault.code if fault.code in RELAY_CODES else "GENERATION_FAILED", sentence(fault.code, "zh"))


def kie_fault(fault: Fault) -> Fault:
    """KIE tells a number: 400 for what is wrong with the request, 451 for its inputs, 500 for all else."""
    number = KIE_CODES.get(fault.code, "500")
    code = {"451": "INPUT_FETCH_FAILED", "500": "GENERATION_FAILED"}.get(number, "INVALID_PARAMETER")
    policy = fault.code == "CONTENT_POLICY_VIOLATION"
    return Fault("CONTENT_POLICY_VIOLATION" if policy else code, sentence(fault.code, "en"), number)


def relay_asset(kind: Kind, asset: Asset) -> Asset:
    """A picture has no length, and only music has a title."""
    return Asset(
        asset.url,
        None if kind is Kind.IMAGE else asset.duration,
        asset.title if kind is Kind.MUSIC else None,
    )


def of_relay(task: Task) -> Observation:
    seen = told(task)
    assets = seen.assets[:1] if task.kind is Kind.VIDEO else seen.assets  # one video, not a list
    return replace(
        seen,
        progress=0.0,  # the family tells none
        assets=tuple(relay_asset(task.kind, asset) for asset in assets),
        fault=seen.fault and relay_fault(seen.fault),
    )


def of_kie(task: Task) -> Observation:
    seen = told(task)
    state = S.PROCESSING if seen.state in RUNNING else S.FAILED if seen.fault else seen.state  # three words in all
    return replace(
        seen,
        state=state,
        progress=float(int(seen.progress)),  # whole percents
        assets=tuple(Asset(asset.url) for asset in seen.assets),
        fault=seen.fault and kie_fault(seen.fault),
    )


CARRIES: Mapping[str, Callable[[Task], Observation]] = {"aistudio": of_relay, "kie": of_kie}
KINDS = {"aistudio": tuple(SEGMENTS.values()), "kie": (Kind.IMAGE,)}
API = {"aistudio": "", "kie": "gpt4o-image"}

WORDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x9FFF, exclude_categories=["C", "Z"]), max_size=60)
SENTENCES = st.lists(WORDS.filter(bool), min_size=1, max_size=4).map(" ".join).filter(keyless)
URLS = st.from_regex(r"https://[a-z]{1,9}\.example/[A-Za-z0-9._~%-]{1,30}(\?[a-z]=[A-Za-z0-9%]{1,9})?", fullmatch=True)
ASSETS = st.builds(Asset, URLS, st.none() | st.floats(0, 10_000), st.none() | SENTENCES)
CODES = [*RELAY_CODES, *KIE_CODES, "GENERATION_FAILED"]
FAULT = st.builds(Fault, st.sampled_from(CODES), SENTENCES, st.sampled_from(["", "501"]))
RAW = st.dictionaries(st.sampled_from(["prompt", "size"]), st.text(max_size=20))


@st.composite
def tasks(draw: st.DrawFn, family: str, state: State) -> Task:
    """A task as the relay may hold it: results only of a success, a reason only for another end."""
    kind = draw(st.sampled_from(KINDS[family]))
    done = state is S.SUCCEEDED
    return Task(
        account_id="acc1",
        task_id=uuid7(NOW, draw(st.integers(0, 2**74 - 1))),
        dialect=family,
        platform="gpt4o-image" if family == "kie" else "kling",
        kind=kind,
        model="m",
        price=1,
        created_at=NOW,
        expires_at=NOW + 900_000,
        state=state,
        progress=100.0 if done else draw(st.floats(0, 99.99)),
        upstream_task_id=draw(st.none() | st.just("job-1")),
        assets=tuple(draw(st.lists(ASSETS, min_size=1, max_size=4))) if done else (),
        fault=draw(FAULT) if state in TERMINAL and not done else None,
        completed_at=NOW + 60_000 if state in TERMINAL else None,
    )


def read_back(task: Task, raw: Mapping[str, object]) -> Observation:
    said = Speaker(dialect(task.dialect)).status(task, Draft(task.dialect, task.platform, task.kind, "m", raw=raw))
    asker = provider(task.dialect, Account("https://relay.example", "sk-EXAMPLE"))
    return asker.read_query(Answer(said.status, said.body, said.headers), API[task.dialect])


@pytest.mark.parametrize("family", CARRIES)
@pytest.mark.parametrize("state", S)
@given(data=st.data(), raw=RAW)
def test_what_is_told_is_what_is_learnt(family: str, state: State, data: st.DataObject, raw: dict[str, str]) -> None:
    task = data.draw(tasks(family, state))

    assert read_back(task, raw) == CARRIES[family](task)


@pytest.mark.parametrize("family", CARRIES)
@pytest.mark.parametrize("state", sorted(TERMINAL - {S.SUCCEEDED}))
def test_an_end_without_a_reason_is_told_with_the_usual_one(family: str, state: State) -> None:
    task = Task("acc1", uuid7(NOW, 0), family, "kling", Kind.IMAGE, "m", 1, NOW, NOW + 9, state=state)

    assert read_back(task, {}) == CARRIES[family](replace(task, fault=FAULTS[state]))


@pytest.mark.parametrize("family", CARRIES)
@pytest.mark.parametrize("state", S)
def test_an_end_is_an_end_on_both_sides(family: str, state: State) -> None:
    assets = (Asset("https://files.example/a.png"),) if state is S.SUCCEEDED else ()
    task = Task("acc1", uuid7(NOW, 0), family, "kling", Kind.IMAGE, "m", 1, NOW, NOW + 9, state=state, assets=assets)

    assert (read_back(task, {}).state in TERMINAL) == task.terminal
    assert (read_back(task, {}).state is S.SUCCEEDED) == (state is S.SUCCEEDED)


def test_the_one_exception_is_what_looks_like_a_key() -> None:
    assets = (Asset("https://files.example/a.mp3", 9.0, "a song for sk-000000"),)
    task = Task("acc1", uuid7(NOW, 0), "aistudio", "suno", Kind.MUSIC, "m", 1, NOW, NOW + 9, state=S.SUCCEEDED)
    task = replace(task, assets=assets, progress=100.0)

    assert not keyless("a song for sk-000000")
    assert [asset.title for asset in read_back(task, {}).assets] == ["a song for sk-***"]
