"""Callback signatures verify with the published library, with KIE's scheme, and with both secrets after a rotation."""

from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from relay.nouns.signing import verify_id, webhook_secret
from relay.nouns.wire import Answer, Call
from tests.functional.harness import SECRETS, Harness
from tests.functional.network import CLIENT

DAY = 24 * 3600 * 1000


@pytest.fixture
def today(here: Harness) -> Harness:
    """A relay at the real time, because the published verifier uses the real clock."""
    here.now[0] = int(time.time() * 1000)
    return here


def secret(generation: int, account: str = "acc1") -> str:
    return webhook_secret(SECRETS["webhook-master"].encode(), account, generation)


def told(here: Harness, *, kie: bool = False) -> Call:
    """The callback of a task that has just ended."""
    _ = here.submit_kie_image(callBackUrl=CLIENT) if kie else here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.run(70 if kie else 10, step=5)
    return here.told[-1]


def verifies(call: Call, with_secret: str) -> bool:
    try:
        Webhook(with_secret).verify(call.body, dict(call.headers))
    except WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize("kie", [False, True], ids=["aistudio", "kie"])
def test_the_published_verifier_accepts_it(today: Harness, kie: bool) -> None:
    assert verifies(told(today, kie=kie), secret(1))


def test_the_published_verifier_accepts_a_later_attempt(today: Harness) -> None:
    today.network.script["client"] = [Answer(500)]
    first = told(today)

    today.run(70, step=10)

    assert today.told[-1] is not first
    assert verifies(today.told[-1], secret(1))


@pytest.mark.parametrize("other", [secret(1, "acc2"), secret(2), "whsec_" + "QUJD" * 8])
def test_no_other_secret_does(today: Harness, other: str) -> None:
    assert not verifies(told(today), other)


@pytest.mark.parametrize(("age", "alive"), [(0, True), (DAY - 60_000, True), (DAY, False), (30 * DAY, False)])
def test_a_rotated_secret_verifies_beside_the_new_one_for_a_day(today: Harness, age: int, alive: bool) -> None:
    today.services.store.accounts.change("acc1", webhook_generation=2, webhook_rotated_at=today.now[0] - age)

    call = told(today)

    assert verifies(call, secret(2))
    assert verifies(call, secret(1)) is alive


def test_a_secret_before_the_last_rotation_is_gone(today: Harness) -> None:
    today.services.store.accounts.change("acc1", webhook_generation=3, webhook_rotated_at=today.now[0])

    call = told(today)

    assert [verifies(call, secret(generation)) for generation in (1, 2, 3)] == [False, True, True]


def test_a_kie_client_verifies_it_as_it_verifies_kie(today: Harness) -> None:
    call = told(today, kie=True)
    task_id = call.headers["webhook-id"].removeprefix("msg_")
    timestamp, signature = call.headers["x-webhook-timestamp"], call.headers["x-webhook-signature"]

    assert b'"result_urls":' in call.body
    assert verify_id(secret(1), task_id, timestamp, signature, today.now[0] // 1000)
    assert not verify_id(secret(2), task_id, timestamp, signature, today.now[0] // 1000)


def test_a_relay_client_is_not_sent_kies_headers(today: Harness) -> None:
    assert not [name for name in told(today).headers if name.startswith("x-webhook")]


def test_nothing_told_holds_a_key(today: Harness) -> None:
    call = told(today)

    assert not [value for value in SECRETS.values() if value in f"{dict(call.headers)} {call.body.decode()}"]
    assert "authorization" not in call.headers
