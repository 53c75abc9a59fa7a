"""Four frozen HTTP values shared by both edges: what clients send us and get, what we send upstreams and get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Json = Any  # a decoded JSON document; translators narrow it where they touch it
JSON = "application/json"
MAX_ANSWER = 1 << 20  # bytes of an answer we read: statuses and acknowledgements; media is read as it comes


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # json.dumps makes one at each call


def compact(document: Json) -> bytes:
    """Compact UTF-8 JSON; equal documents give equal bytes, which signed callbacks rely on."""
    try:
        return _ENCODER.encode(document).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can say
        return json.dumps(document, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Call:
    """A request we are about to send. `timeout` is seconds for all of it, from the name's look-up to the last byte.

    `repeatable`: sending it twice does no harm, so it may travel on a kept connection. A longer answer than
    `largest_answer` bytes is not read.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 30.0
    repeatable: bool = False
    largest_answer: int = MAX_ANSWER

    @classmethod
    def json(cls, method: str, url: str, document: Json, headers: Mapping[str, str] = MappingProxyType({})) -> Call:
        return cls(method, url, {**headers, "content-type": JSON}, compact(document))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream or a callback receiver said. Header names are lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request that reached one of our endpoints. Header names are lower case; `params` are path parameters, `source`
    is the address it came from, empty where that is not known."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What we say to a client: any status, any bytes. Without a body there is no content type to say."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, document: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        return cls(status, compact(document), JSON, headers or {})

    @classmethod
    def see(cls, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """What was asked for lies at `url`, this time; ask here again the next."""
        return cls(302, headers={"location": url, **(headers or {})})
