"""Open lines go where other outgoing calls may go, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from relay.effects.outbound import EgressRefused, NotSent, Outbound
from relay.effects.outbound.open_lines import OpenLines
from relay.nouns.wire import Call
from tests.axes import table

PRIVATE = (
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "::1",
    "::ffff:127.0.0.1",
    "fd00::1",
    "64:ff9b::7f00:1",
)
PUBLIC = "93.184.216.34"


async def _open(url: str, *found: str) -> None:
    """Call a URL whose host has these addresses."""
    looked = list[str]()

    def resolve(host: str, port: int) -> list[str]:
        looked.append(host)
        return list(found) if len(looked) == 1 else ["127.0.0.1"]  # a second look-up would be told another

    lines = OpenLines(Outbound("public", resolve))
    try:
        async with lines.open(Call("POST", url, timeout=0.2)):
            pytest.fail("it was answered")
    finally:
        await lines.close()
        assert len(looked) <= 1


@table("address", PRIVATE)
def test_an_address_that_is_not_public_is_not_called_by_itself_or_by_a_name(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(EgressRefused):
        asyncio.run(_open(f"https://{literal}/v1"))
    for found in ((address,), (PUBLIC, address)):
        with pytest.raises(EgressRefused):
            asyncio.run(_open("https://upstream.example/v1", *found))


@table(
    "url",
    ["http://upstream.example/", "https://me:key@upstream.example/", "https://upstream.example:22/", "file:///etc"],
)
def test_a_url_of_another_form_is_not_called(url: str) -> None:
    with pytest.raises(EgressRefused):
        asyncio.run(_open(url, PUBLIC))


def test_a_name_that_does_not_resolve_now_was_not_called() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("no answer")

    async def open_one() -> None:
        lines = OpenLines(Outbound("public", resolve))
        try:
            async with lines.open(Call("POST", "https://upstream.example/")):
                pytest.fail("it was answered")
        finally:
            await lines.close()

    with pytest.raises(NotSent):
        asyncio.run(open_one())
