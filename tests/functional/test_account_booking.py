"""Booking of statement lines: blocks count exactly, whoever opens them; refunds are booked on their own day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from relay.effects.store import Store
from relay.effects.store.codec import LINE_PREFIX, unpack
from tests.functional.harness import Harness
from tests.functional.test_account import BALANCE, CAT, CONSUMPTION, IMAGES, at, data


def test_blocks_opened_by_two_containers_over_days_count_exactly(here: Harness) -> None:
    tables = here.services.store.tasks.tables
    stores = [Store.over(tables, shards=1, utc_offset=8) for _ in range(2)]
    for each in stores:
        each.tasks.booking.block_lines = 3
    made = list[str]()
    for number in range(40):
        here.services = replace(here.services, store=stores[number % 2 if number < 20 else (number // 3) % 2])
        platform = "kling" if number % 4 else "grok"
        status, document = here.post(f"/api/{platform}/images", CAT)
        assert status == 200
        made.append(document["task_id"])
        here.wait(5_000)

    assert [each["task_id"] for page in (1, 2) for each in shown(here, page=page)] == made[::-1]
    assert [each["task_id"] for each in shown(here, platform="grok")] == made[::4][::-1]
    rows = [unpack(item) for item in tables.client.scan(TableName="AccountsTable")["Items"]]
    lines = sorted(row["sk"].removeprefix(LINE_PREFIX) for row in rows if row["sk"].startswith(LINE_PREFIX))
    opened = [row for row in rows if row["sk"].startswith(("DAY#", "BLOCK#"))]
    assert len(opened) > 13
    for row in opened:
        begins = f"{row['sk'].split('#')[1]}#{row['lines']:012}"
        assert sum(line < begins for line in lines) == row["lines"]


def shown(here: Harness, **wanted: Any) -> list[dict[str, Any]]:
    return list(data(here, CONSUMPTION, wanted)["records"])


def test_a_refund_takes_its_cost_off_todays_use_but_not_its_call(here: Harness) -> None:
    kept, lost = here.submit_image(), here.submit_image(count=3)
    here.pump()
    for job in here.network.jobs.values():
        job.state = "failed" if here.task(lost).upstream_task_id == job.task_id else "succeeded"
    here.run(12)

    assert here.entries(kept) == ["capture", "reserve"]
    assert data(here, BALANCE)["usage_today"] == {"request_count": 2, "cost_cents": 20}


def test_a_refund_after_midnight_belongs_to_the_new_day_and_leaves_its_use_alone(here: Harness) -> None:
    here.now[0] = at("2026-01-01T15:59:58")
    task_id = here.submit_image(count=3)
    here.pump()
    here.network.finish("failed")
    here.run(20)

    found = [(each["created"][:10], each["cost_cents"]) for each in shown(here)]
    today = {"start_date": "2026-01-02", "end_date": "2026-01-02"}
    assert found == [("2026-01-02", -60), ("2026-01-01", 60)]
    assert [each["cost_cents"] for each in shown(here, **today)] == [-60]
    assert data(here, BALANCE)["usage_today"] == {"request_count": 0, "cost_cents": 0}
    assert here.post(IMAGES, CAT)[0] == 200
    assert data(here, BALANCE)["usage_today"] == {"request_count": 1, "cost_cents": 20}
    assert (here.entries(task_id), here.drift) == (["release", "reserve"], 0)
