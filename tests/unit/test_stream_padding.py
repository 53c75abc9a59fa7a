"""While a client waits, spaces show that the line is open, but only before a JSON document."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from relay.edge.stream.responding import Respond
from relay.edge.stream.sending import Pace, Pieces
from relay.families import FAMILIES, dialect
from relay.nouns.wire import JSON, Reply


async def _answered(reply: Reply, *, padded: bool) -> tuple[str, bytes]:
    """The content type and the body of what comes after the first heartbeat was due."""
    sent = list[Message]()

    async def slow() -> Pieces:
        await asyncio.sleep(0.1)
        yield reply

    async def receive() -> Message:
        await asyncio.sleep(9)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    respond = Respond(lambda error: Reply.json({}, 500), "trace-1", pace=Pace(patience=0.04))
    await respond.later(slow(), padded=padded)({"type": "http"}, receive, send)
    return dict(sent[0]["headers"])[b"content-type"].decode(), b"".join(each["body"] for each in sent[1:])


@pytest.mark.parametrize(
    ("reply", "padded", "told"),
    [
        (Reply.json({}), True, (JSON, b" {}")),
        (Reply(200, b"sound", "audio/mpeg"), False, ("audio/mpeg", b"sound")),
    ],
)
def test_nothing_stands_before_an_answer_that_is_no_document(
    reply: Reply, padded: bool, told: tuple[str, bytes]
) -> None:
    assert asyncio.run(_answered(reply, padded=padded)) == told


def test_an_answer_that_may_be_a_file_is_not_padded() -> None:
    waiting = [route for family in FAMILIES for route in dialect(family).routes if route.wait]
    spoken = [route for route in waiting if route.path.startswith("/v1/audio/")]
    assert spoken
    assert [route.path for route in spoken if route.padded] == []
