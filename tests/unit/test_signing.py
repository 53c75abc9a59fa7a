"""What our signatures promise: published vectors, freshness, rotation, and a foreign verifier's consent."""

from __future__ import annotations

import base64
import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from relay.nouns.signing import (
    TOLERANCE,
    callback_token,
    key_digest,
    key_token,
    same,
    sign_id,
    sign_webhook,
    verify_id,
    verify_webhook,
    webhook_secret,
)
from tests.axes import table

KEY, TASK, NOW = "demo-hmac-key", "task_demo_0001", 1767225600
SIGNATURE = "Sa8CFP9SFefuT+uZ6Py7L3jt95HhthsgDmlozmZnWEU="
BODY = (
    b'{"id":"evt_demo_1","object":"event","created_at":1767225600,"type":"video.completed",'
    b'"data":{"id":"video_demo_1"}}'
)


def test_kie_signature_equals_the_vector() -> None:
    assert sign_id(KEY, TASK, NOW) == SIGNATURE


def test_kie_vector_verifies() -> None:
    assert verify_id(KEY, TASK, str(NOW), SIGNATURE, NOW)


@table("age", [-TOLERANCE, -1, 0, 1, TOLERANCE])
def test_kie_timestamp_within_the_tolerance_verifies(age: int) -> None:
    assert verify_id(KEY, TASK, str(NOW), SIGNATURE, NOW + age)


@pytest.mark.parametrize("age", [TOLERANCE + 1, 10**9, -TOLERANCE - 1, -(10**9)])
def test_kie_stale_or_future_timestamp_is_refused(age: int) -> None:
    assert not verify_id(KEY, TASK, str(NOW), SIGNATURE, NOW + age)


@table(
    "timestamp",
    [
        "",
        " ",
        "now",
        f" {NOW}",
        f"+{NOW}",
        f"{NOW}.0",
        "1_767_225_600",
        "-1",
        "0x1",
        "9" * 5000,
        "１７６７２２５６００",
    ],
)
def test_kie_garbled_timestamp_is_refused(timestamp: str) -> None:
    assert not verify_id(KEY, TASK, timestamp, SIGNATURE, NOW)


@table("signature", ["", "é", SIGNATURE[:-1], SIGNATURE.lower(), SIGNATURE + " "])
def test_kie_wrong_signature_is_refused(signature: str) -> None:
    assert not verify_id(KEY, TASK, str(NOW), signature, NOW)


def test_kie_signature_of_another_task_is_refused() -> None:
    assert not verify_id(KEY, "task_demo_0002", str(NOW), SIGNATURE, NOW)


def test_kie_signature_of_another_time_is_refused() -> None:
    assert not verify_id(KEY, TASK, str(NOW + 1), SIGNATURE, NOW)


def test_kie_signature_with_another_key_is_refused() -> None:
    assert not verify_id("another-key", TASK, str(NOW), SIGNATURE, NOW)


SECRETS = ["demo-secret-0123456789abcdef", "whsec_" + base64.b64encode(b"demo-secret-0123456789abcdef").decode()]


@pytest.mark.parametrize("secret", SECRETS)
def test_standard_webhooks_signature_equals_the_vector(secret: str) -> None:
    headers = sign_webhook([secret], "evt_demo_1", NOW, BODY)
    assert headers["webhook-signature"] == "v1,oRKFp2gnF1NcOnX3k92yfpKvWMC7/HhXPVxc+sfj3oA="


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_standard_webhooks_signature_is_verified_by_either_form_of_the_secret(secret: str, age: int) -> None:
    headers = sign_webhook(["old", secret], "evt_demo_1", NOW, BODY)
    assert verify_webhook(secret, headers, BODY, NOW + age)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_demo_2"},
        {"webhook-id": "\ud800"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": f" {NOW}"},
        {"webhook-timestamp": str(NOW - 301)},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\ud800"},
        {"webhook-signature": ""},
    ],
)
def test_a_standard_webhooks_signature_of_anything_else_is_refused(change: dict[str, str]) -> None:
    assert not verify_webhook("s", sign_webhook(["s"], "evt_demo_1", NOW, BODY) | change, BODY, NOW)


