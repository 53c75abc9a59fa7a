"""Signatures: Standard Webhooks and signed ids in both directions, callback URL tokens, and the JWT made of a key.

All comparisons are constant-time. Source: the Standard Webhooks specification.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from relay.nouns.wire import compact

TOLERANCE = 300  # seconds a signed timestamp may differ from our clock
MAX_SIGNATURES = 8  # of one webhook that are looked at; a rotation needs two


def webhook_secret(master: bytes, account_id: str, generation: int) -> str:
    """An account's `whsec_` secret, derived, so that no table holds it; a rotation increments `generation`."""
    key = hmac.digest(master, f"webhook|{account_id}|{generation}".encode(), "sha256")
    return "whsec_" + base64.b64encode(key).decode()


def sign_webhook(secrets: list[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Standard Webhooks headers, with one signature per valid secret: during a rotation old and new are accepted."""
    message = _bytes(f"{event_id}.{timestamp}.") + body
    signatures = [f"v1,{_b64(_webhook_key(secret), message)}" for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes, now: int) -> bool:
    """Check Standard Webhooks headers (names in lower case); `now` is Unix seconds. One good signature suffices."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _is_fresh(timestamp, now):
        return False
    expected = sign_webhook([secret], event_id, int(timestamp), body)["webhook-signature"]
    given = headers.get("webhook-signature", "").split(" ")
    return any(same(expected, each) for each in given[:MAX_SIGNATURES])


def _webhook_key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()


def sign_id(key: str, task_id: str, timestamp: int) -> str:
    """A signature of a task's id and the time (Unix seconds), which does not cover the body."""
    return _b64(key.encode(), f"{task_id}.{timestamp}".encode())


def verify_id(key: str, task_id: str, timestamp: str, signature: str, now: int) -> bool:
    """Check a signature of an id; `now` is Unix seconds. False also for a timestamp that is stale or not a number."""
    return _is_fresh(timestamp, now) and hmac.compare_digest(
        sign_id(key, task_id, int(timestamp)).encode(), signature.encode()
    )


def _is_fresh(timestamp: str, now: int) -> bool:
    # int() would also accept spaces, signs and underscores
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now - int(timestamp)) <= TOLERANCE


def key_token(key: str, now: int) -> str:
    """A JWT (RFC 7519, HS256) for the key ACCESS:SECRET, good from 5 s before `now` (Unix seconds) to 30 minutes after.

    Raises ValueError for a key without its two parts.
    """
    access, colon, secret = key.partition(":")
    if not (access and colon and secret):
        raise ValueError("the key is not ACCESS:SECRET")
    claims = {"iss": access, "exp": now + 1800, "nbf": now - 5}
    signed = ".".join(_b64url(compact(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_b64url(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def callback_token(secret: bytes, upstream: str, account_id: str, task_id: str) -> str:
    """The secret part of the callback URL given to an upstream: 32 hex digits, 128 bits."""
    return hmac.new(secret, _bytes(f"{upstream}|{account_id}|{task_id}"), hashlib.sha256).hexdigest()[:32]


def same(a: str, b: str) -> bool:
    return hmac.compare_digest(_bytes(a), _bytes(b))


def key_digest(pepper: bytes, api_key: str) -> str:
    """The digest an API key is stored and looked up by; without `pepper` a stolen table cannot be used to test keys."""
    return hmac.new(pepper, api_key.encode(), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # input may hold lone surrogates, which plain UTF-8 cannot encode


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _b64(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()
