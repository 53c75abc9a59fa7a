"""A repeat under an Idempotency-Key returns the first task, even if its inputs or its model are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from relay.effects.outbound import Outbound
from tests.functional.harness import Harness, open_account
from tests.functional.network import CLIENT, PICTURE
from tests.functional.refusals import stored_state

IMAGES, VIDEOS = "/api/kling/images", "/api/kling/videos"
KEYED = {"idempotency-key": "order-1"}
EXACT = "sk-EXAMPLE-exact-0001"
DAY = 86_400


def upload(here: Harness) -> str:
    form = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    status, document = here.post("/api/upload/file", raw=form + PICTURE + b"\r\n--x--\r\n", headers=headers)
    assert status == 200, document
    return str(document["data"][0]["url"])


def host_moves_inside(here: Harness) -> None:
    here.network.rules = Outbound("public", lambda host, port: ["10.0.0.1"])


def upload_is_gone(here: Harness) -> None:
    client = here.services.store.tasks.tables.client
    for row in client.scan(TableName="DirectoryTable")["Items"]:
        if row["lookup"]["S"].startswith("upload#"):
            client.delete_item(TableName="DirectoryTable", Key={"lookup": row["lookup"]})


def platform_is_sold_no_more(here: Harness) -> None:
    left = {name: each for name, each in here.services.catalog.menus["aistudio"].items() if name != "kling"}
    here.services = replace(here.services, catalog=replace(here.services.catalog, menus={"aistudio": left}))


def account_is_frozen(here: Harness) -> None:
    here.services.store.accounts.change(here.account_id, status="frozen")


CHANGES: list[tuple[Callable[[Harness], None], str, dict[str, Any]]] = [
    (host_moves_inside, IMAGES, {"callback_url": CLIENT}),
    (host_moves_inside, VIDEOS, {"action": "image2video", "image_url": "https://files.example/a.png"}),
    (upload_is_gone, VIDEOS, {"action": "image2video"}),
    (platform_is_sold_no_more, IMAGES, {}),
    (account_is_frozen, IMAGES, {}),
]


@pytest.mark.parametrize(("change", "path", "fields"), CHANGES)
def test_a_repeat_is_recognised_before_it_is_judged(
    here: Harness, change: Callable[[Harness], None], path: str, fields: dict[str, Any]
) -> None:
    body = {"prompt": "a cat", **fields}
    if change is upload_is_gone:
        body["image_url"] = upload(here)
    first = here.post(path, body, headers=KEYED)
    assert first[0] == 200, first
    change(here)
    before = stored_state(here)

    assert here.post(path, body, headers=KEYED) == first
    assert stored_state(here) == before


def test_a_repeat_needs_no_money(here: Harness) -> None:
    open_account(here, "exact", EXACT, "0.20", 3)
    first = here.post(IMAGES, {"prompt": "a cat"}, headers=KEYED, key=EXACT)

    assert here.post(IMAGES, {"prompt": "a cat"}, headers=KEYED, key=EXACT) == first
    assert first[0] == 200


def test_a_key_is_free_after_a_day_though_its_row_is_still_there(here: Harness) -> None:
    first = here.post(IMAGES, {"prompt": "a cat"}, headers=KEYED)
    here.wait(DAY - 1)
    assert here.post(IMAGES, {"prompt": "a cat"}, headers=KEYED) == first

    here.wait(1)
    status, made = here.post(IMAGES, {"prompt": "a dog"}, headers=KEYED)

    assert (status, made != first[1]) == (200, True)
    assert here.post(IMAGES, {"prompt": "a dog"}, headers=KEYED) == (status, made)


def test_what_a_request_says_beside_what_we_know_is_part_of_it(here: Harness) -> None:
    here.post(IMAGES, {"prompt": "a cat", "note": 1}, headers=KEYED)

    assert here.post(IMAGES, {"prompt": "a cat", "note": 2}, headers=KEYED)[0] == 400
