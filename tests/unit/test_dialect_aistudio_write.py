"""What the aistudio family tells its clients, key by key as its reference shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from relay.families.aistudio.dialect import DIALECT
from relay.families.aistudio.words import SEGMENTS
from relay.families.uses import BALANCE, CONSUMPTION
from relay.nouns.account import Balance, StatementPage
from relay.nouns.draft import Kind
from relay.nouns.errors import (
    AccountFrozen,
    BadKey,
    Forbidden,
    InsufficientBalance,
    Internal,
    InvalidParameter,
    MissingField,
    NoKey,
    NotFound,
    RateLimited,
    Refused,
    RelayError,
    TaskNotFound,
    TooManyInFlight,
    UnknownOutcome,
    Unsupported,
    UpstreamError,
    WrongMethod,
)
from relay.nouns.faults import Fault, sentence
from relay.nouns.money import Entry, EntryKind
from relay.nouns.task import FAULTS, Asset, State, Task
from relay.nouns.tiers import Tier
from tests.axes import table
from tests.speaking import Speaker

CLIENT = Speaker(DIALECT)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "aistudio"
NINE = 1_769_907_600_123  # 2026-02-01T09:00:00.123+08:00
YUAN = 10**9
USD = Decimal(7)
TASK = Task("acct", "T1", "aistudio", "kling", Kind.IMAGE, "m", price=1, created_at=NINE, expires_at=NINE + 900_000)
ASSETS = (Asset("https://cdn.example/a", 5.0, "Rain"), Asset("https://cdn.example/b", 180.5, "Snow"))
DONE = replace(TASK, state=State.SUCCEEDED, completed_at=NINE + 48_000, assets=ASSETS)


def fixture(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FIXTURES / name).read_text("utf-8"))
    return document


STATUSES = fixture("statuses.json")
ACCOUNT = fixture("account.json")


# --- Tasks


def test_a_created_task_is_a_bare_id() -> None:
    reply = CLIENT.created(TASK)
    assert (reply.status, json.loads(reply.body)) == (200, {"task_id": "T1"})


@pytest.mark.parametrize("state", [State.PENDING, State.SUBMITTING, State.QUEUED, State.PROCESSING, State.STORING])
def test_a_running_task_says_three_things(state: State) -> None:
    running = replace(TASK, state=state, assets=ASSETS, progress=40.0)
    assert json.loads(CLIENT.status(running).body) == STATUSES[state.value]


@pytest.mark.parametrize("kind", SEGMENTS.values())
def test_a_finished_task_has_the_one_result_key_of_its_kind(kind: Kind) -> None:
    assert json.loads(CLIENT.status(replace(DONE, kind=kind)).body) == STATUSES[kind.value]


@table("state", [State.FAILED, State.CANCELLED, State.TIMEOUT])
@table("known", [True, False], ids=["with its fault", "without one"])
def test_a_task_that_ended_badly_says_why(state: State, known: bool) -> None:
    ended = replace(TASK, state=state, completed_at=NINE, fault=FAULTS[state] if known else None)
    assert json.loads(CLIENT.status(ended).body) == STATUSES[state.value]


@pytest.mark.parametrize("kind", [Kind.VIDEO, Kind.MUSIC])
def test_a_whole_duration_is_an_integer(kind: Kind) -> None:
    body = CLIENT.status(replace(DONE, kind=kind)).body
    assert b'"duration":5}' in body


def test_what_is_not_known_of_a_song_is_left_out() -> None:
    song = replace(DONE, kind=Kind.MUSIC, assets=(Asset("https://cdn.example/a"),))
    assert json.loads(CLIENT.status(song).body)["music"] == [{"url": "https://cdn.example/a"}]


@table(
    "code, said",
    [
        ("GENERATION_FAILED", "GENERATION_FAILED"),
        ("TASK_TIMEOUT", "TASK_TIMEOUT"),
        ("TASK_CANCELLED", "TASK_CANCELLED"),
        ("API_ERROR", "API_ERROR"),
        ("CONTENT_POLICY_VIOLATION", "GENERATION_FAILED"),
        ("UPSTREAM_TIMEOUT", "GENERATION_FAILED"),
        ("SENSITIVE_WORD_ERROR", "GENERATION_FAILED"),
        ("", "GENERATION_FAILED"),
    ],
)
def test_a_task_error_says_only_codes_of_the_family(code: str, said: str) -> None:
    failed = replace(TASK, state=State.FAILED, fault=Fault(code, "why", "upstream-7"))
    assert json.loads(CLIENT.status(failed).body)["error"] == {"code": said, "message": sentence(code, "zh")}


def test_a_callback_is_the_task_document_and_its_platform() -> None:
    assert json.loads(CLIENT.notice(DONE)) == {**STATUSES["image"], "platform": "kling"}


def test_a_callback_is_the_same_bytes_each_time() -> None:
    assert CLIENT.notice(DONE) == CLIENT.notice(replace(DONE, deliveries=3, version=9))


# --- Errors

LIMITED = RateLimited("too often", "过于频繁", 7)
ERRORS: list[RelayError] = [
    MissingField("prompt"),
    InvalidParameter("count", "is too large", "过大"),
    Unsupported("not offered", "不支持"),
    NoKey(),
    BadKey(),
    InsufficientBalance(),
    Forbidden("not yours", "无权限"),
    AccountFrozen(),
    TaskNotFound(),
    NotFound(),
    LIMITED,
    TooManyInFlight("too many at once", "并发过多", 3),
    Internal(),
    UpstreamError("the upstream failed"),
]


def test_every_error_of_the_reference_is_tried() -> None:
    assert {error.code for error in ERRORS} == set(fixture("errors.json"))


@table("error", ERRORS)
def test_an_error_is_written_as_the_reference_says(error: RelayError) -> None:
    status, message = fixture("errors.json")[error.code]
    reply = DIALECT.write_error(error, "trace-1")
    assert (reply.status, json.loads(reply.body)) == (
        status,
        {"success": False, "error": {"code": error.code, "message": message}, "trace_id": "trace-1"},
    )


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (BadKey(), {}),
        (LIMITED, {"retry-after": "7"}),
        (TooManyInFlight("too many at once", "并发过多", 3), {"retry-after": "3"}),
        (WrongMethod(("POST",)), {"allow": "POST"}),
    ],
)
def test_an_error_carries_its_headers(error: RelayError, headers: dict[str, str]) -> None:
    assert DIALECT.write_error(error, "trace-1").headers == headers


class Foreign(RelayError):
    """An error of a code the test gives it."""

    status = 503

    def __init__(self, code: str) -> None:
        super().__init__("no")
        self.code = code  # type: ignore[misc]


@table(
    "error, status, code",
    [
        (Foreign("CONTENT_POLICY_VIOLATION"), 400, "INVALID_PARAMETER"),
        (Foreign("INPUT_FETCH_FAILED"), 400, "INVALID_PARAMETER"),
        (Foreign("UPSTREAM_TIMEOUT"), 500, "API_ERROR"),
        (Foreign("UPSTREAM_UNAVAILABLE"), 500, "API_ERROR"),
        (Foreign("SOMETHING_NEW"), 500, "INTERNAL_ERROR"),
        (Refused("no", elsewhere=True, task_code="INVALID_PARAMETER"), 500, "API_ERROR"),
        (UnknownOutcome("no"), 500, "API_ERROR"),
        (WrongMethod(("POST",)), 404, "NOT_FOUND"),
    ],
)
def test_a_code_the_family_does_not_know_folds_to_one_it_does(error: RelayError, status: int, code: str) -> None:
    reply = DIALECT.write_error(error, "trace-1")
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (status, code)


# --- The account

FREE = Tier(level=1, name="免费版", per_minute=20, per_day=1000, in_flight=10)


def entry(reference: str, kind: EntryKind, amount: int, at: int, made: str = "/") -> Entry:
    platform, _, task_kind = made.partition("/")
    return Entry("acct", reference, kind, amount, at, platform, task_kind)


ENTRIES = [
    entry("T2", EntryKind.RELEASE, YUAN * 7 // 4, NINE + 60_000, "kling/video"),
    entry("T2", EntryKind.RESERVE, -YUAN * 7 // 4, NINE + 30_000, "kling/video"),
    entry("T1", EntryKind.CAPTURE, 0, NINE + 20_000, "grok/image"),
    entry("T1", EntryKind.RESERVE, -YUAN // 5, NINE, "grok/image"),
    entry("P1", EntryKind.TOPUP, 1000 * YUAN, NINE - 1000),
]


def test_a_balance_is_one_enveloped_object() -> None:
    reply = CLIENT.write(BALANCE, Balance(1000 * YUAN, FREE, 50, 12 * YUAN + YUAN // 2, 0, USD))
    assert (reply.status, json.loads(reply.body)) == (200, ACCOUNT["balance"])


@pytest.mark.parametrize(
    ("nanos", "cents", "display"),
    [
        (0, 0, "¥0.00"),
        (5 * 10**7, 5, "¥0.05"),
        (5 * 10**6, 1, "¥0.01"),
        (1234567 * YUAN, 123456700, "¥1234567.00"),
        (-150 * 10**7, -150, "-¥1.50"),
    ],
)
def test_a_balance_is_shown_to_the_cent(nanos: int, cents: int, display: str) -> None:
    data = json.loads(CLIENT.write(BALANCE, Balance(nanos, FREE, 0, 0, 0, USD)).body)["data"][0]
    assert (data["balance_cents"], data["balance_display"]) == (cents, display)


def test_what_remains_of_a_day_is_never_negative() -> None:
    data = json.loads(CLIENT.write(BALANCE, Balance(0, FREE, 1001, 0, 0, USD)).body)["data"][0]
    assert data["rate_limit"]["remaining_today"] == 0


def test_a_statement_shows_charges_and_returns_and_nothing_else() -> None:
    reply = CLIENT.write(CONSUMPTION, StatementPage(7, ENTRIES))
    assert (reply.status, json.loads(reply.body)) == (200, ACCOUNT["consumption"])


def test_a_statement_adds_up_to_what_was_spent() -> None:
    records = json.loads(CLIENT.write(CONSUMPTION, StatementPage(7, ENTRIES)).body)["data"][0]["records"]
    assert sum(record["cost_cents"] for record in records) == 20


@pytest.mark.parametrize(("kind", "word"), [("image", "images"), ("video", "videos"), ("music", "music")])
def test_a_record_calls_a_kind_as_its_path_does(kind: str, word: str) -> None:
    record = entry("T1", EntryKind.RESERVE, -YUAN, NINE, f"p/{kind}")
    told = json.loads(CLIENT.write(CONSUMPTION, StatementPage(1, [record])).body)
    assert told["data"][0]["records"][0]["task_type"] == word
