"""Cutting a stream of server-sent events where its events end, however the network cut it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

MOST = 8 << 20  # bytes of one event: a picture inside one is large

_END = re.compile(rb"\r?\n\r?\n")


class EventTooLarge(Exception):
    """An event does not end."""


async def cut_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Each event with the empty line that ends it; also what a stream ends with that no empty line follows."""
    held = bytearray()
    async for chunk in chunks:
        seen = max(0, len(held) - 3)  # the end may lie across two pieces
        held += chunk
        while found := _END.search(held, seen):
            yield bytes(held[: found.end()])
            del held[: found.end()]
            seen = 0
        if len(held) > MOST:
            raise EventTooLarge
    if held.strip():
        yield bytes(held) + b"\n\n"
