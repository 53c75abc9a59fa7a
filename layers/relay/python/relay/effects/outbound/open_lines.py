"""Outgoing calls whose answers are passed on while they arrive, many at once in one thread.

The rules are those of the other outgoing calls (`Outbound`): one look-up, all its addresses checked, no redirect. A
connection that is kept is used again: what it may cost is a request that is lost with a connection its upstream was
just closing, and so is tried at the next source like any other that brings no answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult

from relay.effects.outbound import CONNECT_SECONDS, Outbound
from relay.effects.outbound.errors import EgressRefused, NoAnswer, NotSent
from relay.nouns.credential import mask_whole
from relay.nouns.wire import Answer, Call

IDLE_SECONDS = 30.0  # a connection is kept for another call
SILENCE_SECONDS = 300.0  # between two bytes of an answer: models may think for minutes
PIECE = 1 << 16  # bytes read ahead at most, of an answer whose client reads slowly


@dataclass(frozen=True, slots=True)
class Arriving:
    """An answer that is arriving. `chunks` can be read once; reading raises NoAnswer.

    `hidden` is what of our key has to be masked in it.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    hidden: Sequence[bytes] = ()

    async def whole(self, most: int) -> Answer:
        """All of it. Raises NoAnswer, also for more than `most` bytes."""
        body = bytearray()
        async for chunk in self.chunks:
            body += chunk
            if len(body) > most:
                raise NoAnswer("the answer is too large")
        return Answer(self.status, mask_whole(bytes(body), self.hidden), self.headers)


class OpenLines:
    """Connections of one event loop."""

    def __init__(self, rules: Outbound, silence: float = SILENCE_SECONDS) -> None:
        self._rules, self._silence = rules, silence
        self._checked = set[str]()  # origins; they stand in the catalog or in settings, so they are few

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # the limits of tiers bound them
            resolver=_Resolver(self._rules),
            use_dns_cache=False,
            keepalive_timeout=IDLE_SECONDS,
            ssl=ssl.create_default_context(cafile=certifi.where()),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a small answer may be a large one
            read_bufsize=PIECE,
            skip_auto_headers=("User-Agent",),
        )

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[Arriving]:
        """Make a call and read its answer inside the context. Raises EgressRefused, NotSent or NoAnswer.

        Leaving the context before the answer's end closes the connection, which stops the upstream. `call.timeout`
        bounds all of it.
        """
        self._check(call)
        headers = {"user-agent": "genrelay", **call.headers, "accept-encoding": "identity"}
        try:
            response = await self._session.request(
                call.method,
                call.url,
                data=call.body or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=call.timeout, sock_connect=CONNECT_SECONDS, sock_read=self._silence
                ),
            )
        except (EgressRefused, NotSent):
            raise
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(type(error).__name__) from error
        try:
            yield Arriving(response.status, _headers(response), _chunks(response))
        finally:
            response.close() if not response.content.at_eof() else response.release()

    async def close(self) -> None:
        if "_session" in self.__dict__:
            await self._session.close()

    def _check(self, call: Call) -> None:
        """Judge the form of an address, and a host that is one, which is never looked up; once for each upstream.

        Raises EgressRefused.
        """
        origin = "/".join(call.url.split("/", 3)[:3])
        if origin in self._checked:
            return
        host = self._rules.target(call.url)
        if _is_address(host):
            self._rules.allow(host)
        self._checked.add(origin)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Resolver(AbstractResolver):
    """Looks names up as other calls do, in a thread."""

    def __init__(self, rules: Outbound) -> None:
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.to_thread(self._rules.addresses, host, port, CONNECT_SECONDS)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        return


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Raises NoAnswer where the body is not as it is told."""
    told = {name.lower(): value for name, value in response.headers.items()}
    if told.get("content-encoding", "identity").lower() != "identity":
        raise NoAnswer("the answer is compressed")
    return told


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise NoAnswer(type(error).__name__) from error
