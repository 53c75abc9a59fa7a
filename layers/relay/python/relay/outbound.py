"""The only module that opens a connection to an address somebody else chose, and the rules for which it may.

A name is resolved once, inside the making of the connection; every address it gives is judged, and the one that
was judged is the one connected to. There is no second look-up for a hostile name server to answer differently.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

from relay.wire import Answer, Call

MAX_ANSWER = 1 << 20  # bytes of an answer we read: statuses and acknowledgements, never media
CONNECT_SECONDS = 5.0
POOL = 32  # connections kept to one host; the poll desk asks from that many threads

# Of IPv6 only global unicast is let through, without what is carved out of it for tunnels, tests and documents;
# so every form that embeds an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64, ISATAP) falls by itself.
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
_IPV6_CARVED = [
    ipaddress.ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
]
# `is_global` knows most of IPv4's special ranges; these are the ones it lets pass.
_IPV4_DENIED = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24")
]

Resolve = Callable[[str, int], list[str]]


class EgressRefused(ValueError):
    """We do not go there; the message says why, in words fit for the caller."""


class NotSent(Exception):
    """No connection came about: the other side has seen nothing of this request."""


class NoAnswer(Exception):
    """The request left, and no whole answer came back: the other side may or may not have acted on it."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OSError."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


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
        host, port = self._target(url)
        try:
            self._addresses(host, port)
        except OSError as error:
            raise EgressRefused("names a host that does not resolve") from error

    def send(self, call: Call) -> Answer:
        """Make one request, following no redirect. Raises EgressRefused, NotSent or NoAnswer.

        `call.timeout` bounds the whole answer. A call that is not `repeatable` gets a connection of its own: a kept
        one may turn out closed only after we wrote to it, and then nobody knows what the other side saw.
        """
        self._target(call.url)
        if call.repeatable:
            return self._send(self._kept, call)
        with self._session() as session:
            return self._send(session, call)

    def _send(self, session: requests.Session, call: Call) -> Answer:
        until = time.monotonic() + call.timeout
        try:
            with session.request(
                call.method,
                call.url,
                data=call.body or None,
                headers=dict(call.headers),
                timeout=(min(CONNECT_SECONDS, call.timeout), call.timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, _read(response, until), headers)
        except requests.exceptions.InvalidURL as error:
            raise EgressRefused("is not a URL") from error
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise NotSent(type(error).__name__) from error
        except (requests.exceptions.RequestException, HTTPError) as error:
            if _not_connected(error):
                raise NotSent(type(error).__name__) from error
            raise NoAnswer(type(error).__name__) from error

    def _target(self, url: str) -> tuple[str, int]:
        """Host and port of a URL whose form we accept. Raises EgressRefused."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise EgressRefused("is not a URL") from error
        if parts.scheme not in ("https", "http") or not parts.hostname or "\\" in url:
            raise EgressRefused("must be an https URL")
        if parts.username is not None or parts.password is not None:
            raise EgressRefused("must not hold credentials")
        if self._loopback:
            return parts.hostname, port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https":
            raise EgressRefused("must be an https URL")
        if port is not None and port != 443 and port < 1024:
            raise EgressRefused("names a port that is not for https")
        return parts.hostname, port or 443

    def _addresses(self, host: str, port: int) -> list[str]:
        """Every address of `host`, all of them allowed: one bad one among them condemns the name."""
        addresses = self._resolve(host, port)
        for address in addresses:
            if not self._allowed(address):
                raise EgressRefused("points to an address that is not public")
        return addresses

    def _allowed(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        if self._loopback and address in ("127.0.0.1", "::1"):
            return True
        return public(parsed)

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # a proxy or a .netrc would answer for addresses we have judged
        session.mount("https://", _Adapter(self._connect))
        session.mount("http://", _Adapter(self._connect))
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


def public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is an ordinary one on the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        return address in _IPV6_PUBLIC and not any(address in net for net in _IPV6_CARVED)
    return address.is_global and not address.is_multicast and not any(address in net for net in _IPV4_DENIED)


Connect = Callable[[str, int, Any], socket.socket]


class _Adapter(HTTPAdapter):
    """An adapter whose connections are made by `connect`; TLS still names and verifies the original host."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        super().__init__(pool_maxsize=POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in the base class
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._connect)


def _pool_classes(connect: Connect) -> dict[str, type[HTTPConnectionPool]]:
    def connected(connection: HTTPConnection) -> socket.socket:
        try:
            return connect(connection.host, connection.port, connection.timeout)
        except (OSError, EgressRefused) as error:
            raise NewConnectionError(connection, str(error)) from error

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connected(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connected(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _not_connected(error: BaseException) -> bool:
    """Whether no connection came about: urllib3 says so deep in the chain of causes and arguments."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return isinstance(reason, NewConnectionError) or isinstance(inner, NewConnectionError)


def _read(response: requests.Response, until: float) -> bytes:
    """The body, within MAX_ANSWER bytes and the call's time. Raises requests' own errors beyond either."""
    body = bytearray()
    for chunk in response.iter_content(1 << 14):
        body += chunk
        if len(body) > MAX_ANSWER or time.monotonic() > until:
            raise requests.exceptions.ContentDecodingError("the answer is too large or too slow")
    return bytes(body)
