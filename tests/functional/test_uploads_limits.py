"""Upload limits: none for a frozen account, few without a balance, a daily allowance for the rest."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.nouns.tiers import Allowance, Tier
from tests.functional.files_client import FILE, HOST, MULTIPART, PRESIGN, form, upload_file
from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import Refusal, refused
from tests.samples import sample

PNG = sample("png")
DAY = 24 * 3600
FEW, SMALL, POOR, FROZEN = (f"sk-EXAMPLE-client-000{number}" for number in range(2, 6))
TIERS = {
    1: Tier(1, "few", 1000, 1000, 1000, uploads=Allowance(files=3, megabytes=100)),
    2: Tier(2, "small", 1000, 1000, 1000, uploads=Allowance(files=100, megabytes=1)),
}
WANTED = {"filename": "a.png", "content_type": "image/png", "size": len(PNG)}
VIDEO = {"prompt": "a cat", "action": "image2video"}
INLINE = "data:image/png;base64," + base64.b64encode(PNG).decode()


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        tiers = {**made.services.catalog.tiers, **TIERS}
        catalog = replace(made.services.catalog, tiers=tiers, unpaid_uploads=Allowance(files=2, megabytes=1))
        made.services = replace(made.services, catalog=catalog)
        open_account(made, "acc2", FEW, "100", 1)
        open_account(made, "acc3", SMALL, "100", 2)
        open_account(made, "acc4", POOR, "0", 3)
        open_account(made, "acc5", FROZEN, "100", 3)
        made.services.store.accounts.change("acc5", status="frozen")
        yield made


def brought(here: Harness, way: str, key: str) -> Refusal:
    """The refusal of one more file."""
    if way == "form":
        return refused(here, "POST", PRESIGN, WANTED, key=key)
    if way == "inline":
        return refused(here, "POST", "/api/kling/videos", {**VIDEO, "image_url": INLINE}, key=key)
    return refused(here, "POST", {"file": FILE, "image host": HOST}[way], raw=form(PNG), headers=MULTIPART, key=key)


WAYS = ["file", "image host", "form", "inline"]


@pytest.mark.parametrize("way", WAYS)
def test_a_frozen_account_brings_nothing(here: Harness, way: str) -> None:
    refusal = brought(here, way, FROZEN)

    assert (refusal.status, refusal.code) == (403, "ACCOUNT_FROZEN")


def test_an_account_that_is_frozen_while_it_is_remembered_brings_nothing(here: Harness) -> None:
    upload_file(here, PNG, key=FEW)
    here.services.store.accounts.change("acc2", status="frozen")

    assert brought(here, "file", FEW).code == "ACCOUNT_FROZEN"


@pytest.mark.parametrize("way", WAYS)
def test_files_a_day_are_counted_whichever_way_they_come(here: Harness, way: str) -> None:
    upload_file(here, PNG, key=FEW)
    assert here.post(PRESIGN, WANTED, key=FEW)[0] == 200
    assert here.post("/api/kling/videos", {**VIDEO, "image_url": INLINE}, key=FEW)[0] == 200
    refusal = brought(here, way, FEW)

    assert (refusal.status, refusal.code) == (429, "RATE_LIMIT_EXCEEDED")
    # the day ends at midnight eight hours ahead of UTC
    assert int(refusal.headers["retry-after"]) == DAY - (here.now[0] // 1000 + 8 * 3600) % DAY


def test_a_form_counts_the_bytes_it_declares(here: Harness) -> None:
    most = {**WANTED, "size": (1 << 20) - len(PNG)}
    assert here.post(PRESIGN, most, key=SMALL)[0] == 200
    upload_file(here, PNG, key=SMALL)

    assert {brought(here, way, SMALL).status for way in WAYS} == {429}


def test_a_file_larger_than_a_days_bytes_is_refused(here: Harness) -> None:
    assert refused(here, "POST", PRESIGN, {**WANTED, "size": (1 << 20) + 1}, key=SMALL).status == 429


def test_an_account_without_a_balance_brings_little(here: Harness) -> None:
    for _ in range(2):
        upload_file(here, PNG, key=POOR)

    assert brought(here, "form", POOR).status == 429


def test_the_next_day_begins_anew(here: Harness) -> None:
    for _ in range(3):
        upload_file(here, PNG, key=FEW)
    here.wait(int(brought(here, "file", FEW).headers["retry-after"]))

    for _ in range(3):
        upload_file(here, PNG, key=FEW)
    assert brought(here, "file", FEW).status == 429


def test_what_is_refused_is_not_counted(here: Harness) -> None:
    for _ in range(4):
        refused(here, "POST", FILE, raw=form(b"<html>"), headers=MULTIPART, key=FEW)

    upload_file(here, PNG, key=FEW)


def test_a_repeated_request_counts_its_picture_once(here: Harness) -> None:
    body, once = {**VIDEO, "image_url": INLINE}, {"idempotency-key": "one"}
    for _ in range(5):
        assert here.post("/api/kling/videos", body, headers=once, key=FEW)[0] == 200

    assert here.services.store.upload_counts.read("acc2", day(here)) == (1, len(PNG))


def test_a_container_whose_clock_is_behind_counts_in_the_rows_day(here: Harness) -> None:
    files, most = here.services.store.upload_counts, TIERS[1].uploads
    assert files.add("acc2", day(here), 3, 10, most)

    assert not files.add("acc2", day(here) - 1, 1, 10, most)


def day(here: Harness) -> int:
    return (here.now[0] // 1000 + 8 * 3600) // DAY


def test_the_limit_is_part_of_the_write_itself(here: Harness) -> None:
    """Two containers that count at once cannot both take the last file of the day."""
    files, most, between = here.services.store.upload_counts, TIERS[1].uploads, list[bool]()
    assert files.add("acc2", day(here), 2, 10, most)
    client = here.services.store.tasks.tables.client

    def other(**_: object) -> None:
        client.meta.events.unregister("before-call.dynamodb.UpdateItem", other)
        between.append(files.add("acc2", day(here), 1, 10, most))

    client.meta.events.register("before-call.dynamodb.UpdateItem", other)
    assert (files.add("acc2", day(here), 1, 10, most), between) == (False, [True])
