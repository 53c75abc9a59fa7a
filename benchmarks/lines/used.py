"""Counts what a streamed chat reads, writes and logs: where it reserves for itself, and where calls share one."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import boto3

from benchmarks.cloud import run_in_child
from benchmarks.handlers import OutputCounter
from benchmarks.lines.costs import Kept
from benchmarks.lines.gateways import Gateway
from benchmarks.lines.ours import BLOCK_SECONDS, chat_cloud
from benchmarks.measured import CHAT_MODEL
from benchmarks.meter import Meter, Use
from benchmarks.prices import LOG_EVENT_BYTES

ALONE, SHARING = 3, 20  # calls, one after the other


def measure(upstream: Gateway) -> tuple[Kept, Kept]:
    """The average of calls alone, and of those that share a reservation from a process's start to its end."""
    chat = replace(upstream, model=CHAT_MODEL).requests(streamed=True)[0].partition("\r\n\r\n")[2]
    with chat_cloud(upstream) as environment:
        alone = run_in_child({**environment, "LINE_BLOCK_SECONDS": "0"}, _alone, chat)
        shared = run_in_child({**environment, "LINE_BLOCK_SECONDS": str(BLOCK_SECONDS)}, _shared, chat)
    return alone, shared


class Counted:
    """The stream function's application in this process. Make it before anything else makes a client of AWS."""

    def __init__(self) -> None:
        looking = boto3.Session().client("dynamodb")
        boto3.setup_default_session()
        self.meter = Meter(boto3._get_default_session(), looking)
        self._output = sys.stdout = OutputCounter()
        sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
        self.app = importlib.import_module("stream").app
        self.living = self.app.router.lifespan_context

    def logged(self) -> int:
        return self._output.bytes + self._output.lines * LOG_EVENT_BYTES


def _alone(chat: str) -> Kept:
    counted = Counted()

    async def run() -> Kept:
        async with counted.living(counted.app):
            await _ask(counted.app, chat)
            before = counted.logged()
            with counted.meter.measuring() as use:
                for _ in range(ALONE):
                    await _ask(counted.app, chat)
            return _average(use, counted.logged() - before, ALONE)

    return asyncio.run(run())


def _shared(chat: str) -> Kept:
    counted = Counted()

    async def run() -> Kept:
        with counted.meter.measuring() as use:
            async with counted.living(counted.app):
                for _ in range(SHARING):
                    await _ask(counted.app, chat)
        return _average(use, counted.logged(), SHARING)

    return asyncio.run(run())


def _average(use: Use, logged: int, chats: int) -> Kept:
    return Kept(len(use.calls) / chats, (use.writes + use.index_writes) / chats, use.reads / chats, logged / chats)


async def _ask(app: Any, chat: str) -> None:  # noqa: ANN401 - the function's ASGI application
    key, body = os.environ["CLIENT_KEY"].encode(), chat.encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer " + key), (b"content-type", b"application/json")],
    }
    received, answer = [body], [b""]

    async def receive() -> Mapping[str, object]:
        if not received:
            await asyncio.Event().wait()  # the client stays
        return {"type": "http.request", "body": received.pop(), "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        answer.append(message.get("body", b""))

    await app(scope, receive, send)
    if b"[DONE]" not in b"".join(answer):
        raise RuntimeError(f"not answered: {b''.join(answer).decode()}")
