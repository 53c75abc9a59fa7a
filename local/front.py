"""The front's part on this machine: its path patterns choose the function behind a URL, bytes pass as they come.

The patterns are read from the template's CloudFront distribution, also where the condition that makes it is off.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from local.payload import write_message
from local.web import WebFunction

# What belongs to one connection and not to the message; the servers at both ends write these themselves.
_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"}
_NOT_KEPT = {"date"} | _OF_THE_CONNECTION
_NOT_PASSED = {"host", "content-length"} | _OF_THE_CONNECTION
_OURS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")  # what the client library would add


def patterns_of(template: Mapping[str, Any]) -> tuple[str, ...]:
    """The path patterns that the distribution of a template sends elsewhere than to the API."""
    distributions = [one for one in template["Resources"].values() if one["Type"] == "AWS::CloudFront::Distribution"]
    configs = [one["Properties"]["DistributionConfig"] for one in distributions]
    return tuple(each["PathPattern"] for config in configs for each in config.get("CacheBehaviors", ()))


@dataclass(frozen=True)
class Front:
    """The paths that go to a function behind a URL."""

    patterns: tuple[str, ...]
    function: WebFunction

    def takes(self, path: str) -> bool:
        """Whether a path goes there. As in the cloud `*` stands for any characters, `?` for one."""
        return matching(self.patterns, path) is not None

    def line(self, request: Request, body: bytes) -> Line:
        """The reply to a request, made by the function."""
        return Line(self.function, request, body)


def matching(patterns: tuple[str, ...], path: str) -> str | None:
    """The first pattern that takes a path."""
    return next((each for each in patterns if _regex(each).fullmatch(path)), None)


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One request held open until the function, the client or the function's timeout ends it."""

    function: WebFunction
    request: Request
    body: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the function's reply on; where the client goes first, the function's connection is closed."""
        passing, gone = (asyncio.ensure_future(each) for each in (self._pass(scope, receive, send), _left(receive)))
        try:
            await asyncio.wait({passing, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = passing.done()
            for each in (passing, gone):
                each.cancel()
            await asyncio.wait({passing, gone})
        if ended:
            passing.result()

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent: list[Message] = []
        try:
            await self._once(send, sent)
        except (aiohttp.ClientError, TimeoutError):
            if sent:
                raise  # the server then breaks the connection off, so that nobody takes a part for the whole
            await write_message(502, "Bad Gateway")(scope, receive, send)

    async def _once(self, send: Send, sent: list[Message]) -> None:
        address = await asyncio.to_thread(self.function.address)
        try:
            await self._exchange(address, send, sent)
        except aiohttp.ClientConnectorError:  # it ended a moment ago and nobody knew; nothing was sent
            await self._exchange(await asyncio.to_thread(self.function.address, address or ""), send, sent)

    async def _exchange(self, address: str | None, send: Send, sent: list[Message]) -> None:
        if address is None:
            raise aiohttp.ClientConnectionError("the function does not start")
        scope = self.request.scope
        target = URL(f"{address}{scope['raw_path'].decode()}?{scope['query_string'].decode()}", encoded=True)
        headers = [(name, value) for name, value in self.request.headers.items() if name not in _NOT_PASSED]
        # a connection for each request: one that is kept may belong to a process that has ended
        connector = aiohttp.TCPConnector(force_close=True)
        limit = aiohttp.ClientTimeout(total=self.function.spec.timeout)
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=limit, auto_decompress=False, skip_auto_headers=_OURS
            ) as session,
            session.request(
                self.request.method, target, headers=headers, data=self.body or None, allow_redirects=False
            ) as answer,
        ):
            kept = [each for each in answer.raw_headers if each[0].decode().lower() not in _NOT_KEPT]
            sent.append({"type": "http.response.start", "status": answer.status, "headers": kept})
            await send(sent[0])
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
