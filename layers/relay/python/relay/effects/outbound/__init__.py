"""The only module that opens a connection to an address somebody else chose, and the rules for which it may.

A name is resolved once, inside the making of the connection; every address it gives is judged, and the one that
was judged is the one connected to. There is no second look-up for a hostile name server to answer differently.

Whatever the HTTP library raises leaves here as NotSent or NoAnswer. Which of the two is not read from the exception:
the connection notes when it writes its first byte (`Attempt.sent`).
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

MAX_ANSWER = 1 << 20  # bytes of an answer we read: statuses and acknowledgements, never media
CHECK_SECONDS = 3.0  # for a name in a client's request
CONNECT_SECONDS = 5.0  # for each address
MAX_TRIED_ADDRESSES = 3  # addresses of one name
SILENCE_SECONDS = 60.0  # between two bytes of a long answer
CHUNK = 1 << 18
TOO_SLOW = "the answer is too slow"
_DEFAULT_HEADERS = {"accept": "*/*", "user-agent": "genrelay"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer that is still arriving: `chunks` can be read once. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class Outbound:
    """`egress` is "public", or "loopback": then http to this machine is allowed as well, and nothing else is more.

    `resolve` exists so that tests can be a name server; it raises what getaddrinfo raises.
    """

    def __init__(self, egress: str, resolve: Resolve = resolve) -> None:
        self._loopback = egress == "loopback"
        self._lookups = Lookups(resolve)
        self._shared_pool = pools()

    def check(self, url: str, seconds: float = CHECK_SECONDS) -> None:
        """Raise EgressRefused for a URL we would not connect to: by its form, or as its name resolves now.

        A name that does not resolve within `seconds`, or for the moment, passes: it is judged again when it is used.
        """
        host, port = parse_target(url, loopback=self._loopback)
        with suppress(NotSent):
            self._addresses(host, port, seconds)

    def send(self, call: Call) -> Answer:
        """Make one request, following no redirect. Raises EgressRefused, NotSent or NoAnswer.

        `call.timeout` bounds it all: look-up, connection, handshake and answer. A call that is not `repeatable` gets
        a connection of its own: a kept one may turn out closed only after we wrote to it, and then nobody knows
        what the other side saw.
        """
        with self._pool_for(call) as made, self._exchange(made, call, CHUNK) as incoming:
            return Answer(incoming.status, _read(incoming.chunks), incoming.headers)

    @contextmanager
    def open(self, call: Call, chunk: int = CHUNK) -> Iterator[Incoming]:
        """Like `send`, for an answer of any size, read while the context lasts; reading may raise NoAnswer too.

        It comes in pieces of at most `chunk` bytes, and no more is taken off the line than is asked for.
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
        """Every address of `host`, all of them allowed: one bad one among them condemns the name."""
        addresses = self._lookups.addresses(host, port, seconds)
        for address in addresses:
            if not self._allowed(address):
                raise EgressRefused("points to an address that is not public")
        return addresses

    def _allowed(self, address: str) -> bool:
        return (self._loopback and address in ("127.0.0.1", "::1")) or is_public(ipaddress.ip_address(address))

    def _dial(self, attempt: Attempt, host: str, port: int) -> socket.socket:
        """A socket to the first of the judged addresses that answers; each has its share of the time that is left."""
        addresses = self._addresses(host, port, attempt.left())[:MAX_TRIED_ADDRESSES]
        refused: OSError | None = None
        for tried, address in enumerate(addresses):
            seconds = min(CONNECT_SECONDS, attempt.left() / (len(addresses) - tried))
            try:
                line = socket.create_connection((address, port), seconds)
            except OSError as error:
                refused = error
                continue
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # headers and body are two writes
            line.settimeout(attempt.left())
            return line
        raise NotSent(type(refused).__name__) from refused


def _request(made: PoolManager, call: Call, attempt: Attempt) -> BaseHTTPResponse:
    """The head of the final answer. Raises EgressRefused, NotSent or NoAnswer."""
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
    """What was read to its end has given its connection back already; any other connection is of no more use."""
    with suppress(OSError):
        response.close()


def _chunks(response: BaseHTTPResponse, chunk: int, attempt: Attempt) -> Iterator[bytes]:
    """The body to its very end. Raises NoAnswer where it cannot be read, or was cut off, which may look like an end."""
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


def _read(chunks: Iterator[bytes]) -> bytes:
    """A body of at most MAX_ANSWER bytes. Raises NoAnswer for more."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_ANSWER:
            raise NoAnswer("the answer is too large")
    return bytes(body)
