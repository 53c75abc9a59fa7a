"""What the KIE dialect promises to write: the samples' exact keys, one code per failure, both statuses of an error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.families.kie.dialect import DIALECT
from relay.families.uses import DOWNLOAD, RECORD
from relay.nouns import errors
from relay.nouns.draft import Draft, Kind
from relay.nouns.faults import Fault, sentence
from relay.nouns.signing import verify_id
from relay.nouns.task import TERMINAL, Asset, State, Task
from tests.axes import table
from tests.speaking import Speaker

CLIENT = Speaker(DIALECT, paths=tuple(route.path for route in DIALECT.routes if "gpt4o" in route.path))
FIXTURES = Path(__file__).parents[1] / "fixtures" / "kie"
TASK = Task(
    account_id="acc",
    task_id="task_demo",
    dialect="kie",
    platform="gpt4o-image",
    kind=Kind.IMAGE,
    model="gpt4o-image",
    price=216_000_000,
    created_at=1767225600000,
    expires_at=1767226500000,
    state=State.PROCESSING,
    upstream_task_id="up_1",
)
DONE = replace(
    TASK,
    state=State.SUCCEEDED,
    progress=100.0,
    assets=(Asset("https://files.example/a.png"),),
    completed_at=1767225660000,
)
FAILED = replace(TASK, state=State.FAILED, fault=Fault("GENERATION_FAILED", "no luck"), completed_at=1767225660000)
DRAFT = Draft("kie", "gpt4o-image", Kind.IMAGE, "gpt4o-image", size="1:1", raw={"size": "1:1"})
CODES = [
    ("CONTENT_POLICY_VIOLATION", 400),
    ("INVALID_PARAMETER", 400),
    ("INPUT_FETCH_FAILED", 451),
    ("GENERATION_FAILED", 500),
    ("API_ERROR", 500),
    ("TASK_CANCELLED", 500),
    ("UNHEARD_OF", 500),
]


def sample(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def record(task: Task, draft: Draft | None = DRAFT) -> Any:
    return json.loads(CLIENT.status(task, draft).body)["data"]


def told(task: Task) -> Any:
    return json.loads(CLIENT.notice(task))


def test_created_is_the_sample() -> None:
    reply = CLIENT.created(TASK)
    assert (reply.status, json.loads(reply.body)) == (
        200,
        {"code": 200, "msg": "success", "data": {"taskId": "task_demo"}},
    )


def test_success_is_the_sample() -> None:
    assert json.loads(CLIENT.status(DONE, DRAFT).body) == sample("gpt4o-record-success")


@table("state", list(State))
def test_record_always_has_the_samples_keys(state: State) -> None:
    keys = set(sample("gpt4o-record-success")["data"])
    assert set(record(replace(TASK, state=state))) == keys


@pytest.mark.parametrize("state", [state for state in State if state not in TERMINAL])
def test_open_task_is_generating(state: State) -> None:
    found = record(replace(TASK, state=state))
    assert (found["status"], found["successFlag"], found["response"], found["completeTime"]) == (
        "GENERATING",
        0,
        None,
        None,
    )


@pytest.mark.parametrize("state", sorted(TERMINAL - {State.SUCCEEDED}))
def test_task_an_upstream_had_is_generate_failed(state: State) -> None:
    found = record(replace(FAILED, state=state))
    assert (found["status"], found["successFlag"]) == ("GENERATE_FAILED", 2)


@pytest.mark.parametrize("state", sorted(TERMINAL - {State.SUCCEEDED}))
def test_task_no_upstream_had_is_create_task_failed(state: State) -> None:
    found = record(replace(FAILED, state=state, upstream_task_id=None))
    assert (found["status"], found["successFlag"]) == ("CREATE_TASK_FAILED", 2)


@table("code, wire", CODES)
def test_failed_record_says_which_kind_of_failure(code: str, wire: int) -> None:
    found = record(replace(FAILED, fault=Fault(code, "why")))
    assert (found["errorCode"], found["errorMessage"], found["response"]) == (wire, sentence(code, "en"), None)


def test_failed_record_without_a_fault_says_the_usual() -> None:
    assert record(replace(FAILED, fault=None))["errorMessage"] == "the generation failed; the charge was returned"


@table(
    "progress, wire",
    [(0.0, "0.00"), (0.9, "0.00"), (7.0, "0.07"), (29.0, "0.29"), (45.0, "0.45"), (99.9, "0.99"), (100.0, "1.00")],
)
def test_progress_is_a_part_of_one_and_never_done_too_early(progress: float, wire: str) -> None:
    assert record(replace(TASK, progress=progress))["progress"] == wire


def test_request_is_echoed_as_compact_text() -> None:
    draft = replace(DRAFT, raw={"prompt": "猫", "size": "1:1"})
    assert record(TASK, draft)["paramJson"] == '{"prompt":"猫","size":"1:1"}'


def test_record_without_a_draft_echoes_nothing() -> None:
    assert record(TASK, None)["paramJson"] == "{}"


def test_status_comes_with_the_request() -> None:
    assert CLIENT.route(RECORD).path == "/api/v1/gpt4o-image/record-info"


def test_download_answers_the_link_itself() -> None:
    reply = CLIENT.write(DOWNLOAD, "https://files.example/a.png")
    assert json.loads(reply.body) == {"code": 200, "msg": "success", "data": "https://files.example/a.png"}


@table(
    "error, status, code",
    [
        (errors.BadInput("x"), 400, 400),
        (errors.MissingField("size"), 400, 400),
        (errors.InvalidParameter("size", "x", "y"), 400, 400),
        (errors.Unsupported("x"), 400, 505),
        (errors.NoKey(), 401, 401),
        (errors.BadKey(), 401, 401),
        (errors.InsufficientBalance(), 402, 402),
        (errors.Forbidden("x"), 401, 401),
        (errors.AccountFrozen(), 401, 401),
        (errors.NotFound(), 404, 404),
        (errors.TaskNotFound(), 404, 404),
        (errors.WrongMethod(("GET",)), 404, 404),
        (errors.RateLimited("x", "y", 7), 429, 429),
        (errors.TooManyInFlight("x", "y", 7), 429, 429),
        (errors.Internal(), 500, 500),
        (errors.UpstreamError("x"), 500, 500),
    ],
)
def test_error_says_its_code_in_status_and_body(error: errors.RelayError, status: int, code: int) -> None:
    reply = DIALECT.write_error(error, "trace-1")
    assert (reply.status, json.loads(reply.body)) == (status, {"code": code, "msg": error.tell("en"), "data": None})


def test_error_carries_the_trace_id() -> None:
    assert DIALECT.write_error(errors.Internal(), "trace-1").headers == {}


def test_error_keeps_its_own_headers() -> None:
    assert DIALECT.write_error(errors.RateLimited("x", "y", 7), "t").headers["retry-after"] == "7"


def test_callback_of_a_success_is_the_sample() -> None:
    assert told(DONE) == sample("gpt4o-callback-success")


def test_callback_of_a_failure_is_the_sample() -> None:
    fault = Fault("CONTENT_POLICY_VIOLATION", "no such words")
    assert told(replace(FAILED, fault=fault)) == sample("gpt4o-callback-failure")


@table("code, wire", CODES)
def test_callback_says_which_kind_of_failure(code: str, wire: int) -> None:
    assert told(replace(FAILED, fault=Fault(code, "why")))["code"] == wire


def test_callback_of_a_timeout_is_408() -> None:
    assert told(replace(FAILED, state=State.TIMEOUT))["code"] == 408


def test_callback_of_a_cancelled_task_is_500() -> None:
    assert told(replace(FAILED, state=State.CANCELLED, fault=None))["code"] == 500


def test_callback_bytes_repeat() -> None:
    assert CLIENT.notice(DONE) == CLIENT.notice(replace(DONE, deliveries=3))


def test_callback_signature_verifies_with_the_accounts_secret() -> None:
    headers = DIALECT.sign_callback(DONE, "whsec_RVhBTVBMRQ==", 1767225660)
    timestamp, signature = headers["x-webhook-timestamp"], headers["x-webhook-signature"]
    assert verify_id("whsec_RVhBTVBMRQ==", "task_demo", timestamp, signature, 1767225660)
