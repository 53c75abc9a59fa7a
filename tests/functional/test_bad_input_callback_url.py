"""Callback URLs: only https addresses on the public internet, checked before the charge."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from relay.effects.outbound import Outbound
from tests.axes import table
from tests.functional.harness import Harness, harness
from tests.functional.refusals import refused

GOOD = "93.184.216.34"
NAMES = {
    "client.example": [GOOD],
    "private.example": ["10.0.0.8"],
    "loopback.example": ["127.0.0.1"],
    "linklocal.example": ["169.254.169.254"],
    "mixed.example": [GOOD, "192.168.0.1"],
    "mapped.example": ["::ffff:10.0.0.8"],
    "sixtofour.example": ["2002:a00:8::"],
    "2130706433": ["127.0.0.1"],
    "0x7f000001": ["127.0.0.1"],
}


def look_up(host: str, port: int) -> list[str]:
    """A name server with a table; literal addresses resolve to themselves."""
    if host in NAMES:
        return NAMES[host]
    if host.replace(".", "").isdigit() or ":" in host:
        return [host]
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        made.network.rules = Outbound("public", look_up)
        yield made


# Both dialects have these judged by the same rules, so each form is tried in one of them.
REFUSED = [
    *("http://client.example/hook", "ftp://client.example/hook", "client.example/hook", "//client.example", "hook"),
    *("https://user:word@client.example/", "https://user@client.example/", "https://@client.example/"),
    *("https://client.example:22/", "https://client.example:80/", "https://client.example:0/", "https://client.example:x/"),
    *("https://client.example:99999/", "https://", "https:///hook", "https://client.example\\@private.example/"),
    *("https://client.example/\thook", "https://client.example/\nhook", "https://client.example/a b", "https://[::1"),
    *("https://10.0.0.8/hook", "https://192.168.1.1/", "https://172.16.0.1/", "https://100.64.0.1/"),
    *("https://127.0.0.1/", "https://127.0.0.1:8443/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/"),
    *("https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/"),
    *("https://private.example/", "https://loopback.example/", "https://linklocal.example/", "https://mixed.example/"),
    *("https://mapped.example/", "https://sixtofour.example/", "https://2130706433/", "https://0x7f000001/"),
    *("https://nowhere.example/", "https://" + "a" * 64 + ".example/", "https://client..example/"),
    *("https://client.example/" + "x" * 3000, "javascript:alert(1)", "file:///etc/passwd", "data:text/plain,x"),
]  # fmt: skip


@table("url", REFUSED[::2])
def test_a_relay_client_is_told_nowhere_but_in_public(here: Harness, url: str) -> None:
    refusal = refused(here, "POST", "/api/kling/images", {"prompt": "a cat", "callback_url": url})

    assert (refusal.status, refusal.code) == (400, "INVALID_PARAMETER")
    assert "callback_url" in refusal.message.split()


@table("url", REFUSED[1::2])
def test_a_kie_client_is_told_nowhere_but_in_public(here: Harness, url: str) -> None:
    body = {"prompt": "a cat", "size": "1:1", "callBackUrl": url}

    refusal = refused(here, "POST", "/api/v1/gpt4o-image/generate", body)

    assert (refusal.status, refusal.code) == (400, 400)
    assert "callBackUrl" in refusal.message.split()


@pytest.mark.parametrize("url", ["https://client.example/hook?a=b", "https://client.example:8443/", f"https://{GOOD}/"])
def test_a_public_address_is_taken(here: Harness, url: str) -> None:
    assert here.submit_image(callback_url=url)
    assert here.submit_kie_image(callBackUrl=url)


def test_no_address_at_all_is_taken(here: Harness) -> None:
    assert here.submit_image(callback_url=None)
