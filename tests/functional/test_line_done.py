"""When a stream is whole: it says so, or an event told that the model had ended."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.functional.streaming import served, streaming

TEXT = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"six six "}}]}\n\n'
END = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE, CLOSE = b"data: [DONE]\n\n", b"data:[DONE]\n\n"
STREAMS = {
    "text": TEXT,
    "text-done": TEXT + DONE,
    "text-close": TEXT + CLOSE,
    "end": TEXT + END,
    "done": DONE,
    "none": b"",
}


async def scripted(scope: Scope, receive: Receive, send: Send) -> None:
    """An upstream that answers as the prompt names it."""
    asked = json.loads(await Request(scope, receive).body())
    said = STREAMS[asked["messages"][-1]["content"]]
    await Response(said, media_type="text/event-stream")(scope, receive, send)


def test_a_stream_is_whole_that_says_so_after_an_event() -> None:
    with served(scripted) as url, streaming(first=url) as line:
        told = {name: line.chat(name, stream=True).text for name in STREAMS}
        assert {name for name, text in told.items() if text.endswith("data: [DONE]\n\n")} == set(STREAMS)
        assert {name for name, text in told.items() if '"error":' in text} == {"text"}
        assert line.arrived("aihub") == 2  # where nothing had come: of "done" and "none"
        whole = [name for name in ("text-done", "text-close", "end") if told[name].encode().startswith(TEXT[:20])]
        assert whole == ["text-done", "text-close", "end"]
        assert all(call.used for call in line.calls)
        assert line.settled()
