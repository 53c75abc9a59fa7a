"""The token we send to Kling, as a published library reads it."""

from __future__ import annotations

import time

import jwt
import pytest

from relay.nouns.signing import key_token

ACCESS, SECRET = "ACCESS-EXAMPLE", "an-example-secret-of-forty-characters-ok"


def read(token: str, secret: str = SECRET) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(
        token, secret, algorithms=["HS256"], issuer=ACCESS, options={"require": ["iss", "exp", "nbf"]}
    )
    return claims


def test_a_published_library_accepts_it_for_half_an_hour() -> None:
    now = int(time.time())
    assert read(key_token(f"{ACCESS}:{SECRET}", now)) == {"iss": ACCESS, "exp": now + 1800, "nbf": now - 5}
    assert read(key_token(f"{ACCESS}:{SECRET}", now - 1740))["exp"] == now + 60


@pytest.mark.parametrize(
    ("shift", "secret", "refusal"),
    [
        (-1860, SECRET, jwt.ExpiredSignatureError),
        (60, SECRET, jwt.ImmatureSignatureError),
        (0, SECRET[::-1], jwt.InvalidSignatureError),
    ],
)
def test_and_refuses_it_afterwards_before_and_with_another_secret(
    shift: int, secret: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        read(key_token(f"{ACCESS}:{SECRET}", int(time.time()) + shift), secret)
