"""Money of model calls: reserved before a call, charged once after it, and given back whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.streaming import FIRST, Line, streaming, until

FOR_ONE = "0.01"  # covers one call of at most 1000 tokens, and no block of 20


@pytest.fixture(scope="module", params=[0, 10_000], ids=["for each call", "for many"])
def relay(request: pytest.FixtureRequest) -> Iterator[Line]:
    with streaming(keep=request.param) as made:
        yield made


def closed(line: Line) -> bool:
    """Whether all is settled, once blocks are as old as they may be."""
    line.here.now[0] += 2_000
    return line.settled()


def test_what_many_calls_cost_is_charged_whatever_holds_it(relay: Line) -> None:
    key = relay.account("many", "1")
    answers = [relay.chat(f"Tell of {number}.", key, max_tokens=1000) for number in range(12)]
    assert {answer.status_code for answer in answers} == {200}
    used = sum(answer.json()["usage"]["total_tokens"] for answer in answers)
    until(lambda: closed(relay))
    assert sum(call.tokens for call in relay.calls) == used
    assert abs(relay.spent - used * 1080) <= 12
    assert len(relay.calls) == (1 if relay.keep else 12)


def test_a_balance_that_covers_one_call_serves_one_at_a_time(relay: Line) -> None:
    key = relay.account("one", FOR_ONE)
    with relay.chat_open("Tell [[inference:slow=0.05]]", key=key, max_tokens=7000) as pieces:
        next(pieces)
        assert relay.chat("Tell", key, max_tokens=7000).status_code == 403
    until(lambda: closed(relay))
    assert relay.chat("And one more.", key, max_tokens=7000).status_code == 200
    until(lambda: closed(relay))


def test_what_the_balance_does_not_cover_is_not_sent(relay: Line) -> None:
    key = relay.account("poor", "0.0001")
    before = relay.arrived(FIRST)
    answer = relay.chat("Tell", key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "quota_not_enough")
    assert (relay.arrived(FIRST), relay.calls) == (before, [])
    until(lambda: closed(relay))


def test_money_that_lies_idle_for_one_model_serves_another(relay: Line) -> None:
    key = relay.account("both", "0.25")
    assert relay.chat("Tell", key, max_tokens=11_000).status_code == 200
    assert relay.chat("Tell", key, model="gpt-5.2", max_tokens=2000).status_code == 200
    until(lambda: closed(relay))
