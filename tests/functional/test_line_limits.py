"""What a key and an account may ask of language models, in however many processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace

import pytest
import requests

from relay.flow.access import Caller
from relay.flow.accounts import Accounts
from relay.flow.line_shares import LineShares
from relay.nouns.errors import TooManyInFlight
from relay.nouns.keys import KeyTerms
from relay.nouns.money import nanos
from tests.functional.harness import open_account
from tests.functional.streaming import Line, streaming, until


@pytest.fixture(scope="module", params=[0, 10_000], ids=["lines for each call", "lines kept"])
def relay(request: pytest.FixtureRequest) -> Iterator[Line]:
    with streaming(keep=request.param) as made:
        yield made


def refused(answer: requests.Response) -> tuple[int, str]:
    assert not answer.ok, answer.text
    return answer.status_code, answer.json()["error"]["code"]


def free(line: Line) -> bool:
    line.here.now[0] += 2_000
    return line.free()


def test_a_key_has_ten_lines_at_once_and_gets_each_back(relay: Line) -> None:
    relay.here.account_id = "acc1"
    with ExitStack() as open_lines:
        opened = [relay.chat_open(f"Tell {each} [[inference:slow=0.3]]") for each in range(10)]
        first = open_lines.enter_context(opened[0])
        for each in opened[1:]:
            open_lines.enter_context(each)
        eleventh = relay.chat("One more")
        assert refused(eleventh) == (429, "too_many_requests")
        assert int(eleventh.headers["retry-after"]) > 0
        assert next(first)
    until(lambda: free(relay))
    assert relay.chat("One more").ok


def test_the_lines_of_a_killed_process_are_free_after_a_minute(relay: Line) -> None:
    key = relay.account("killed", "100")
    leases, now = relay.here.services.store.line_leases, relay.here.now
    assert leases.hold("killed#key1", "a process", 10, 10, now=now[0], until=now[0] + 60_000)
    assert refused(relay.chat("Tell", key)) == (429, "too_many_requests")
    now[0] += 60_000
    assert relay.chat("Tell", key).ok


def test_a_key_has_no_more_calls_a_minute_than_it_may_nor_more_money(relay: Line) -> None:
    relay.here.account_id, relay.paid_in, key = "slow", nanos(100), "sk-EXAMPLE-client-slow"
    open_account(relay.here, "slow", key, "100", 3, terms=KeyTerms(per_minute=3))
    answers = [relay.chat("Tell", key, max_tokens=20) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert refused(relay.chat("Tell", key, max_tokens=20)) == (429, "rate_limit_exceeded")
    relay.here.now[0] += 60_000
    until(lambda: free(relay) and relay.settled())  # what a block gives back could be spent
    Accounts.of(relay.here.services).change_key("slow", "key1", lambda found: replace(found, left=1))
    answer = relay.chat("Tell", key, max_tokens=20)
    assert refused(answer) == (403, "quota_not_enough")
    assert "API key" in answer.json()["error"]["message"]


def test_a_free_account_has_ten_calls_a_minute(relay: Line) -> None:
    key = relay.account("free", "100", tier=1)
    answers = [relay.chat("Tell", key, max_tokens=20) for _ in range(10)]
    assert [answer.text for answer in answers if not answer.ok] == []
    answer = relay.chat("Tell", key, max_tokens=20)
    assert refused(answer) == (429, "rate_limit_exceeded")
    relay.here.now[0] += 1000 * int(answer.headers["retry-after"])
    assert relay.chat("Tell", key, max_tokens=20).ok
    until(lambda: free(relay))


def test_a_month_has_its_tokens_and_the_next_one_has_them_anew(relay: Line) -> None:
    key = relay.account("month", "100", tier=1)
    assert relay.chat("Tell", key, max_tokens=9000).ok
    until(lambda: free(relay) and relay.settled())
    answer = relay.chat("Tell", key, max_tokens=9980)
    assert refused(answer) == (429, "quota_exceeded")
    assert "of this month's" in answer.json()["error"]["message"]
    assert refused(relay.chat("Tell", key, max_tokens=10_000)) == (429, "quota_exceeded")
    relay.here.now[0] += 1000 * int(answer.headers["retry-after"])
    assert refused(relay.chat("Tell", key, max_tokens=10_000)) == (429, "quota_exceeded")
    assert relay.chat("Tell", key, max_tokens=9980).ok
    until(lambda: free(relay) and relay.settled())


def test_a_premium_model_is_not_for_free_accounts(relay: Line) -> None:
    key = relay.account("premium", "100", tier=1)
    answer = relay.chat("Tell", key, model="gpt-5.2", max_tokens=20)
    assert refused(answer) == (403, "forbidden")
    assert answer.json()["error"]["param"] == "model"
    assert relay.calls == []


def test_a_frozen_account_is_served_no_more_and_a_revoked_key_for_a_minute(relay: Line) -> None:
    key = relay.account("frozen", "100")
    relay.here.services.store.accounts.change("frozen", status="frozen")
    assert refused(relay.chat("Tell", key)) == (403, "account_frozen")
    key = relay.account("revoked", "100")
    assert relay.chat("Tell", key).ok
    relay.here.services.store.keys.revoke("revoked", "key1", relay.here.now[0])
    relay.here.now[0] += 60_001
    assert refused(relay.chat("Tell", key)) == (401, "invalid_api_key")


async def take(shares: LineShares, held: AsyncExitStack, lines: int) -> None:
    for _ in range(lines):
        await held.enter_async_context(shares.line(Caller("acc1", 3, "newapi", key_id="key1"), 10))


@pytest.mark.parametrize("keep", [0, 10_000])
def test_two_processes_share_the_lines_of_a_key_for_as_long_as_they_are_open(relay: Line, keep: int) -> None:
    leases, now = relay.here.services.store.line_leases, [relay.here.now[0]]
    ours, theirs = (LineShares(leases, f"{name}{keep}", lambda: now[0], keep) for name in ("ours", "theirs"))

    async def both() -> None:
        async with AsyncExitStack() as held, AsyncExitStack() as other:
            await take(ours, held, 6)
            now[0] += keep
            await ours.renew()
            now[0] += keep
            await ours.renew()
            await take(theirs, other, 4 if not keep else 0)
            for _ in range(3):  # a share is renewed whoever else has some
                now[0] += 31_000
                await asyncio.gather(ours.renew(), theirs.renew())
            with pytest.raises(TooManyInFlight):
                await take(theirs, other, 5)
        await asyncio.gather(ours.close(), theirs.close())
        async with AsyncExitStack() as held:
            await take(theirs, held, 10)

    asyncio.run(both())
