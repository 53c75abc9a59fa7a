"""Reads above the tier's limit are a 429 in the caller's dialect and do not affect other keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.flow.read_limit import MOST_KEYS, ReadLimit
from relay.nouns.errors import RateLimited
from relay.nouns.keys import KeyStatus, ListedKey
from relay.nouns.signing import key_digest
from tests.functional.harness import KEY, SECRETS, START, Harness, harness
from tests.functional.refusals import refused

BALANCE = ("POST", "/api/account/balance")
RECORD = ("GET", "/api/v1/gpt4o-image/record-info?taskId=019b76da-a870-7000-8000-000000000000")


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        tiers = {level: replace(tier, reads_per_minute=6) for level, tier in made.services.catalog.tiers.items()}
        made.services = replace(made.services, catalog=replace(made.services.catalog, tiers=tiers))
        yield made


def used_up(here: Harness) -> None:
    for endpoint in (BALANCE, RECORD):
        for _ in range(6):
            assert here.request(*endpoint)[0] in (200, 404)


def test_a_key_that_reads_too_often_is_told_when_to_come_back(here: Harness) -> None:
    used_up(here)
    told = refused(here, *BALANCE), refused(here, *RECORD)
    assert [(refusal.status, refusal.code, refusal.headers["retry-after"]) for refusal in told] == [
        (429, "RATE_LIMIT_EXCEEDED", "10"),
        (429, 429, "10"),
    ]


def test_reads_come_back_evenly(here: Harness) -> None:
    used_up(here)
    here.wait(10)
    assert [here.request(*BALANCE)[0] for _ in range(2)] == [200, 429]
    here.wait(3600)
    assert [here.request(*BALANCE)[0] for _ in range(7)] == [200] * 6 + [429]


def test_another_key_of_the_account_reads_on(here: Harness) -> None:
    used_up(here)
    digest = key_digest(SECRETS["key-pepper"].encode(), "sk-EXAMPLE-second")
    here.services.store.keys.add(
        here.account_id, ListedKey("key2", "", "sk-EXAM", KeyStatus.ACTIVE, here.now[0]), digest, None
    )
    assert here.request(*BALANCE, key="sk-EXAMPLE-second")[0] == 200
    assert here.request(*BALANCE, key=KEY)[0] == 429


def test_creations_are_no_reads(here: Harness) -> None:
    used_up(here)
    here.submit_image()


def test_keys_that_are_idle_are_forgotten() -> None:
    limit = ReadLimit()
    for number in range(MOST_KEYS):
        limit.take(str(number), 1, START)
    limit.take("late", 1, START + 60_000)
    with pytest.raises(RateLimited):
        limit.take("late", 1, START + 60_000)
    assert len(limit._left) == 1
