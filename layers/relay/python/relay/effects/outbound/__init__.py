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

from urllib3 import BaseHTTPResponse, PoolManager

from relay.effects.outbound import answers
from relay.effects.outbound.addresses import is_public, parse_target
from relay.effects.outbound.connections import Attempt, pools
from relay.effects.outbound.errors import EgressRefused, NoAnswer, NotSent
from relay.effects.outbound.lookups import Lookups, Resolve, resolve
from relay.nouns.wire import Answer, Call

__all__ = ["EgressRefused", "Incoming", "NoAnswer", "NotSent", "Outbound", "resolve"]

CHECK_SECONDS = 3.0  # to look up a host name in a client's request
CONNECT_SECONDS = 5.0  # to connect to one address
MAX_TRIED_ADDRESSES = 3  # of one host name
SILENCE_SECONDS = 60.0  # between two bytes of an answer that is read as it comes
KEEPALIVE_SECONDS = 60  # of silence, after which the connection is probed
CHUNK = 1 << 18  # bytes


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
            self.addresses(host, port, seconds)

    def send(self, call: Call) -> Answer:
        """Make one request, following no redirect. Raises EgressRefused, NotSent or NoAnswer.

        `call.timeout` (seconds) covers look-up, connection, handshake and answer. A call that is not `repeatable` gets
        a new connection: that a kept one was closed may show only after we wrote to it, and then it is unknown what
        the other side received.
        """
        with self._pool_for(call) as made, self._exchange(made, call, call.timeout) as (response, attempt):
            body = answers.read(answers.chunks(response, CHUNK, attempt), call.largest_answer)
            return Answer(response.status, body, _headers(response))

    @contextmanager
    def open(self, call: Call, chunk: int = CHUNK) -> Iterator[Incoming]:
        """Like `send`, for an answer of any size, read inside the context; reading may raise NoAnswer as well.

        It comes in pieces of at most `chunk` bytes; nothing is read ahead.
        """
        with pools() as made, self._exchange(made, call, SILENCE_SECONDS) as (response, attempt):
            yield Incoming(response.status, _headers(response), answers.chunks(response, chunk, attempt))

    @contextmanager
    def stream(self, call: Call) -> Iterator[Incoming]:
        """Like `open`, for an answer that is written while we read: each piece comes when it arrives.

        At most `call.largest_answer` bytes are read in all.
        """
        with pools() as made, self._exchange(made, call, SILENCE_SECONDS) as (response, attempt):
            pieces = answers.arriving(response, CHUNK, call.largest_answer, attempt)
            yield Incoming(response.status, _headers(response), pieces)

    @contextmanager
    def _exchange(self, made: PoolManager, call: Call, silence: float) -> Iterator[tuple[BaseHTTPResponse, Attempt]]:
        parse_target(call.url, loopback=self._loopback)
        with Attempt(call.timeout, self._dial) as attempt:
            response = answers.request(made, call, attempt, silence)
            try:
                yield response, attempt
            finally:
                answers.release(response)

    @contextmanager
    def _pool_for(self, call: Call) -> Iterator[PoolManager]:
        if call.repeatable:
            yield self._shared_pool
        else:
            with pools() as own:
                yield own

    def target(self, url: str) -> str:
        """The host of a URL of an accepted form. Raises EgressRefused."""
        return parse_target(url, loopback=self._loopback)[0]

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Every address of `host`. Raises EgressRefused if even one of them is not allowed, NotSent."""
        addresses = self._lookups.addresses(host, port, seconds)
        for address in addresses:
            self.allow(address)
        return addresses

    def allow(self, address: str) -> None:
        """Raises EgressRefused for an address we do not connect to."""
        loopback = self._loopback and address in ("127.0.0.1", "::1")
        if not loopback and not is_public(ipaddress.ip_address(address)):
            raise EgressRefused("points to an address that is not public")

    def _dial(self, attempt: Attempt, host: str, port: int) -> socket.socket:
        """A socket to the first checked address that answers; each gets an equal share of the time left."""
        addresses = self.addresses(host, port, attempt.left())[:MAX_TRIED_ADDRESSES]
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
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            # an upstream may think for minutes, and a NAT gateway forgets a connection that is silent for six
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
            line.settimeout(attempt.left())
            return line
        raise NotSent(type(refused).__name__) from refused


def _headers(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.itermerged()}