def test_a_standard_webhooks_signature_of_another_body_is_refused() -> None:
    headers = sign_webhook(["s"], "evt_demo_1", NOW, BODY)
    assert not verify_webhook("s", headers, BODY + b" ", NOW)
    assert not verify_webhook("s", {}, BODY, NOW)


def test_standard_webhooks_headers_carry_id_and_time() -> None:
    headers = sign_webhook(["s"], "evt_demo_1", NOW, BODY)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("evt_demo_1", str(NOW))


def test_published_verifier_accepts_our_headers() -> None:
    secret = webhook_secret(b"master", "acc", 1)
    headers = sign_webhook([secret], "evt_1", int(time.time()), BODY)
    assert Webhook(secret).verify(BODY, headers)["id"] == "evt_demo_1"


@pytest.mark.parametrize("generation", [1, 2])
def test_published_verifier_accepts_either_of_two_live_secrets(generation: int) -> None:
    live = [webhook_secret(b"master", "acc", 2), webhook_secret(b"master", "acc", 1)]
    headers = sign_webhook(live, "evt_1", int(time.time()), BODY)
    assert Webhook(webhook_secret(b"master", "acc", generation)).verify(BODY, headers)


def test_published_verifier_refuses_a_retired_secret() -> None:
    headers = sign_webhook([webhook_secret(b"master", "acc", 2)], "evt_1", int(time.time()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook_secret(b"master", "acc", 1)).verify(BODY, headers)


def test_published_verifier_refuses_a_changed_body() -> None:
    secret = webhook_secret(b"master", "acc", 1)
    headers = sign_webhook([secret], "evt_1", int(time.time()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)


@pytest.mark.parametrize("age", [-TOLERANCE - 60, TOLERANCE + 60])
def test_published_verifier_refuses_our_stale_and_future_headers(age: int) -> None:
    secret = webhook_secret(b"master", "acc", 1)
    headers = sign_webhook([secret], "evt_1", int(time.time()) + age, BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize(("master", "account", "generation"), [(b"other", "acc", 1), (b"m", "b", 1), (b"m", "acc", 2)])
def test_webhook_secrets_differ_by_master_account_and_generation(master: bytes, account: str, generation: int) -> None:
    assert webhook_secret(master, account, generation) != webhook_secret(b"m", "acc", 1)


@pytest.mark.parametrize(("upstream", "account", "task"), [("x", "a", "t"), ("u", "x", "t"), ("u", "a", "x")])
def test_callback_tokens_differ_by_upstream_account_and_task(upstream: str, account: str, task: str) -> None:
    assert callback_token(b"s", upstream, account, task) != callback_token(b"s", "u", "a", "t")


def test_callback_token_is_128_bits_of_hex() -> None:
    token = callback_token(b"s", "u", "a", "t")
    assert (len(token), len(bytes.fromhex(token))) == (32, 16)


@pytest.mark.parametrize(("other", "equal"), [("token", True), ("toke", False), ("Token", False), ("é", False)])
def test_same_compares_whole_texts(other: str, equal: bool) -> None:
    assert same("token", other) is equal


def test_a_kling_token_is_a_json_web_token_of_the_keys_two_parts() -> None:
    """The signature is what PyJWT 2.15.1 makes of the same header and claims."""
    header, claims, signature = key_token("ACCESS-EXAMPLE:secret-example", NOW).split(".")
    said = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
    assert said == [{"alg": "HS256", "typ": "JWT"}, {"iss": "ACCESS-EXAMPLE", "exp": NOW + 1800, "nbf": NOW - 5}]
    assert signature == "9pe-gPQOMUiwGPmQnYvdPF9mG1uclubTerLWzlsrV50"


@pytest.mark.parametrize("key", ["", ":", "ACCESS-EXAMPLE", "ACCESS-EXAMPLE:", ":secret-example"])
def test_a_kling_key_has_two_parts(key: str) -> None:
    with pytest.raises(ValueError, match="ACCESS:SECRET"):
        key_token(key, NOW)


def test_key_digest_depends_on_the_pepper() -> None:
    assert key_digest(b"p", "sk-EXAMPLE") != key_digest(b"q", "sk-EXAMPLE")
