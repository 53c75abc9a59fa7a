"""All outgoing HTTP: to upstreams, to clients' receivers, to results and inputs. Refuses addresses that are not public.

A host name is resolved once, while the connection is made; all its addresses are checked and the connection goes to
one of them. There is no second look-up that a hostile name server could answer differently (DNS rebinding).

Errors of the HTTP library are raised as NotSent or NoAnswer. Which of them does not depend on the exception: the
connection notes when it writes its first byte (`Attempt.sent`).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, PoolManager, Timeout

from relay.effects.outbound.addresses import is_public, parse_target
from relay.effects.outbound.connections import Attempt, pools
from relay.effects.outbound.errors import EgressRefused, NoAnswer, NotSent
from relay.effects.outbound.lookups import Lookups, Resolve, resolve
from relay.nouns.wire import Answer, Call

__all__ = ["EgressRefused", "Incoming", "NoAnswer", "NotSent", "Outbound", "resolve"]

CHECK_SECONDS = 3.0  # to look up a host name in a client's request
CONNECT_SECONDS = 5.0  # to connect to one address
MAX_TRIED_ADDRESSES = 3  # of one host name
SILENCE_SECONDS = 60.0  # between two bytes of a long answer
CHUNK = 1 << 18  # bytes
TOO_SLOW = "the answer is too slow"
_DEFAULT_HEADERS = {"accept": "*/*", "user-agent": "genrelay"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer that is still arriving: `chunks` can be read once. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class Outbound:
    """`egress` is "public" or "loopback"; the latter also allows http, to 127.0.0.1 and ::1.

    `resolve` looks up host names and raises what getaddrinfo raises; tests pass their own.
    """

    def __init__(self, egress: str, resolve: Resolve = resolve) -> None:
        self._loopback = egress == "loopback"
        self._lookups = Lookups(resolve)
        self._shared_pool = pools()

    def check(self, url: str, seconds: float = CHECK_SECONDS) -> None:
        """Raise EgressRefused for a URL we would not connect to: by its form, or by the addresses of its host.

        A name that does not resolve within `seconds`, or only for now, passes: it is checked again when it is used.
        """
        host, port = parse_target(url, loopback=self._loopback)
        with suppress(NotSent):
            self._addresses(host, port, seconds)

    def send(self, call: Call) -> Answer:
        """Make one request, following no redirect. Raises EgressRefused, NotSent or NoAnswer.

        `call.timeout` (seconds) covers look-up, connection, handshake and answer. A call that is not `repeatable` gets
        a new connection: that a kept one was closed may show only after we wrote to it, and then it is unknown what
        the other side received.
        """
        with self._pool_for(call) as made, self._exchange(made, call, CHUNK) as incoming:
            return Answer(incoming.status, _read(incoming.chunks, call.largest_answer), incoming.headers)

    @contextmanager
    def open(self, call: Call, chunk: int = CHUNK) -> Iterator[Incoming]:
        """Like `send`, for an answer of any size, read inside the context; reading may raise NoAnswer as well.

        It comes in pieces of at most `chunk` bytes; nothing is read ahead.
        """
        with pools() as made, self._exchange(made, call, chunk) as incoming:
            yield incoming

    @contextmanager
    def _exchange(self, made: PoolManager, call: Call, chunk: int) -> Iterator[Incoming]:
        parse_target(call.url, loopback=self._loopback)
        with Attempt(call.timeout, self._dial) as attempt:
            response = _request(made, call, attempt)
            try:
                headers = {name.lower(): value for name, value in response.headers.itermerged()}
                yield Incoming(response.status, headers, _chunks(response, chunk, attempt))
            finally:
                _release(response)

    @contextmanager
    def _pool_for(self, call: Call) -> Iterator[PoolManager]:
        if call.repeatable:
            yield self._shared_pool
        else:
            with pools() as own:
                yield own

    def _addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Every address of `host`. Raises EgressRefused if even one of them is not allowed."""
        addresses = self._lookups.addresses(host, port, seconds)
        for address in addresses:
            if not self._allowed(address):
                raise EgressRefused("points to an address that is not public")
        return addresses

    def _allowed(self, address: str) -> bool:
        return (self._loopback and address in ("127.0.0.1", "::1")) or is_public(ipaddress.ip_address(address))

    def _dial(self, attempt: Attempt, host: str, port: int) -> socket.socket:
        """A socket to the first checked address that answers; each gets an equal share of the time left."""
        addresses = self._addresses(host, port, attempt.left())[:MAX_TRIED_ADDRESSES]
        refused: OSError | None = None
        for tried, address in enumerate(addresses):
            seconds = min(CONNECT_SECONDS, attempt.left() / (len(addresses) - tried))
            try:
                line = socket.create_connection((address, port), seconds)
            except OSError as error:
                refused = error
                continue
            line.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )  # headers and body are two writes, and the second must not wait for an ACK
            line.settimeout(attempt.left())
            return line
        raise NotSent(type(refused).__name__) from refused


def _request(made: PoolManager, call: Call, attempt: Attempt) -> BaseHTTPResponse:
    """Send the request and read the head of the answer. Raises EgressRefused, NotSent or NoAnswer."""
    headers = HTTPHeaderDict(_DEFAULT_HEADERS)
    headers.update(call.headers)
    try:
        with attempt.current():
            response = made.urlopen(
                call.method,
                call.url,
                body=call.body or None,
                headers=headers,
                timeout=Timeout(connect=call.timeout, read=min(call.timeout, SILENCE_SECONDS)),
                retries=False,
                redirect=False,
                preload_content=False,
            )
    except (EgressRefused, NotSent):
        raise
    except Exception as error:
        raise (NoAnswer if attempt.sent else NotSent)(_reason(error, attempt)) from error
    if response.status < 200 or attempt.cut:
        _release(response)
        raise NoAnswer(TOO_SLOW if attempt.cut else "the answer is an interim one")
    return response


def _reason(error: Exception, attempt: Attempt) -> str:
    return TOO_SLOW if attempt.cut else type(error).__name__


def _release(response: BaseHTTPResponse) -> None:
    """Close the connection, unless the answer was read to its end: then it is back in the pool already."""
    with suppress(OSError):
        response.close()


def _chunks(response: BaseHTTPResponse, chunk: int, attempt: Attempt) -> Iterator[bytes]:
    """The body to its end. Raises NoAnswer where it cannot be read or was cut off, which may look like an end."""
    pieces = response.stream(chunk, decode_content=True)
    while True:
        try:
            piece = next(pieces, None)
        except Exception as error:
            raise NoAnswer(_reason(error, attempt)) from error
        if attempt.cut:
            raise NoAnswer(TOO_SLOW)
        if piece is None:
            return
        yield piece


def _read(chunks: Iterator[bytes], most: int) -> bytes:
    """A body of at most so many bytes. Raises NoAnswer for more."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise NoAnswer("the answer is too large")
    return bytes(body)
