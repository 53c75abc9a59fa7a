"""AI Hub's clients: what they are told, what they pay, and each refusal in its words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from relay.catalog.file import shipped
from relay.nouns.money import NANOS
from relay.nouns.wire import Json
from tests.functional.aihub_client import CHAT, MODELS, STREAM, asked, error_of, events_of, text_of
from tests.functional.harness import KEY, open_account
from tests.functional.streaming import Line, streaming

USD = shipped().usd


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with streaming() as made:
        for name, balance, tier in (("free", "9", 1), ("busy", "9", 2), ("poor", "0", 2)):
            open_account(made.here, name, f"sk-EXAMPLE-{name}", balance, tier)
        yield made


def test_a_call_of_57_tokens_costs_what_the_price_list_says(relay: Line) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How do I fold a boat?"},
    ]
    before = relay.spent
    answer = relay.post(CHAT, {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 42}).json()
    assert answer.keys() == {"success", "data"}
    data = answer["data"]
    assert data.keys() == {"id", "object", "created", "model", "choices", "usage", "cost"}
    assert data["usage"] == {"prompt_tokens": 15, "completion_tokens": 42, "total_tokens": 57}
    assert data["cost"] == 0.00000855
    assert relay.spent - before == 0.00000855 * float(USD) * NANOS


@pytest.mark.parametrize("model", ["gpt-4o-mini", "llama-3.1-70b"])  # by an upstream of OpenAI's shape, and by AI Hub
def test_a_streamed_call_says_and_costs_what_the_whole_answer_does(relay: Line, model: str) -> None:
    body, costs = asked("Tell me of kites.", model), list[int]()
    whole = relay.post(CHAT, body).json()["data"]
    for path, more in ((STREAM, {}), (STREAM, {"stream": False}), (CHAT, {"stream": True})):
        before = relay.spent
        answer = relay.post(path, body | more)
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = events_of(answer)
        assert text_of(events) == whole["choices"][0]["message"]["content"]
        assert {"id", "choices"} == set.intersection(*map(set, events))
        assert all(isinstance(event["choices"][0]["delta"]["content"], str) for event in events)
        assert {name: events[-1][name] for name in ("usage", "cost")} == {n: whole[n] for n in ("usage", "cost")}
        costs.append(relay.spent - before)
    assert len(set(costs)) == 1
    assert costs[0] == round(whole["cost"] * float(USD) * NANOS)


WRONG = (
    ({"messages": None}, "missing_parameter", "messages"),
    ({"model": None}, "missing_parameter", "model"),
    ({"model": "gpt-9"}, "model_not_found", "model"),
    ({"messages": "hello"}, "invalid_parameter", "messages"),
    ({"messages": ["hello"]}, "invalid_parameter", "messages[0]"),
    ({"temperature": 2.1}, "invalid_parameter", "temperature"),
    ({"temperature": "hot"}, "invalid_parameter", "temperature"),
    ({"temperature": 10**4000}, "invalid_parameter", "temperature"),
    ({"top_p": -0.1}, "invalid_parameter", "top_p"),
    ({"frequency_penalty": -2.1}, "invalid_parameter", "frequency_penalty"),
    ({"presence_penalty": 3}, "invalid_parameter", "presence_penalty"),
    ({"max_tokens": 0}, "invalid_parameter", "max_tokens"),
    ({"max_tokens": 1.5}, "invalid_parameter", "max_tokens"),
    ({"stream": "yes"}, "invalid_parameter", "stream"),
)


@pytest.mark.parametrize("path", [CHAT, STREAM])
def test_what_is_wrong_is_named_and_costs_nothing(relay: Line, path: str) -> None:
    before = len(relay.calls)
    told = [error_of(relay.post(path, asked("hi") | body)) for body, _, _ in WRONG]
    assert told == [(400, "invalid_request_error", code, field) for _, code, field in WRONG]
    assert len(relay.calls) == before
    raw = requests.post(relay.url + path, data=b"{", headers={"authorization": f"Bearer {KEY}"}, timeout=30)
    assert error_of(raw)[:3] == (400, "invalid_request_error", "invalid_parameter")


def test_a_number_within_its_bounds_passes(relay: Line) -> None:
    fields: dict[str, Json] = {
        "temperature": 2,
        "top_p": 0,
        "frequency_penalty": -2,
        "presence_penalty": 2.0,
        "seed": 7,
        "stream": None,
    }
    assert relay.post(CHAT, asked("hi", **fields)).status_code == 200


KEYS: tuple[tuple[dict[str, str], str, str | None], ...] = (
    ({"authorization": f"Bearer {KEY}"}, "", None),
    ({"x-api-key": KEY}, "", None),
    ({}, f"?api_key={KEY}", None),
    ({"authorization": f"Bearer {KEY}", "x-api-key": "wrong-key"}, "?api_key=wrong-key", None),
    ({"authorization": "Bearer wrong-key", "x-api-key": KEY}, f"?api_key={KEY}", "invalid_api_key"),
    ({"authorization": f"Basic {KEY}", "x-api-key": KEY}, "", "invalid_api_key"),
    ({"x-api-key": "wrong-key"}, f"?api_key={KEY}", "invalid_api_key"),
    ({}, "?api_key=wrong-key", "invalid_api_key"),
    ({}, "", "missing_api_key"),
)


def test_the_first_place_with_a_key_counts_and_no_log_has_it(relay: Line, capfd: pytest.CaptureFixture[str]) -> None:
    for headers, query, code in KEYS:
        for path in (CHAT, STREAM):
            answer = requests.post(relay.url + path + query, json=asked("hi"), headers=headers, timeout=30)
            expected = (401, "authentication_error", code, None)
            assert answer.ok if code is None else error_of(answer) == expected, (headers, query)
        listed = requests.get(relay.url + MODELS + query, headers=headers, timeout=30)
        assert listed.status_code == (200 if code is None else 401)
    assert KEY not in "".join(capfd.readouterr())


def test_the_paths_around_it_stay_with_their_family(relay: Line) -> None:
    answer = requests.get(relay.url + "/api/v1/chat/credit", headers=bearer(KEY), timeout=30).json()
    assert (answer["code"], answer["msg"]) == (200, "success")
    nowhere = requests.get(relay.url + "/api/v1/chat/stream/x", headers=bearer(KEY), timeout=30)
    assert error_of(nowhere)[:3] == (404, "invalid_request_error", "not_found")


def test_a_free_plan_is_told_what_it_lacks(relay: Line) -> None:
    listed = requests.get(relay.url + MODELS, headers=bearer("sk-EXAMPLE-free"), timeout=30).json()["data"]
    told = {each["id"]: (each["tier"], each["price_per_1k_tokens"], each["available"]) for each in listed}
    assert told == {
        "gpt-4o-mini": ("basic", 0.00015, True),
        "llama-3.1-70b": ("basic", 0.001, True),
        "gpt-4o": ("premium", 0.015, False),
        "claude-3.5-sonnet": ("premium", 0.003, False),
        "gemini-1.5-pro": ("premium", 0.0025, False),
        "grok-4-fast:free": ("free", 0, True),
        "deepseek-chat-v3.1:free": ("free", 0, True),
    }
    before = len(relay.calls)
    refused = relay.post(CHAT, asked("hi", "gpt-4o", max_tokens=1), key="sk-EXAMPLE-free")
    assert error_of(refused) == (403, "permission_error", "model_not_allowed", "model")
    *quota, often = (relay.post(CHAT, asked("hi"), key="sk-EXAMPLE-free") for _ in range(11))
    assert {error_of(each) for each in quota} == {(429, "rate_limit_error", "quota_exceeded", None)}
    assert error_of(often) == (429, "rate_limit_error", "rate_limit_exceeded", None)
    assert often.headers["retry-after"]
    assert len(relay.calls) == before


def test_an_eleventh_call_at_once_is_refused(relay: Line) -> None:
    body = asked("[[inference:endless]]", "grok-4-fast:free", max_tokens=60)
    lines = [relay.post(STREAM, body, key="sk-EXAMPLE-busy", stream=True) for _ in range(10)]
    refused = relay.post(STREAM, body, key="sk-EXAMPLE-busy")
    assert error_of(refused) == (429, "rate_limit_error", "concurrency_limit_exceeded", None)
    for line in lines:
        assert line.ok
        line.close()


def test_who_has_no_money_may_call_what_is_free(relay: Line) -> None:
    refused = relay.post(CHAT, asked("hi"), key="sk-EXAMPLE-poor")
    assert error_of(refused) == (403, "permission_error", "insufficient_balance", None)
    free = relay.post(CHAT, asked("hi", "deepseek-chat-v3.1:free"), key="sk-EXAMPLE-poor").json()
    assert (free["data"]["cost"], free["data"]["usage"]["total_tokens"] > 0) == (0, True)


def bearer(word: str) -> dict[str, str]:
    return {"authorization": f"Bearer {word}"}


def test_who_no_upstream_answers_is_told_so_and_pays_nothing(relay: Line) -> None:
    before = relay.spent
    answer = relay.post(CHAT, asked("[[inference:status=500]] hi", "llama-3.1-70b"))
    assert error_of(answer) == (503, "server_error", "upstream_unavailable", None)
    assert answer.headers["retry-after"]
    assert relay.spent == before
