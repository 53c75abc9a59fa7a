"""Refused callers at AI Studio's API: bad keys, frozen accounts, accounts without balance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.axes import each_once
from tests.functional.harness import KEY, Harness, harness, open_account
from tests.functional.refusals import refused

IMAGES = "/api/kling/images"
CAT = {"prompt": "a cat"}
ENDPOINTS = [
    ("POST", IMAGES),
    ("POST", "/api/kling/tasks"),
    ("POST", "/api/account/balance"),
    ("POST", "/api/upload/file"),
]


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


MALFORMED = {
    "none": None,
    "empty": "",
    "blank": "   ",
    "scheme only": "Bearer",
    "scheme and a space": "Bearer ",
    "no scheme": KEY,
    "wrong scheme": f"Basic {KEY}",
    "token scheme": f"Token {KEY}",
    "scheme twice": f"Bearer Bearer {KEY}",
    "two keys": f"Bearer {KEY} {KEY}",
    "a space inside": "Bearer sk-EXAMPLE client",
    "a tab inside": "Bearer sk-EXAMPLE\tclient",
    "a colon": f"Bearer: {KEY}",
    "comma": f"Bearer {KEY}, Bearer {KEY}",
    "Chinese": "Bearer sk-示例密钥示例密钥",
    "full-width": "Bearer ｓｋ－ＥＸＡＭＰＬＥ",
    "zero": "Bearer sk-EXAMPLE\x00client",
    "10 kB": "Bearer sk-" + "x" * 10_000,
    "short": "Bearer x",
}


@each_once(
    ("header", MALFORMED.values()),
    ("method, path", ENDPOINTS),
)
def test_a_missing_or_malformed_key_is_unauthorized(here: Harness, method: str, path: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}

    refusal = refused(here, method, path, CAT, key=None, headers=headers)

    assert (refusal.status, refusal.code) == (401, "UNAUTHORIZED")


@each_once(
    ("method, path", ENDPOINTS),
    ("key", ["sk-EXAMPLE-nobody", KEY.upper(), KEY + "0", KEY[:-1]]),
)
def test_an_unknown_key_is_invalid(here: Harness, method: str, path: str, key: str) -> None:
    refusal = refused(here, method, path, CAT, key=key)

    assert (refusal.status, refusal.code) == (401, "INVALID_TOKEN")


def test_a_key_is_checked_before_the_request_is_read(here: Harness) -> None:
    assert refused(here, "POST", IMAGES, raw=b"{", key="sk-EXAMPLE-nobody").code == "INVALID_TOKEN"


@pytest.mark.parametrize("authorization", [f"bearer {KEY}", f"BEARER {KEY}", f"Bearer  {KEY}", f"Bearer {KEY} "])
def test_a_key_is_read_as_generously_as_http_is(here: Harness, authorization: str) -> None:
    status, _ = here.post("/api/account/balance", key=None, headers={"authorization": authorization})

    assert status == 200


def test_a_revoked_key_works_for_a_minute_more_at_most(here: Harness) -> None:
    key = "sk-EXAMPLE-revoked"
    open_account(here, "leaver", key, "100", 3)
    assert here.post("/api/account/balance", key=key)[0] == 200

    here.services.store.keys.revoke("leaver", "key1", here.now[0])

    here.wait(60)
    assert here.post("/api/account/balance", key=key)[0] == 200  # a warm container still remembers it
    here.wait(0.001)
    assert refused(here, "POST", IMAGES, CAT, key=key).code == "INVALID_TOKEN"


def test_a_revoked_key_is_unknown_to_a_container_that_never_saw_it(here: Harness) -> None:
    key = "sk-EXAMPLE-revoked-unseen"
    open_account(here, "unseen", key, "100", 3)

    here.services.store.keys.revoke("unseen", "key1", here.now[0])

    assert refused(here, "POST", IMAGES, CAT, key=key).code == "INVALID_TOKEN"


def test_a_frozen_account_makes_nothing(here: Harness) -> None:
    key = "sk-EXAMPLE-frozen"
    open_account(here, "frozen", key, "100", 3)
    here.services.store.accounts.change("frozen", status="frozen")

    refusal = refused(here, "POST", IMAGES, CAT, key=key)

    assert (refusal.status, refusal.code) == (403, "ACCOUNT_FROZEN")


def test_a_frozen_account_may_still_ask_for_what_it_made(here: Harness) -> None:
    key = "sk-EXAMPLE-frozen-later"
    open_account(here, "later", key, "100", 3)
    _, made = here.post(IMAGES, CAT, key=key)
    here.services.store.accounts.change("later", status="frozen")

    status, document = here.post("/api/kling/tasks", made, key=key)

    assert (status, document["status"]) == (200, "pending")


def test_a_thawed_account_makes_again(here: Harness) -> None:
    key = "sk-EXAMPLE-thawed"
    open_account(here, "thawed", key, "100", 3)
    here.services.store.accounts.change("thawed", status="frozen")
    refused(here, "POST", IMAGES, CAT, key=key)

    here.services.store.accounts.change("thawed", status="active")

    assert here.post(IMAGES, CAT, key=key)[0] == 200


@pytest.mark.parametrize(("path", "body", "code"), [
    (IMAGES, CAT, "INSUFFICIENT_BALANCE"),
    ("/api/v1/gpt4o-image/generate", {**CAT, "size": "1:1"}, 402),
])  # fmt: skip
@pytest.mark.parametrize("balance", ["0", "0.17"])
def test_a_balance_that_does_not_cover_it_is_refused(
    here: Harness, path: str, body: dict[str, str], code: str | int, balance: str
) -> None:
    account = f"poor-{balance}-{code}"
    open_account(here, account, f"sk-EXAMPLE-{account}", balance, 3)

    refusal = refused(here, "POST", path, body, key=f"sk-EXAMPLE-{account}")

    assert (refusal.status, refusal.code) == (402, code)


def test_the_last_cent_can_be_spent_and_no_more(here: Harness) -> None:
    key = "sk-EXAMPLE-exact"
    open_account(here, "exact", key, "0.40", 3)
    assert here.post(IMAGES, CAT, key=key)[0] == 200
    assert here.post(IMAGES, CAT, key=key)[0] == 200

    refused(here, "POST", IMAGES, CAT, key=key)

    account = here.services.store.accounts.get("exact")
    assert account is not None
    assert (account.balance, here.services.store.accounts.drift("exact")) == (0, 0)


def test_a_count_is_charged_before_it_is_made(here: Harness) -> None:
    key = "sk-EXAMPLE-many"
    open_account(here, "many", key, "1", 3)

    assert refused(here, "POST", IMAGES, {**CAT, "count": 6}, key=key).code == "INSUFFICIENT_BALANCE"
    assert here.post(IMAGES, {**CAT, "count": 5}, key=key)[0] == 200
