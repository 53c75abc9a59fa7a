"""Limits of a tier: creations a minute and a day, unfinished tasks; queries do not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from zlib import crc32

import pytest

from relay.flow.access import REMEMBERED
from relay.nouns.tiers import Tier
from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import refused

IMAGES, KIE = "/api/kling/images", "/api/v1/gpt4o-image/generate"
CAT = {"prompt": "a cat"}
MINUTE, DAY = 3, 7
TIERS = {
    1: Tier(1, "by the minute", per_minute=MINUTE, per_day=1000, in_flight=1000),
    2: Tier(2, "by the day", per_minute=1000, per_day=DAY, in_flight=1000),
    3: Tier(3, "at once", per_minute=1000, per_day=1000, in_flight=2),
    4: Tier(4, "one of each", per_minute=1, per_day=2, in_flight=1000),
}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        made.services = replace(made.services, catalog=replace(made.services.catalog, tiers=TIERS))
        yield made


@pytest.fixture
def key(here: Harness, request: pytest.FixtureRequest) -> str:
    """The key of an account of its own, of the tier the test names, at half past a minute."""
    account = f"a{crc32(request.node.nodeid.encode())}"
    open_account(here, account, f"sk-EXAMPLE-{account}", "100", request.param)
    here.now[0] += 60_000 - here.now[0] % 60_000 + 30_000
    return f"sk-EXAMPLE-{account}"


def create(here: Harness, key: str, times: int = 1) -> list[int]:
    return [here.post(IMAGES, CAT, key=key)[0] for _ in range(times)]


by_minute = pytest.mark.parametrize("key", [1], indirect=True, ids=["tier-minute"])
by_day = pytest.mark.parametrize("key", [2], indirect=True, ids=["tier-day"])
at_once = pytest.mark.parametrize("key", [3], indirect=True, ids=["tier-flight"])


@by_minute
def test_the_minute_limit_says_when_to_come_back(here: Harness, key: str) -> None:
    assert create(here, key, MINUTE) == [200] * MINUTE

    refusal = refused(here, "POST", IMAGES, CAT, key=key)

    assert (refusal.status, refusal.code, refusal.headers["retry-after"]) == (429, "RATE_LIMIT_EXCEEDED", "30")


@by_minute
def test_the_minute_limit_in_kies_words(here: Harness, key: str) -> None:
    create(here, key, MINUTE)

    refusal = refused(here, "POST", KIE, {**CAT, "size": "1:1"}, key=key)

    assert (refusal.status, refusal.code, refusal.headers["retry-after"]) == (429, 429, "30")


@by_minute
def test_whoever_comes_back_when_told_is_served(here: Harness, key: str) -> None:
    create(here, key, MINUTE)
    refusal = refused(here, "POST", IMAGES, CAT, key=key)

    here.wait(int(refusal.headers["retry-after"]))

    assert create(here, key, MINUTE) == [200] * MINUTE
    refused(here, "POST", IMAGES, CAT, key=key)


@by_minute
def test_a_second_before_that_is_too_early(here: Harness, key: str) -> None:
    create(here, key, MINUTE)

    here.wait(29)

    assert refused(here, "POST", IMAGES, CAT, key=key).headers["retry-after"] == "1"


@by_minute
def test_refused_creations_do_not_count(here: Harness, key: str) -> None:
    for _ in range(10):
        refused(here, "POST", IMAGES, {"prompt": ""}, key=key)

    assert create(here, key, MINUTE) == [200] * MINUTE


@by_minute
def test_a_container_that_has_not_seen_the_account_counts_the_same(here: Harness, key: str) -> None:
    create(here, key, MINUTE - 1)
    here.services.store.submissions.booking.seen.clear()  # what a cold start knows

    assert create(here, key, 1) == [200]
    here.services.store.submissions.booking.seen.clear()
    assert refused(here, "POST", IMAGES, CAT, key=key).code == "RATE_LIMIT_EXCEEDED"


@by_minute
def test_a_client_that_polls_every_second_for_ten_minutes_is_never_refused(here: Harness, key: str) -> None:
    task = here.post(IMAGES, CAT, key=key)[1]

    for _ in range(600):
        assert here.post("/api/kling/tasks", task, key=key)[0] == 200
        here.wait(1)
    assert create(here, key) == [200]


@by_day
def test_the_day_limit_lasts_until_local_midnight(here: Harness, key: str) -> None:
    assert create(here, key, DAY) == [200] * DAY
    refusal = refused(here, "POST", IMAGES, CAT, key=key)
    seconds = int(refusal.headers["retry-after"])
    assert (refusal.status, refusal.code) == (429, "RATE_LIMIT_EXCEEDED")
    assert (here.now[0] // 1000 + seconds + 8 * 3600) % 86_400 == 0

    here.wait(seconds - 1)
    refused(here, "POST", IMAGES, CAT, key=key)
    here.wait(1)
    assert create(here, key, DAY) == [200] * DAY
    refused(here, "POST", IMAGES, CAT, key=key)


@by_day
def test_the_day_limit_outlives_the_minute(here: Harness, key: str) -> None:
    create(here, key, DAY)

    here.wait(600)

    assert refused(here, "POST", IMAGES, CAT, key=key).code == "RATE_LIMIT_EXCEEDED"


@by_day
def test_what_remains_of_the_day_is_told_with_the_balance(here: Harness, key: str) -> None:
    create(here, key, DAY - 2)

    _, document = here.post("/api/account/balance", key=key)

    assert document["data"][0]["rate_limit"]["remaining_today"] == 2


@at_once
def test_too_many_unfinished_tasks_are_refused_until_one_ends(here: Harness, key: str) -> None:
    assert create(here, key, 2) == [200, 200]
    refusal = refused(here, "POST", IMAGES, CAT, key=key)
    assert (refusal.status, refusal.code) == (429, "TOO_MANY_REQUESTS")
    assert int(refusal.headers["retry-after"]) > 0

    while here.pump():
        here.network.finish()
    here.wait(10)
    here.tick()

    assert create(here, key) == [200]


@at_once
def test_too_many_unfinished_tasks_in_kies_words(here: Harness, key: str) -> None:
    create(here, key, 2)

    assert refused(here, "POST", KIE, {**CAT, "size": "1:1"}, key=key).code == 429


@pytest.mark.parametrize("key", [4], indirect=True)
def test_all_windows_roll_by_themselves(here: Harness, key: str) -> None:
    served = []
    for _ in range(6):  # two a day, one a minute
        served += create(here, key)
        here.wait(60)
        served += create(here, key)
        here.wait(60)
        served += create(here, key)
        here.wait(86_400 - 120)

    assert served == [200, 200, 429] * 6


@by_minute
def test_a_changed_tier_counts_within_a_minute(here: Harness, key: str) -> None:
    create(here, key, MINUTE)
    here.services.store.accounts.change(key.removeprefix("sk-EXAMPLE-"), tier=2)

    here.wait(REMEMBERED / 1000 + 1)

    assert create(here, key, MINUTE + 1) == [200] * (MINUTE + 1)
