"""The relay family against itself: what its dialect writes, its provider reads back, and no bytes break it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from relay.catalog.file import shipped
from relay.families.aistudio.dialect import DIALECT
from relay.families.aistudio.provider import AistudioProvider
from relay.families.aistudio.words import SEGMENTS
from relay.families.dialect import CREATE
from relay.families.provider import Account
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import BadInput, Refused, UnknownOutcome, Unreadable
from relay.nouns.faults import Fault, sentence
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State, Task
from relay.nouns.wire import Answer, Inbound
from tests.speaking import Speaker
from tests.unit.keys import keyless
from tests.unit.told import told

CATALOG = shipped()
CLIENT = Speaker(DIALECT)
RELAY = AistudioProvider(Account("https://up.example", "sk-EXAMPLE"))
SAID = {"GENERATION_FAILED", "TASK_TIMEOUT", "TASK_CANCELLED", "API_ERROR"}

WORDS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=60).filter(keyless)
CODES = st.sampled_from([*sorted(SAID), "CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER", "430", ""])
SECONDS = st.none() | st.integers(0, 3600).map(float) | st.floats(0, 3600)
ASSETS = st.builds(Asset, st.uuids().map("https://cdn.example/{}".format), SECONDS, st.none() | WORDS)
TASKS = st.builds(
    Task,
    account_id=st.just("acct"),
    task_id=st.uuids().map(str),
    dialect=st.just("aistudio"),
    platform=st.just("kling"),
    kind=st.sampled_from(list(SEGMENTS.values())),
    model=st.just("m"),
    price=st.just(1),
    created_at=st.integers(0, 4 * 10**12),
    expires_at=st.just(0),
    state=st.sampled_from(State),
    progress=st.floats(0, 100),
    assets=st.lists(ASSETS, min_size=1, max_size=10).map(tuple),
    fault=st.none() | st.builds(Fault, CODES, WORDS, WORDS),
    completed_at=st.integers(0, 4 * 10**12),
)


def carried(task: Task) -> Observation:
    """What of a task's observation the family's wire has words for."""
    seen = replace(told(task), progress=0.0, assets=(), fault=None)
    if task.state is State.SUCCEEDED:
        return replace(seen, assets=_carried_assets(task))
    if task.state not in TERMINAL:
        return seen
    fault = task.fault or FAULTS[task.state]
    code = fault.code if fault.code in SAID else "GENERATION_FAILED"
    return replace(seen, fault=Fault(code, sentence(fault.code, "zh")))


def _carried_assets(task: Task) -> tuple[Asset, ...]:
    if task.kind is Kind.IMAGE:
        return tuple(Asset(asset.url) for asset in task.assets)
    if task.kind is Kind.VIDEO:
        return (replace(task.assets[0], title=None),)
    return task.assets


@given(TASKS)
def test_what_the_dialect_says_the_provider_understands(task: Task) -> None:
    assert RELAY.read_query(Answer(200, CLIENT.status(task).body), "") == carried(task)


@given(TASKS)
def test_what_the_dialect_accepts_the_provider_understands(task: Task) -> None:
    assert RELAY.read_submit(Answer(200, CLIENT.created(task).body), "") == Observation(State.QUEUED, task.task_id)


@given(TASKS)
def test_what_the_dialect_calls_back_the_provider_understands(task: Task) -> None:
    assert RELAY.read_callback(Inbound("POST", "/", body=CLIENT.notice(task)), 0) == task.task_id


URLS = st.sampled_from(["https://img.example/a.png", "http://img.example:8080/b?c=d"])
PROMPTS = WORDS.filter(str.strip)
IMAGES = st.builds(
    Draft,
    dialect=st.just("aistudio"),
    platform=st.just("krea"),
    kind=st.just(Kind.IMAGE),
    model=st.just("flux-dev"),
    prompt=PROMPTS,
    count=st.integers(1, 10),
    size=st.sampled_from([None, "1024x1024", "16:9"]),
    callback_url=st.none() | URLS,
)
VIDEOS = st.builds(
    Draft,
    dialect=st.just("aistudio"),
    platform=st.just("kling"),
    kind=st.just(Kind.VIDEO),
    model=st.just("kling-3.0"),
    prompt=PROMPTS,
    action=st.just("image2video"),
    duration=st.integers(1, 60),
    aspect_ratio=st.sampled_from(["16:9", "9:16", "1:1"]),
    image_urls=URLS.map(lambda url: (url,)),
    callback_url=st.none() | URLS,
)
SONGS = st.builds(
    Draft,
    dialect=st.just("aistudio"),
    platform=st.just("suno"),
    kind=st.just(Kind.MUSIC),
    model=st.just("suno-v5"),
    prompt=PROMPTS,
    lyrics=st.none() | WORDS,
    style=st.none() | WORDS,
    callback_url=st.none() | URLS,
)


@given(IMAGES | VIDEOS | SONGS)
def test_what_the_provider_asks_the_dialect_understands(draft: Draft) -> None:
    call = RELAY.write_submit(draft, Source("aistudio", draft.model), draft.callback_url)
    path = call.url.removeprefix("https://up.example")
    asked = CLIENT.read(CREATE, Inbound(call.method, path, call.headers, {"platform": draft.platform}, body=call.body))
    assert replace(asked, raw={}) == draft


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(list(State)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["task_id", "status", "error", "code", "message", "success", "images", "video", "music", "url",
                         "duration", "title"]),
        inner,
    ),
)  # fmt: skip
BODIES = st.binary(max_size=64) | JUNK.map(lambda document: json.dumps(document).encode())
ANSWERS = st.builds(Answer, st.integers(100, 599), BODIES, st.dictionaries(st.just("retry-after"), st.text(max_size=9)))


@given(ANSWERS)
def test_any_submit_answer_is_read_refused_or_unknown(answer: Answer) -> None:
    with suppress(Refused, UnknownOutcome):
        assert RELAY.read_submit(answer, "").upstream_task_id


@given(ANSWERS | BODIES.map(lambda body: Answer(200, body)))
def test_any_query_answer_is_read_or_unreadable(answer: Answer) -> None:
    with suppress(Unreadable):
        assert RELAY.read_query(answer, "").state in State


@given(BODIES)
def test_any_callback_is_read_or_bad_input(body: bytes) -> None:
    with suppress(BadInput):
        RELAY.read_callback(Inbound("POST", "/", body=body), 0)
