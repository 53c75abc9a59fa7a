"""Developers: people who open an account by themselves, and how they show who they are."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a developer logs in with, as it was sent."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registration:
    """Who wants an account."""

    credentials: Credentials
    name: str
    company: str = ""


@dataclass(frozen=True, slots=True)
class Developer:
    """A developer and the account that is theirs. `email` is its identity: in ASCII and lower case. `created_at` is
    Unix ms, `plan` the id of a plan."""

    account_id: str
    email: str
    name: str
    company: str
    created_at: int
    status: str
    plan: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What stands for a developer from now on: `access_token` for `seconds`, `refresh_token` once, for a new pair."""

    developer: Developer
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    seconds: int
