"""Which URLs and IP addresses we connect to when a client or upstream names them."""

from __future__ import annotations

import ipaddress

from urllib3.util import parse_url

from relay.effects.outbound.errors import EgressRefused
from relay.nouns.urls import split_url

# Of IPv6 only global unicast is allowed, without its ranges for tunnels, tests and documentation. This excludes every
# form that embeds an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64, ISATAP).
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
_IPV6_CARVED = [
    ipaddress.ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
]
# Special IPv4 ranges that `is_global` does not exclude.
_IPV4_DENIED = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24")
]


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is an ordinary unicast address of the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        return address in _IPV6_PUBLIC and not any(address in net for net in _IPV6_CARVED)
    return address.is_global and not address.is_multicast and not any(address in net for net in _IPV4_DENIED)


def parse_target(url: str, *, loopback: bool) -> tuple[str, int]:
    """Host and port of a URL of an accepted form. Raises EgressRefused. `loopback` also accepts http and any port."""
    try:
        parts = split_url(url)
        parse_url(url)  # refuse here what the HTTP library could not parse later
    except ValueError as error:
        raise EgressRefused("is not a URL") from error
    port = parts.port
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise EgressRefused("must be an https URL")
    if "@" in parts.netloc:
        raise EgressRefused("must not hold credentials")
    if loopback:
        return parts.hostname, port or (443 if parts.scheme == "https" else 80)
    if parts.scheme != "https":
        raise EgressRefused("must be an https URL")
    if port is not None and port != 443 and port < 1024:
        raise EgressRefused("names a port that is not for https")
    return parts.hostname, port or 443
