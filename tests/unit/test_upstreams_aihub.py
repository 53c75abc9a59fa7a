"""The simulated AI Hub: an enveloped chat that names its cost, a stream of nothing but text, refusals as documented."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai._streaming import SSEDecoder

from local.upstreams import Settings
from local.upstreams.aihub import SIMULATOR, Aihub
from local.upstreams.aihub.chat import HOME, MODELS
from local.upstreams.files import Files
from local.upstreams.misbehave import Streamed
from relay.nouns.catalog import Upstream
from relay.nouns.wire import Inbound, Reply, compact
from tests.functional.network import CATALOG

SETTINGS = Settings(clock=lambda: 1_767_225_600.0)
KEY = SETTINGS.key("aihub")
ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "How do I fold a boat?"}]}


@pytest.fixture
def hub() -> Aihub:
    poll = next(iter(CATALOG.upstreams.values())).poll
    upstream = Upstream("aihub", "aihub", "https://api.aihub.com", callbacks=False, poll=poll)
    return SIMULATOR(upstream, SETTINGS, Files("https://files.example", SETTINGS.clock))


def ask(hub: Aihub, path: str, body: Any, headers: dict[str, str] | None = None, **query: str) -> Reply:
    headers = {"authorization": f"Bearer {KEY}"} if headers is None else headers
    return hub.answer(Inbound("POST", HOME + path, headers, {}, query, compact(body)))


def streamed(hub: Aihub, path: str, body: Any) -> list[str]:
    with pytest.raises(Streamed) as told:
        ask(hub, path, body)
    return [event.data for event in SSEDecoder().iter_bytes(line for _, line in told.value.lines)]


@pytest.mark.parametrize(("path", "more"), [("/stream", {}), ("/completions", {"stream": True})])
def test_a_stream_holds_the_text_of_the_whole_answer_and_its_cost_where_asked(
    hub: Aihub, path: str, more: dict[str, Any]
) -> None:
    told = json.loads(ask(hub, "/completions", ASKED).body)
    data = told["data"]
    assert told["success"] is True
    assert data["cost"] == pytest.approx(data["usage"]["total_tokens"] * 0.00015 / 1000)
    *events, done = streamed(hub, path, ASKED | more)
    documents = [json.loads(each) for each in events]
    assert done == "[DONE]"
    assert {tuple(each) for each in documents} == {("id", "choices")}
    text = "".join(each["choices"][0]["delta"]["content"] for each in documents)
    assert text == data["choices"][0]["message"]["content"]
    with_usage = streamed(hub, path, ASKED | more | {"stream_options": {"include_usage": True}})
    last = json.loads(with_usage[-2])
    assert {name: last[name] for name in ("id", "usage", "cost")} == {
        name: data[name] for name in ("id", "usage", "cost")
    }


def test_the_first_place_of_the_key_that_holds_anything_counts(hub: Aihub) -> None:
    places: list[tuple[dict[str, str], dict[str, str]]] = [({"x-api-key": KEY}, {}), ({}, {"api_key": KEY})]
    for headers, query in places:
        assert ask(hub, "/completions", ASKED, headers, **query).status == 200
        wrong = {"authorization": "Bearer wrong", **headers}
        assert ask(hub, "/completions", ASKED, wrong, **query).status == 401


REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    ({"model": "gpt-9"}, 400, "invalid_request_error", "model_not_found"),
    ({"messages": []}, 400, "invalid_request_error", "invalid_parameter"),
    ({"model": "gpt-4o"}, 403, "permission_error", "model_not_allowed"),
    ({"messages": [{"content": "[[submit:rate-limit]]"}]}, 429, "rate_limit_error", "rate_limit_exceeded"),
    ({"messages": [{"content": "[[submit:no-credits]]"}]}, 429, "rate_limit_error", "quota_exceeded"),
    ({"messages": [{"content": "[[inference:status=500]]"}]}, 500, "server_error", "internal_error"),
]


@pytest.mark.parametrize(("more", "status", "kind", "code"), REFUSED)
def test_a_refusal_is_told_as_documented(hub: Aihub, more: dict[str, Any], status: int, kind: str, code: str) -> None:
    hub.paid = False
    reply = ask(hub, "/stream", ASKED | more)
    told = json.loads(reply.body)
    assert (reply.status, told["success"]) == (status, False)
    assert (told["error"]["type"], told["error"]["code"]) == (kind, code)
    assert told["error"].keys() == {"type", "message", "code", "details"}


def test_models_are_listed_with_prices_and_whether_the_account_may_use_them(hub: Aihub) -> None:
    hub.paid = False
    reply = hub.answer(Inbound("GET", f"{HOME}/models", {"x-api-key": KEY}))
    listed = {each["id"]: each for each in json.loads(reply.body)["data"]}
    assert listed.keys() == MODELS.keys()
    assert [name for name, each in listed.items() if not each["available"]] == [
        name for name, each in listed.items() if each["tier"] == "premium"
    ]
    assert listed["gpt-4o-mini"]["price_per_1k_tokens"] == 0.00015
