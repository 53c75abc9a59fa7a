"""The only module that opens a connection to an address somebody else chose, and the rules for which it may.

A name is resolved once, inside the making of the connection; every address it gives is judged, and the one that
was judged is the one connected to. There is no second look-up for a hostile name server to answer differently.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from relay.outbound.addresses import EgressRefused, public, target
from relay.outbound.connections import Adapter, hung_up_after, not_connected
from relay.wire import Answer, Call

__all__ = ["EgressRefused", "Incoming", "NoAnswer", "NotSent", "Outbound", "resolve"]

MAX_ANSWER = 1 << 20  # bytes of an answer we read: statuses and acknowledgements, never media
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0  # between two bytes of a long answer
CHUNK = 1 << 18

Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer that is still arriving: `chunks` can be read once. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class NotSent(Exception):
    """No connection came about: the other side has seen nothing of this request."""


class NoAnswer(Exception):
    """The request left, and no whole answer came back: the other side may or may not have acted on it."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OSError."""
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError as error:  # a label that is empty or too long fails before any name server is asked
        raise OSError("not a host name") from error


class Outbound:
    """`egress` is "public", or "loopback": then http to this machine is allowed as well, and nothing else is more.

    `resolve` exists so that tests can be a name server.
    """

    def __init__(self, egress: str, resolve: Resolve = resolve) -> None:
        self._loopback = egress == "loopback"
        self._resolve = resolve
        self._kept = self._session()

    def check(self, url: str) -> None:
        """Raise EgressRefused unless we would connect to `url` as its name resolves now."""
        host, port = target(url, loopback=self._loopback)
        try:
            self._addresses(host, port)
        except OSError as error:
            raise EgressRefused("names a host that does not resolve") from error

    def send(self, call: Call) -> Answer:
        """Make one request, following no redirect. Raises EgressRefused, NotSent or NoAnswer.

        `call.timeout` bounds the whole answer. A call that is not `repeatable` gets a connection of its own: a kept
        one may turn out closed only after we wrote to it, and then nobody knows what the other side saw.
        """
        with self._kept_or_own(call) as session, self._opened(session, call) as incoming:
            return Answer(incoming.status, _read(incoming.chunks), incoming.headers)

    @contextmanager
    def open(self, call: Call, chunk: int = CHUNK) -> Iterator[Incoming]:
        """Like `send`, for an answer of any size, read while the context lasts; reading may raise NoAnswer too.

        It comes in pieces of at most `chunk` bytes, and no more is taken off the line than is asked for.
        """
        with self._session() as session, self._opened(session, call, chunk) as incoming:
            yield incoming

    @contextmanager
    def _opened(self, session: requests.Session, call: Call, chunk: int = CHUNK) -> Iterator[Incoming]:
        target(call.url, loopback=self._loopback)
        with (
            hung_up_after(call.timeout) as hung_up,
            _in_our_words(),
            session.request(
                call.method,
                call.url,
                data=call.body or None,
                headers=dict(call.headers),
                timeout=(min(CONNECT_SECONDS, call.timeout), min(call.timeout, SILENCE_SECONDS)),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            headers = {name.lower(): value for name, value in response.headers.items()}
            yield Incoming(response.status_code, headers, _chunks(response, chunk, hung_up))

    @contextmanager
    def _kept_or_own(self, call: Call) -> Iterator[requests.Session]:
        if call.repeatable:
            yield self._kept
        else:
            with self._session() as session:
                yield session

    def _addresses(self, host: str, port: int) -> list[str]:
        """Every address of `host`, all of them allowed: one bad one among them condemns the name."""
        addresses = self._resolve(host, port)
        if not addresses:
            raise OSError("the name has no address")
        for address in addresses:
            if not self._allowed(address):
                raise EgressRefused("points to an address that is not public")
        return addresses

    def _allowed(self, address: str) -> bool:
        return (self._loopback and address in ("127.0.0.1", "::1")) or public(ipaddress.ip_address(address))

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # a proxy or a .netrc would answer for addresses we have judged
        session.mount("https://", Adapter(self._connect))
        session.mount("http://", Adapter(self._connect))
        return session

    def _connect(self, host: str, port: int, timeout: Any) -> socket.socket:  # noqa: ANN401 - urllib3's own type
        """A socket to the first of the judged addresses that answers."""
        addresses = self._addresses(host, port)
        for address in addresses[:-1]:
            try:
                return socket.create_connection((address, port), timeout)
            except OSError:
                continue
        return socket.create_connection((addresses[-1], port), timeout)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """The library's errors as what they mean for the caller: never left, or left and never answered."""
    try:
        yield
    except requests.exceptions.InvalidURL as error:
        raise EgressRefused("is not a URL") from error
    except requests.exceptions.InvalidHeader as error:
        raise NotSent(type(error).__name__) from error
    except (requests.exceptions.RequestException, HTTPError) as error:
        if reason := not_connected(error):
            refused = reason.__cause__
            raise refused if isinstance(refused, EgressRefused) else NotSent(type(error).__name__) from error
        raise NoAnswer(type(error).__name__) from error


def _chunks(response: requests.Response, chunk: int, hung_up: threading.Event) -> Iterator[bytes]:
    """The body to its very end; NoAnswer where it was cut off, which may look like an end."""
    yield from response.iter_content(chunk)
    if hung_up.is_set():
        raise NoAnswer("the answer is too slow")


def _read(chunks: Iterator[bytes]) -> bytes:
    """A body of at most MAX_ANSWER bytes. Raises NoAnswer for more."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_ANSWER:
            raise NoAnswer("the answer is too large")
    return bytes(body)
