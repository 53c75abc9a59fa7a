"""Where we go by somebody else's word: the table of what is refused, and what is allowed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import pytest

from relay.effects.outbound import EgressRefused, NotSent, Outbound, resolve
from relay.nouns.wire import Call
from tests.axes import table

GOOD = "93.184.216.34"

HOSTILE_ADDRESSES = [
    *("127.0.0.1", "127.0.0.53", "127.255.255.254", "0.0.0.0", "0.1.2.3"),  # this machine, this network
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254"),  # private
    *("169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200"),  # metadata and link-local
    *("100.64.0.1", "100.127.255.254"),  # carrier NAT
    *("192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.254"),  # documents and benchmarks
    *("192.0.0.1", "192.0.0.170", "192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.1"),  # special purpose
    *("224.0.0.1", "239.255.255.250", "233.252.0.1", "240.0.0.1", "255.255.255.255"),  # multicast, reserved, broadcast
    *("::", "::1", "::127.0.0.1", "::a9fe:a9fe", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"),
    *("::ffff:0:127.0.0.1", f"::ffff:{GOOD}", f"::{GOOD}"),  # translated, mapped and compatible forms, good ones too
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "64:ff9b::5db8:d822"),  # NAT64
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:0a00:0001::"),  # 6to4
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:2::1"),  # Teredo and ORCHID
    *("2001:db8::1", "3fff::1", "3fff:fff::1", "2620:4f:8000::1", "100::1", "5f00::1"),  # documents, discard, SRv6
    *("fe80::1", "fe80::1%eth0", "fe80::5efe:7f00:1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1"),
    *("ff02::1", "ff05::1:3", "ff0e::1", "4000::1", "e000::1"),
]

# Hosts as clients may write them, each with what a resolver makes of it.
DISGUISED = {
    "2130706433": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "0177.0.0.1": "127.0.0.1",
    "017700000001": "127.0.0.1",
    "127.1": "127.0.0.1",
    "0": "0.0.0.0",
    "2852039166": "169.254.169.254",
    "0xa9fea9fe": "169.254.169.254",
    "0251.0376.0251.0376": "169.254.169.254",
    "localhost": "::1",
    "localhost.": "127.0.0.1",
    "169.254.169.254.nip.example": "169.254.169.254",
    "metadata.google.internal": "169.254.169.254",
    "[::ffff:169.254.169.254]": "::ffff:169.254.169.254",
    "[::1]": "::1",
    "rebound.example": "192.168.1.1",
}

HOSTILE_URLS = [
    *(
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
    ),
    *("//example.com/", "example.com", "", " ", "https://", "https:///path", "https:example.com", "https:/example.com"),
    *(
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://:word@example.com/",
        "https://@example.com",
    ),
    *("https://example.com\\@evil.example/", "https:\\\\example.com", "https://example.com/\\..", "\\\\example.com"),
    *("https://exa\tmple.com/", "https://example.com/\r\nX: y", "https://example.com/\x00", "https://exa mple.com/"),
    *(" https://example.com/", "https://example.com/\x7f", "https://example.com/\u2028", "https://exam\u00adple.com/"),
    *("https://example.com:22/", "https://example.com:25/", "https://example.com:80/", "https://example.com:1023/"),
    *("https://example.com:0/", "https://example.com:65536/", "https://example.com:-1/", "https://example.com:x/"),
    *("https://[::1/", "https://[not-an-address]/", "https://[fe80::1%25eth0]:22/"),
    *("https://①②⑦.⓪.⓪.①/", "https://a%zz.example/", "https://" + "é" * 60 + ".example/"),  # no host to the library
]


def answering(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(addresses)


def allowed(outbound: Outbound, url: str, why: str = "") -> bool:
    """Whether a URL is not refused, or refused for another reason than this one."""
    try:
        outbound.check(url)
    except EgressRefused as refusal:
        return why not in str(refusal)
    return True


def test_a_name_that_points_inside_is_refused() -> None:
    rules = {address: Outbound("public", answering(address)) for address in HOSTILE_ADDRESSES}
    assert [one for one in rules if allowed(rules[one], "https://example.com/hook", "not public")] == []


@table("address", ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
@table("first", [True, False], ids=["first", "last"])
def test_one_bad_address_condemns_the_whole_name(address: str, first: bool) -> None:
    answers = (address, GOOD) if first else (GOOD, "8.8.8.8", address)

    with pytest.raises(EgressRefused, match="not public"):
        Outbound("public", answering(*answers)).check("https://example.com/hook")


@table("host, address", DISGUISED.items())
def test_a_disguised_host_is_judged_by_what_it_resolves_to(host: str, address: str) -> None:
    asked: list[str] = []

    def names(name: str, port: int) -> list[str]:
        asked.append(name)
        return [address]

    with pytest.raises(EgressRefused, match="not public"):
        Outbound("public", names).check(f"https://{host}/hook")
    assert asked == [host.strip("[]")]


def test_a_url_of_bad_form_is_refused_before_its_name_is_looked_up() -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"looked up {host}")

    assert [url for url in HOSTILE_URLS if allowed(Outbound("public", never), url)] == []


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example.com"])
def test_a_name_nobody_could_look_up_does_not_resolve(host: str) -> None:
    with pytest.raises(EgressRefused, match="does not resolve"):
        Outbound("public", resolve).check(f"https://{host}/hook")


def failing(error: Exception) -> Callable[[str, int], list[str]]:
    def resolve(host: str, port: int) -> list[str]:
        raise error

    return resolve


@pytest.mark.parametrize("why", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_is_not_there_does_not_resolve(why: int) -> None:
    with pytest.raises(EgressRefused, match="does not resolve"):
        Outbound("public", failing(socket.gaierror(why, "?"))).check("https://example.com/hook")


@table(
    "error",
    [
        *(socket.gaierror(why, "?") for why in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM)),
        TimeoutError(),
        OSError("no network"),
    ],
)
def test_a_name_server_in_trouble_is_not_held_against_a_url(error: OSError) -> None:
    outbound = Outbound("public", failing(error))
    outbound.check("https://example.com/hook")

    with pytest.raises(NotSent):
        outbound.send(Call("GET", "https://example.com/hook"))


def test_a_url_of_bad_form_is_refused_while_the_name_server_is_in_trouble() -> None:
    with pytest.raises(EgressRefused):
        Outbound("public", failing(TimeoutError())).check("http://example.com/hook")


def test_a_name_without_an_address_does_not_resolve() -> None:
    with pytest.raises(EgressRefused, match="does not resolve"):
        Outbound("public", answering()).check("https://example.com/hook")


ORDINARY_ADDRESSES = [
    *(GOOD, "8.8.8.8", "1.1.1.1", "9.9.9.9", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"),
    *("192.167.1.1", "11.0.0.1", "126.255.255.255", "128.0.0.1", "169.253.1.1", "223.255.255.254", "198.17.0.1"),
    *("198.20.0.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888"),
    "2400:cb00::1",
]
ORDINARY_URLS = [
    *("https://example.com", "https://example.com/", "HTTPS://Example.COM/Hook?x=1&y=%20#z", "https://example.com."),
    *("https://example.com:443/", "https://example.com:8443/", "https://例子.example/", "https://a-b.c_d.example/"),
    *("https://example.com/a@b", "https://example.com/%5C", "https://93.184.216.34/hook"),
]


def test_an_ordinary_address_is_allowed() -> None:
    rules = {address: Outbound("public", answering(address)) for address in ORDINARY_ADDRESSES}
    assert [one for one in rules if not allowed(rules[one], "https://example.com/hook")] == []


def test_an_ordinary_url_is_allowed() -> None:
    assert [url for url in ORDINARY_URLS if not allowed(Outbound("public", answering(GOOD)), url)] == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/hook", "https://example.com/", "http://localhost/"])
def test_the_local_stack_may_reach_this_machine(url: str) -> None:
    Outbound("loopback", answering("127.0.0.1" if "example" not in url else GOOD)).check(url)


def test_the_local_stack_reaches_nothing_else_inside() -> None:
    rules = {address: Outbound("loopback", answering(address)) for address in HOSTILE_ADDRESSES}
    assert {one for one in rules if allowed(rules[one], "http://example.com/hook")} == {"127.0.0.1", "::1"}


def test_the_table_of_hostile_addresses_is_a_large_one() -> None:
    assert len({ipaddress.ip_address(address) for address in HOSTILE_ADDRESSES}) >= 60
