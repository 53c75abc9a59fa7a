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
