"""Model calls in every shape: billed alike however they are asked, limited alike, refused in the shape's own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.families.newapi.inference.provider import INFERENCE
from relay.families.newapi.inference.read import read_content, reader
from relay.nouns.tiers import LineLimits
from relay.nouns.wire import Answer, Inbound, compact
from tests.axes import table
from tests.functional.harness import open_account
from tests.functional.model_shapes import (
    CASES,
    GEMINI,
    LONG,
    STREAMED,
    Case,
    asking,
    documents,
    error_of,
    speaks,
    usage_of,
)
from tests.functional.network import CATALOG
from tests.functional.streaming import Line, streaming

EMPTY, HURRIED, FULL = "sk-EXAMPLE-empty", "sk-EXAMPLE-hurried", "sk-EXAMPLE-full"
LINES = LineLimits(per_minute=1000, at_once=0, tokens_per_month=10**7, premium=True)
NAMES, STREAMED_NAMES = [each.shape for each in CASES], [each.shape for each in STREAMED]


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    """A relay with tiers that allow no line at once (1) and nearly no tokens (2)."""
    tiers = dict(CATALOG.tiers)
    tiers |= {1: replace(tiers[1], lines=LINES), 2: replace(tiers[2], lines=replace(LINES, at_once=9))}
    tiers[2] = replace(tiers[2], lines=replace(tiers[2].lines, tokens_per_month=1))
    with streaming(catalog=replace(CATALOG, tiers=tiers)) as made:
        for key, balance, tier in ((EMPTY, "0", 3), (HURRIED, "9", 1), (FULL, "9", 2)):
            open_account(made.here, key, key, balance, tier)
        yield made


def spent_by(relay: Line, path: str, body: Any, **how: Any) -> tuple[int, Any]:
    before = relay.spent
    answer = relay.post(path, body, **how)
    assert answer.status_code == 200, answer.text
    return relay.spent - before, answer


@table("case", STREAMED, STREAMED_NAMES)
def test_a_stream_costs_what_the_same_request_costs_unstreamed(relay: Line, case: Case) -> None:
    for prompt in ("Tell me of paper boats.", LONG):
        costs = []
        for path, body in case.ways:
            known = {each.task_id for each in relay.calls}
            cost, answer = spent_by(relay, path, asking(body, prompt))
            (task,) = (each for each in relay.calls if each.task_id not in known)
            costs.append((cost, task.tokens))
            usage = usage_of(case, documents(answer)) or {}
            assert task.tokens == (usage.get("total_tokens") or usage.get("totalTokenCount") or task.tokens)
        assert costs[0] == costs[1]
        assert min(costs[0]) > 0
    assert relay.here.drift == 0


@table("case", CASES, NAMES)
def test_who_asks_is_told_what_was_charged(relay: Line, case: Case) -> None:
    for path, body in case.ways:
        if "stream_options" not in body and body.get("stream") and case.shape in ("chat", "completions"):
            body["stream_options"] = {"include_usage": True}
        spent, answer = spent_by(relay, path, asking(body, "Tell me of kites."), headers={"x-show-cost": "true"})
        usage, dollars = usage_of(case, documents(answer)), spent / 7.2e9
        if usage is not None:
            assert usage["cost"] == pytest.approx(dollars, abs=1e-12)
        if (path, body) == (case.path, case.body):
            assert float(answer.headers["x-cost"]) == pytest.approx(dollars, abs=1e-12)
        assert (usage is None) == (case.shape == "moderations")
        assert "cost" not in relay.post(path, asking(body, "Tell me of kites.")).text


@table("case", CASES, NAMES)
def test_every_shape_counts_against_the_balance_the_lines_at_once_and_the_months_tokens(
    relay: Line, case: Case
) -> None:
    before = len(list(relay.here.services.store.tasks.since(EMPTY, "0")))
    words = {
        EMPTY: (403, {"openai": "quota_not_enough", "claude": "permission_error", "google": "PERMISSION_DENIED"}),
        HURRIED: (429, {"openai": "too_many_requests", "claude": "rate_limit_error", "google": "RESOURCE_EXHAUSTED"}),
        FULL: (429, {"openai": "quota_exceeded", "claude": "rate_limit_error", "google": "RESOURCE_EXHAUSTED"}),
    }
    for key, (status, said) in words.items():
        for path, body in case.ways:
            answer = relay.post(path, asking(body, "Tell me of tin cans."), key=key)
            if (case.shape, key) == ("moderations", EMPTY):  # these cost nothing
                assert answer.status_code == 200
                continue
            assert (answer.status_code, error_of(answer.json())) == (status, (speaks(case), said[speaks(case)]))
    made = len(list(relay.here.services.store.tasks.since(EMPTY, "0"))) - before
    assert made == (case.shape == "moderations")


@table("case", CASES, NAMES)
def test_a_refusal_before_the_first_byte_is_in_the_shape_asked(relay: Line, case: Case) -> None:
    for path, body in case.ways:
        asked = asking(body, "a boat")
        unknown = path.replace("gemini-3.8-flash", "no-such"), {**asked, "model": "no-such"}
        for answer, status in (
            (relay.post(path, asked, key="sk-EXAMPLE-nobody"), 401),
            (relay.post(path, asked, key=None), 401),
            (relay.post(*unknown), 400),
            (relay.post(path, asking(body, "[[inference:status=429]] a boat")), 503),
            (relay.post(path, asking(body, "[[inference:html]] a boat")), 503),
        ):
            assert (answer.status_code, error_of(answer.json())[0]) == (status, speaks(case)), answer.text
    assert relay.here.drift == 0


@table("case", STREAMED, STREAMED_NAMES)
def test_a_stream_that_breaks_off_ends_with_the_shapes_error_and_costs_what_came(relay: Line, case: Case) -> None:
    for fault in ("cut", "error", "malformed"):
        cost, answer = spent_by(relay, case.stream, asking({**case.body, **case.asks}, f"[[inference:{fault}]] a kite"))
        *before, last = documents(answer)
        assert before
        if case.shape == "responses":
            assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
            assert last["sequence_number"] > before[-1]["sequence_number"]
        else:
            assert error_of(last)[0] == speaks(case)
        assert answer.text.endswith("data: [DONE]\n\n") == (case.shape in ("chat", "completions"))
        assert cost > 0
    assert relay.here.drift == 0


@table("case", STREAMED, STREAMED_NAMES)
def test_a_stream_without_usage_is_charged_by_an_estimate(relay: Line, case: Case) -> None:
    cost, answer = spent_by(relay, case.stream, asking({**case.body, **case.asks}, "[[inference:no-usage]] a kite"))
    plain, _ = spent_by(relay, case.path, asking(case.body, "[[inference:no-usage]] a kite"))
    exact, _ = spent_by(relay, case.path, asking(case.body, "a kite"))
    assert cost == pytest.approx(plain, rel=0.25)
    assert exact < cost < 5 * exact
    if case.shape == "messages":
        told = documents(answer)
        assert told[0]["message"]["usage"]["input_tokens"] > 0
        assert [each["usage"]["output_tokens"] > 10 for each in told if each["type"] == "message_delta"][-1]


def test_paths_that_nothing_serves_are_told_so_in_their_makers_words(relay: Line) -> None:
    for path, maker in (
        ("/v1beta/nothing", "google"),
        (f"{GEMINI}:countTokens", "google"),
        ("/v1/messages/nothing", "claude"),
        ("/v1/nothing", "openai"),
    ):
        answer = relay.post(path, {})
        assert (answer.status_code, error_of(answer.json())[0]) == (404, maker)
    for path in ("/v1/files", "/v1/images/variations"):
        assert relay.post(path, {}).status_code == 501


def test_what_an_upstream_would_keep_under_our_key_is_not_reached(relay: Line) -> None:
    for name, value in (("background", True), ("previous_response_id", "resp_1"), ("conversation", "conv_1")):
        answer = relay.post("/v1/responses", {"model": "gpt-4o-mini", "input": "a boat", name: value})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)


def test_a_content_is_always_asked_for_in_events_and_without_the_clients_key() -> None:
    asked = Inbound(
        "POST",
        f"{GEMINI}:streamGenerateContent",
        {"x-goog-api-key": "sk-EXAMPLE-client"},
        {"model": "gemini-3.8-flash"},
        {"key": "sk-EXAMPLE-client"},
        compact({"contents": [{"parts": [{"text": "a boat"}]}], "generationConfig": {"candidateCount": 2}}),
    )
    call = INFERENCE["generate-content"].write(read_content(asked, CATALOG, streamed=True), "google/gemini")
    assert call.url == "/v1beta/models/google%2Fgemini:streamGenerateContent?alt=sse"
    assert "sk-EXAMPLE" not in str(call)
    assert call.body == asked.body


def test_a_message_carries_its_versions_on() -> None:
    body = compact({"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]})
    said = {"anthropic-version": "2024-01-01", "anthropic-beta": "x-1", "x-api-key": "sk-EXAMPLE-client"}
    for headers, version in ((said, "2024-01-01"), ({}, "2023-06-01")):
        asked = reader("messages")(Inbound("POST", "/v1/messages", headers, body=body), CATALOG)
        call = INFERENCE["messages"].write(asked, "claude")
        assert (call.headers["anthropic-version"], "sk-EXAMPLE" in str(call)) == (version, False)
        assert ("anthropic-beta" in call.headers) == ("anthropic-beta" in headers)


@table(
    "name, body, output",
    [
        ("completions", {"prompt": ["a", "b"], "max_tokens": 10, "n": 2, "best_of": 3}, 60),
        ("completions", {"prompt": [1, 2, 3], "max_tokens": 10}, 10),
        ("messages", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 7}, 7),
        ("responses", {"input": "a", "max_output_tokens": 9}, 9),
        ("embeddings", {"input": "a"}, 0),
    ],
)
def test_all_answers_of_a_request_are_reserved_for(name: str, body: dict[str, Any], output: int) -> None:
    (model, *_) = CATALOG.menus["newapi"][name][INFERENCE[name].shape.kind].models
    asked = reader(name)(Inbound("POST", "/", {}, body=compact({"model": model, **body})), CATALOG)
    assert asked.estimate.output == output


REFUSALS: dict[str, tuple[int, Any, dict[str, Any]]] = {
    "the client": (400, {"message": "no", "param": "tools[0].type"}, {"elsewhere": False, "key": False}),
    "our key at Google": (400, {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}, {"key": True}),
    "a policy": (400, {"message": "against our policies"}, {"task_code": "CONTENT_POLICY_VIOLATION"}),
    "a crowd": (429, {"type": "rate_limit_error"}, {"elsewhere": True, "key": False}),
    "an overload": (529, {"type": "overloaded_error"}, {"elsewhere": True, "key": False}),
    "no model": (404, {"type": "not_found_error"}, {"elsewhere": True}),
}


@table("status, error, meant", REFUSALS.values(), REFUSALS)
def test_an_upstreams_refusal_says_who_is_at_fault(status: int, error: Any, meant: dict[str, Any]) -> None:
    found = INFERENCE["messages"].refuse(Answer(status, compact({"error": error})))
    assert {name: getattr(found, name) for name in meant} == meant


def test_every_model_on_a_shapes_menu_has_a_source_that_speaks_it() -> None:
    menus = {name: kinds for name, kinds in CATALOG.menus["newapi"].items() if name in INFERENCE}
    assert menus.keys() == INFERENCE.keys()
    for name, kinds in menus.items():
        for model in kinds[INFERENCE[name].shape.kind].models.values():
            assert name in {each.api for each in model.sources}
