"""Chat completions: passed on while they arrive, and billed by what was used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from relay.nouns.task import State
from tests.functional.streaming import Line, streaming


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with streaming() as made:
        yield made


def test_a_completion_is_answered_and_billed_by_its_usage(relay: Line) -> None:
    before = relay.spent
    answer = relay.chat("Tell me of lighthouses.")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["choices"][0]["message"]["content"]
    task = relay.calls[-1]
    assert (task.state, task.tokens) == (State.SUCCEEDED, said["usage"]["total_tokens"])
    assert relay.spent - before == task.used
    assert task.used
    assert relay.here.drift == 0


def test_a_stream_costs_what_the_same_request_costs_unstreamed(relay: Line) -> None:
    before = relay.spent
    assert relay.chat("Tell me of paper boats.").ok
    plain, before = relay.spent - before, relay.spent
    streamed = relay.chat("Tell me of paper boats.", stream=True)
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert "total_tokens" not in streamed.text
    assert relay.spent - before == plain


def test_a_statement_lists_a_call_and_what_was_not_used(relay: Line) -> None:
    assert relay.chat("Tell me of kites.", max_tokens=64).ok
    call = relay.calls[-1]
    status, page = relay.here.post("/api/account/consumption", {"page": 1, "page_size": 2})
    assert status == 200
    lines = page["data"][0]["records"]
    assert [(each["task_id"], each["task_type"]) for each in lines] == [(call.task_id, "chat")] * 2


def test_the_api_says_that_the_stream_endpoint_serves_it(relay: Line) -> None:
    status, document = relay.here.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": []})
    assert (status, document["error"]["code"]) == (404, "not_found")
    assert "stream endpoint" in document["error"]["message"]
