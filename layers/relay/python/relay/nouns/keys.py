"""API keys: what one may do, and what its account knows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class KeyStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"  # by its owner, who may enable it again
    REVOKED = "revoked"  # for ever


class KeyKind(StrEnum):
    API = "api"  # asks for what is sold
    ACCESS = "access"  # an access token, which manages its account and asks for nothing that is sold


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key may do: in these dialects, with these models (the catalog's names), where an empty tuple allows all.

    `read_only`: it asks, and neither creates nor changes. `per_minute` bounds its creations and model calls, beneath
    what its tier allows; 0 sets no bound. `expires_at` is Unix ms; 0 is never.
    """

    dialects: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    read_only: bool = False
    per_minute: int = 0
    expires_at: int = 0

    def expired(self, now: int) -> bool:
        """`now` is Unix ms."""
        return bool(self.expires_at) and now >= self.expires_at


UNLIMITED = KeyTerms()


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A key that is asked for. `budget` is nanos it may spend in all; None: whatever its account has. `tier` is the
    name of the one it is to be served in, where that is said: it must be its account's. `fields` are the client's words
    for what it calls otherwise than we do."""

    name: str
    terms: KeyTerms = UNLIMITED
    budget: int | None = None
    tier: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as its account lists it. Instants are Unix ms, 0 where that has not happened or is not known.

    `prefix` is its beginning, which may be shown again; empty before the key was issued. `used` is nanos spent or
    reserved, `left` nanos it may still spend; None: whatever its account has. `last_used_at` is a minute late at most.
    """

    key_id: str
    name: str
    prefix: str
    status: KeyStatus
    created_at: int
    revoked_at: int = 0
    last_used_at: int = 0
    kind: KeyKind = KeyKind.API
    terms: KeyTerms = UNLIMITED
    used: int = 0
    left: int | None = None
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment when it can be shown; empty where it is issued later, when it is first asked for."""

    api_key: str
    listed: ListedKey


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What of a key is to become otherwise: `change` makes what it is to be of what it is. The rest: see KeyRequest."""

    key_id: str
    change: Callable[[ListedKey], ListedKey]
    tier: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyListing:
    """Which of an account's keys are asked for: a page of those that are not revoked, newest first, whose name has
    `named` in it, and that are `api_key` or begin with it."""

    page: int = 1
    page_size: int = 100
    named: str = ""
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class KeyPage:
    """What was found of a listing; `total` counts the keys of all its pages."""

    asked: KeyListing
    keys: Sequence[ListedKey]
    total: int
