"""AI Hub as an upstream: its streams as other clients read them, and who else answers where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.catalog.file import shipped
from relay.nouns.catalog import Catalog, Source
from relay.nouns.draft import Kind
from relay.nouns.money import nanos
from tests.functional.aihub_client import CHAT, STREAM, arrived, asked, error_of, events_of, text_of
from tests.functional.harness import open_account
from tests.functional.streaming import Line, streaming

INNER, FREE = "sk-EXAMPLE-inner", "grok-4-fast:free"


def test_an_openai_client_reads_ai_hubs_stream_as_chunks(relay: Line) -> None:
    before = relay.spent
    plain = relay.chat("Tell me of dunes.", model="llama-3.1-70b")
    streamed = relay.chat("Tell me of dunes.", model="llama-3.1-70b", stream=True)
    assert relay.spent - before == 2 * plain.json()["usage"]["total_tokens"] * 7_200
    chunks = events_of(streamed)
    assert text_of(chunks) == plain.json()["choices"][0]["message"]["content"]
    assert {(each["object"], each["model"]) for each in chunks} == {("chat.completion.chunk", "llama-3.1-70b")}
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [each["choices"][0]["finish_reason"] for each in chunks if each["choices"]][-1] == "stop"
    assert "usage" not in streamed.text
    assert "cost" not in plain.text + streamed.text


def with_another(sold: Catalog) -> Catalog:
    """The free model is made by another relay, whose client we are as of AI Hub, of a cheaper one, and is paid for."""
    upstreams = {**sold.upstreams, "another": replace(sold.upstreams["aihub"], name="another")}
    source = Source("another", "gpt-4o-mini", "chat")
    paid = replace(sold.models["llama-3.1-70b"], name=FREE, sources=(source,))
    offer = sold.menus["aihub"]["chat"][Kind.CHAT]
    offer = replace(offer, models={**offer.models, FREE: paid})
    menus = {**sold.menus, "aihub": {"chat": {Kind.CHAT: offer}}}
    return replace(sold, upstreams=upstreams, models={**sold.models, FREE: paid}, menus=menus)


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with streaming(catalog=with_another(shipped()), itself="another") as made:
        open_account(made.here, "inner", INNER, "9", 3)
        made.here.secrets.values["upstreams/another/key"] = INNER
        yield made


SWITCHES = (("gpt-4o-mini", "newapi", "aihub"), ("claude-3.5-sonnet", "aihub", "newapi"))


def test_a_stream_that_tells_no_usage_is_paid_by_its_text(relay: Line) -> None:
    before = relay.spent
    *said, last = events_of(relay.post(STREAM, asked("[[inference:no-usage]] of fens", "llama-3.1-70b")))
    used = last["usage"]
    assert abs(used["completion_tokens"] - len(text_of(said).encode()) / 3) <= 1  # as JSON writes the text
    assert relay.spent - before == used["total_tokens"] * 7_200
    assert last["cost"] == used["total_tokens"] * 0.001 / 1000


@pytest.mark.parametrize(("model", "first", "second"), SWITCHES)
@pytest.mark.parametrize("fault", ["error-first", "status=500", "html"])
def test_another_family_answers_where_the_first_has_not_begun(
    relay: Line, model: str, first: str, second: str, fault: str
) -> None:
    prompt = f"[[{first}/inference:{fault}]] Tell me of {model}."
    for path, count in ((STREAM, 1), ("/v1/chat/completions", 2)):
        answer = relay.post(path, asked(prompt, model, stream=True))
        assert text_of(events_of(answer))
        assert arrived(relay, prompt) == {first: count, second: count}
        assert b'"error":' not in answer.content
    assert relay.here.drift == 0


@pytest.mark.parametrize(("model", "first", "second"), SWITCHES)
@pytest.mark.parametrize("fault", ["error", "cut"])
def test_none_other_answers_once_one_has_begun(relay: Line, model: str, first: str, second: str, fault: str) -> None:
    prompt = f"[[{first}/inference:{fault}]] Tell me of {model}."
    before = relay.spent
    *said, last = events_of(relay.post(STREAM, asked(prompt, model)))
    assert text_of(said)
    assert (last["success"], last["error"]["code"]) == (False, "upstream_unavailable")
    assert arrived(relay, prompt) == {first: 1, second: 0}
    assert relay.spent > before


def test_a_request_with_tools_goes_to_who_can_answer_it(relay: Line) -> None:
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
    data = relay.post(CHAT, asked("Do look it up.", "claude-3.5-sonnet", tools=tools)).json()["data"]
    assert data["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "look_up"
    before = len(relay.upstreams["aihub"].book.arrived)
    refused = relay.post(CHAT, asked("Look it up.", "llama-3.1-70b", tools=tools))
    assert error_of(refused) == (400, "invalid_request_error", "invalid_parameter", "tools")
    assert len(relay.upstreams["aihub"].book.arrived) == before


def test_a_relay_may_be_the_ai_hub_of_a_relay(relay: Line) -> None:
    before, paid = relay.spent, inner_paid(relay)
    whole = relay.post(CHAT, asked("Tell me of moors.", FREE)).json()["data"]
    streamed = events_of(relay.post(STREAM, asked("Tell me of moors.", FREE)))
    assert text_of(streamed) == whole["choices"][0]["message"]["content"]
    assert streamed[-1]["usage"] == whole["usage"]
    assert [each["choices"][0].get("finish_reason") for each in streamed].count("stop") == 1
    tokens = 2 * whole["usage"]["total_tokens"]
    assert (relay.spent - before, inner_paid(relay) - paid) == (tokens * 7_200, tokens * 1_080)
    *_, last = events_of(relay.post(STREAM, asked("[[newapi/inference:error]] hi", FREE)))
    assert last["error"]["code"] == "upstream_unavailable"


def inner_paid(relay: Line) -> int:
    found = relay.here.services.store.accounts.get("inner")
    assert found is not None
    return nanos("9") - found.balance
