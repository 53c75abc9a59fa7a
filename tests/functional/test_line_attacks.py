"""What a hostile upstream or a hostile client of model calls can do, and what it cannot."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tests.functional.harness import KEY
from tests.functional.streaming import CHAT, FIRST, Line, chat_body, served, streaming, until

EVENTS, JSON = b"text/event-stream", b"application/json"
SAID = {"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}], "usage": {"total_tokens": 9}}
END = {"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]}


class Hostile:
    """An upstream that answers with these pieces; it notes what it was asked."""

    def __init__(self) -> None:
        self.status, self.headers, self.pieces = 200, list[tuple[bytes, bytes]](), list[bytes]()
        self.asked = list[dict[bytes, bytes]]()

    def says(self, *pieces: bytes, status: int = 200, kind: bytes = JSON, **headers: bytes) -> None:
        named = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
        self.status, self.headers, self.pieces = status, [(b"content-type", kind), *named], list(pieces)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


hostile = Hostile()


@pytest.fixture(scope="module")
def relay() -> Iterator[Line]:
    with served(hostile) as url, streaming(first=url, silence=1.0) as made:
        yield made


@pytest.fixture
def line(relay: Line) -> Line:
    relay.here.services.resting.clear()
    others = [name for name in relay.upstreams.simulators if name != FIRST]
    relay.here.secrets.values |= {f"upstreams/{name}/key": "" for name in others}  # it alone is asked
    return relay


def event(document: Any) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def deep(levels: int) -> str:
    return '{"choices": ' + "[" * levels + "]" * levels + "}"


def test_our_key_is_masked_wherever_the_network_cuts_it(line: Line) -> None:
    key = line.here.secrets.values[f"upstreams/{FIRST}/key"].encode()
    told = event({**END, "id": key.decode()})
    for cut in (told.index(key) + 3, told.index(key), len(told) - 1):
        hostile.says(told[:cut], told[cut:], b"data: [DONE]\n\n", kind=EVENTS)
        answer = line.chat("Tell", stream=True)
        assert b"sk-***" in answer.content
        assert key not in answer.content
    hostile.says(json.dumps({**SAID, "id": key.decode()}).encode())
    assert key not in line.chat("Tell").content
    assert hostile.asked[-1][b"authorization"] == b"Bearer " + key
    assert KEY.encode() not in b"".join(hostile.asked[-1].values())


def test_nothing_of_an_upstream_but_the_answer_is_passed_on(line: Line) -> None:
    hostile.says(json.dumps({**SAID, "model": "upstreams/own-name"}).encode(), x_upstream=b"secret", set_cookie=b"a=b")
    answer = line.chat("Tell")
    assert answer.json()["model"] == "gpt-4o-mini"
    assert not {"x-upstream", "set-cookie"} & set(answer.headers)
    hostile.says(event({**END, "model": "upstreams/own-name"}), b"data: [DONE]\n\n", kind=EVENTS)
    assert "own-name" not in line.chat("Tell", stream=True).text


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_cannot_be_used_is_none(line: Line, stream: bool) -> None:
    before = line.spent
    bomb = gzip.compress(b" " * (40 << 20))
    for pieces, how in (
        ([bomb], {"content_encoding": b"gzip"}),
        ([b""], {"status": 302, "location": b"http://169.254.169.254/latest"}),
        ([deep(900).encode()], {}),
        ([b"data: " + deep(900).encode() + b"\n\n"], {}),
        ([b"data: " + b"x" * (9 << 20)], {}),
        ([b"[" * (1 << 20)], {}),
        ([b'{"choices": 1' + b"0" * 5000 + b"}"], {}),
    ):
        hostile.says(*pieces, kind=EVENTS if stream else JSON, **how)
        answer = line.chat("Tell", stream=stream)
        assert answer.status_code == 503, (pieces[0][:30], answer.text[:200])
    until(line.settled)
    assert line.spent == before


def test_a_stream_in_pieces_of_one_byte_is_the_same_stream(line: Line) -> None:
    told = event(END) * 40 + b"data: [DONE]\n\n"
    hostile.says(*(told[at : at + 1] for at in range(len(told))), kind=EVENTS)
    assert line.chat("Tell", stream=True).text.count("hi") == 40


def test_half_a_character_is_passed_on_as_it_was_escaped(line: Line) -> None:
    halves = [event({"choices": [{"delta": {"content": half}}], "model": "x"}) for half in ("\ud83d", "\ude00")]
    hostile.says(*halves, event(END), b"data: [DONE]\n\n", kind=EVENTS)
    answer = line.chat("Tell", stream=True)
    assert "\\ud83d" in answer.text
    assert "error" not in answer.text


def test_a_field_of_the_request_that_the_upstream_names_is_named(line: Line) -> None:
    for param, told in (("messages[0].role", "messages[0].role"), ("its own", ""), ("unknown", ""), (5, "")):
        hostile.says(json.dumps({"error": {"message": "no", "param": param, "code": None}}).encode(), status=400)
        answer = line.chat("Tell")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, told)


def test_no_log_holds_a_prompt_or_a_key(
    line: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(("genrelay", "relay"))]:
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        caplog.set_level(logging.INFO, logger=name)
    prompt = 'my secret "plan" with\nlines'
    for echoed in (prompt, prompt * 2000):
        for status in (400, 500, 200):
            wrong = {"message": f"bad: {echoed} {KEY}", "code": echoed}
            hostile.says(json.dumps({"error": wrong}).encode(), status=status)
            line.post(f"{CHAT}?key={KEY}", chat_body(echoed))
    told = [record for record in caplog.records if record.getMessage() == "model call not answered"]
    assert len(told) == 6
    everything = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "secret" not in everything
    assert KEY not in everything
