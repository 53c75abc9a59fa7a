"""The mirror law, and that no answer of any shape gets past the documented errors."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.families.kie.dialect import DIALECT
from relay.families.kie.provider import APIS, KieProvider
from relay.families.provider import Account
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import BadInput, Forbidden, Refused, UnknownOutcome, Unreadable
from relay.nouns.faults import Fault, sentence
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State, Task
from relay.nouns.wire import Answer, Inbound
from tests.speaking import Speaker

CLIENT = Speaker(DIALECT)
PROVIDER = KieProvider(Account("https://api.kie.example", "sk-EXAMPLE", "demo-hmac-key"))
# A fault's code there and back: the wire has three numbers for them, and 400 is told apart by its text.
CARRIED = {
    "CONTENT_POLICY_VIOLATION": ("CONTENT_POLICY_VIOLATION", "400"),
    "INVALID_PARAMETER": ("INVALID_PARAMETER", "400"),
    "INPUT_FETCH_FAILED": ("INPUT_FETCH_FAILED", "451"),
}


def carried(task: Task) -> Observation:
    """What the family's wire can carry of a task: three states, whole percents, URLs, a coarse fault."""
    progress = float(int(task.progress))
    if task.state is State.SUCCEEDED:
        assets = tuple(Asset(asset.url) for asset in task.assets)
        return Observation(State.SUCCEEDED, task.task_id, progress, assets)
    if not task.terminal:
        return Observation(State.PROCESSING, task.task_id, progress)
    fault = task.fault or FAULTS[task.state]
    code, number = CARRIED.get(fault.code, ("GENERATION_FAILED", "500"))
    return Observation(State.FAILED, task.task_id, progress, fault=Fault(code, sentence(fault.code, "en"), number))


IDS = st.uuids(version=4).map(str)
ASSETS = st.builds(
    Asset,
    st.text("abcXYZ019-._~/%?=&", min_size=1).map("https://files.example/{}".format),
    st.none() | st.floats(0, 600),
    st.none() | st.text(),
)
FAULT = st.sampled_from([*CARRIED, "GENERATION_FAILED", "API_ERROR", "TASK_TIMEOUT", "TASK_CANCELLED"]).map(
    lambda code: Fault(code, "", "E17")
)
TASKS = st.builds(
    Task,
    account_id=st.just("acc"),
    task_id=IDS,
    dialect=st.just("kie"),
    platform=st.just("gpt4o-image"),
    kind=st.just(Kind.IMAGE),
    model=st.just("gpt4o-image"),
    price=st.integers(0, 10**12),
    created_at=st.integers(0, 2**45),
    expires_at=st.integers(0, 2**45),
    state=st.sampled_from(State),
    upstream_task_id=st.none() | st.text(),
    progress=st.floats(0, 100),
    assets=st.lists(ASSETS, max_size=4).map(tuple),
    fault=st.none() | FAULT,
    completed_at=st.none() | st.integers(0, 2**45),
)
RAW = st.dictionaries(st.sampled_from(["prompt", "size", "taskId", "status"]), st.text(st.characters(codec="utf-8")))


@settings(deadline=None)
@given(TASKS, RAW)
def test_reading_what_we_write_gives_back_what_the_wire_carries(task: Task, raw: dict[str, object]) -> None:
    draft = Draft("kie", "gpt4o-image", Kind.IMAGE, "gpt4o-image", raw=raw)
    answer = Answer(200, CLIENT.status(task, draft).body)
    assert PROVIDER.read_query(answer, "gpt4o-image") == carried(task)


@settings(deadline=None)
@given(IDS)
def test_a_created_task_is_a_queued_job(task_id: str) -> None:
    task = Task("acc", task_id, "kie", "gpt4o-image", Kind.IMAGE, "m", 1, 0, 0)
    answer = Answer(200, CLIENT.created(task).body)
    assert PROVIDER.read_submit(answer, "gpt4o-image") == Observation(State.QUEUED, task_id)


@pytest.mark.parametrize("path", [route.path for route in DIALECT.routes[:2]])
def test_the_provider_calls_the_paths_the_dialect_serves(path: str) -> None:
    assert path in {APIS["gpt4o-image"].create, APIS["gpt4o-image"].query}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://files.example/a"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.sampled_from(sorted({word for api in APIS.values() for word in api.words}))
NAMES = (
    *("taskId", "task_id", "status", "state", "successFlag", "progress", "response", "resultJson", "resultUrls"),
    *("errorCode", "errorMessage", "failCode", "failMsg", "sunoData", "audioUrl", "duration", "title", "resultObject"),
)
RECORDS = st.dictionaries(st.sampled_from(NAMES), JSON | WORDS | JSON.map(json.dumps))
NESTED = st.builds(
    lambda record, name, inner: {**record, name: inner}, RECORDS, st.sampled_from(NAMES), RECORDS | st.lists(RECORDS)
)
CODES = st.sampled_from([200, "200", 400, 404, 408, 422, 451, 500, 501, 599]) | JSON
ENVELOPES = st.fixed_dictionaries({"code": CODES}, optional={"msg": JSON, "message": JSON, "data": JSON | NESTED})
BODIES = st.binary() | (JSON | ENVELOPES | NESTED).map(lambda document: json.dumps(document).encode())
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 404, 429, 500, 502])
APIS_NAMED = st.sampled_from(sorted(APIS))


@settings(deadline=None)
@given(BODIES, STATUSES, APIS_NAMED)
def test_any_answer_to_a_submission_is_a_job_or_a_documented_error(body: bytes, status: int, api: str) -> None:
    with suppress(Refused, UnknownOutcome):
        assert PROVIDER.read_submit(Answer(status, body), api).upstream_task_id


@settings(deadline=None)
@given(BODIES, STATUSES, APIS_NAMED)
def test_any_answer_to_a_query_is_storable_or_unreadable(body: bytes, status: int, api: str) -> None:
    with suppress(Unreadable):
        seen = PROVIDER.read_query(Answer(status, body), api)
        assert (seen.fault is not None) == (seen.state in TERMINAL - {State.SUCCEEDED})
        assert 0 <= seen.progress <= 100
        repr(seen).encode()  # what cannot be encoded cannot be stored or told


@settings(deadline=None)
@given(BODIES, st.dictionaries(st.sampled_from(["x-webhook-timestamp", "x-webhook-signature"]), st.text()))
def test_any_callback_is_read_or_refused(body: bytes, headers: dict[str, str]) -> None:
    with suppress(BadInput, Forbidden):
        PROVIDER.read_callback(Inbound("POST", "/", headers, body=body), 1767225600)
