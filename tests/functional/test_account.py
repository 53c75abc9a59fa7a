"""Balance and consumption answers, word for word as AI Studio's reference has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from relay.nouns.money import NANOS_PER_CENT
from tests.functional.harness import KEY, Harness, open_account

BALANCE, CONSUMPTION = "/api/account/balance", "/api/account/consumption"
IMAGES = "/api/kling/images"
CAT = {"prompt": "a cat"}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def data(here: Harness, path: str, body: object = None, key: str = KEY) -> dict[str, Any]:
    """The one object of an enveloped answer."""
    status, document = here.post(path, body, key=key)
    assert (status, document["success"], document["trace_id"]) == (200, True, "trace-0001")
    (held,) = document["data"]
    return dict(held)


def records(here: Harness, key: str = KEY, **wanted: object) -> list[dict[str, Any]]:
    return list(data(here, CONSUMPTION, wanted or None, key)["records"])


def test_the_balance_of_a_new_account(here: Harness) -> None:
    open_account(here, "new", "sk-EXAMPLE-new", "1000.00", 1)

    assert data(here, BALANCE, key="sk-EXAMPLE-new") == {
        "balance_cents": 100_000,
        "balance_display": "¥1000.00",
        "tier": 1,
        "tier_name": "免费版",
        "usage_today": {"request_count": 0, "cost_cents": 0},
        "rate_limit": {"per_minute": 20, "per_day": 1000, "remaining_today": 1000},
    }


def test_the_balance_after_some_use(here: Harness) -> None:
    here.submit_image(count=3)
    here.submit_image()

    found = data(here, BALANCE)

    assert (found["balance_cents"], found["balance_display"]) == (9_920, "¥99.20")
    assert found["usage_today"] == {"request_count": 2, "cost_cents": 80}
    assert found["rate_limit"]["remaining_today"] == found["rate_limit"]["per_day"] - 2


def test_the_use_of_a_day_is_forgotten_at_local_midnight(here: Harness) -> None:
    here.now[0] = at("2026-01-01T15:59:59")
    here.submit_image()
    assert data(here, BALANCE)["usage_today"]["request_count"] == 1

    here.wait(1)

    found = data(here, BALANCE)
    assert found["usage_today"] == {"request_count": 0, "cost_cents": 0}
    assert found["balance_cents"] == 9_980


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"anything": 1}'])
def test_the_balance_needs_no_body(here: Harness, raw: bytes) -> None:
    assert here.post(BALANCE, raw=raw)[0] == 200


def test_a_record_of_consumption(here: Harness) -> None:
    task_id = here.submit_image(count=2)

    found = data(here, CONSUMPTION)

    assert found["total"] == 1
    (record,) = found["records"]
    assert re.fullmatch(r"[\w-]+", record.pop("id"))
    assert record == {
        "task_id": task_id,
        "platform": "kling",
        "task_type": "images",
        "cost_cents": 40,
        "created": "2026-01-01T08:00:30+08:00",
    }


def test_a_refund_is_a_negative_record_and_a_capture_is_none(here: Harness) -> None:
    kept, lost = here.submit_image(), here.submit_image(count=4)
    here.pump()
    here.network.jobs["aistudio-1"].state = "succeeded"
    here.network.jobs["aistudio-2"].state = "failed"
    first = {job: here.task(job).upstream_task_id for job in (kept, lost)}
    here.run(12)

    costs = sorted((each["task_id"], each["cost_cents"]) for each in records(here))
    made, failed = (kept, lost) if first[kept] == "aistudio-1" else (lost, kept)
    price = {kept: 20, lost: 80}
    assert costs == sorted([(made, price[made]), (failed, price[failed]), (failed, -price[failed])])
    assert len({each["id"] for each in records(here)}) == 3


def test_the_records_add_up_to_what_was_spent(here: Harness) -> None:
    for count in (1, 2, 3, 4):
        here.submit_image(count=count)
    here.post("/api/suno/music", {"prompt": "a song"})
    here.post("/api/kling/videos", {"action": "text2video", "prompt": "a cat", "duration": 10})
    here.pump()
    for number, job in enumerate(here.network.jobs.values()):
        job.state = "failed" if number % 2 else "processing"
    here.run(90)

    found = records(here, page_size=100)

    spent = 10_000 - here.balance // NANOS_PER_CENT
    assert sum(each["cost_cents"] for each in found) == spent
    assert data(here, CONSUMPTION)["total"] == len(found) > 6
    assert here.drift == 0


def test_a_page_holds_twenty_unless_told_otherwise(here: Harness) -> None:
    for _ in range(21):
        here.submit_image()

    assert (len(records(here)), len(records(here, page=2)), data(here, CONSUMPTION)["total"]) == (20, 1, 21)


@pytest.mark.parametrize(("platform", "total"), [("kling", 2), ("grok", 1), ("suno", 0)])
def test_a_statement_of_one_platform(here: Harness, platform: str, total: int) -> None:
    here.submit_image()
    here.submit_image()
    here.post("/api/grok/images", CAT)

    found = data(here, CONSUMPTION, {"platform": platform})

    assert found["total"] == total
    assert {each["platform"] for each in found["records"]} <= {platform}
