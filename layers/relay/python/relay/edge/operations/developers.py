"""Registering, logging in and staying logged in; what is left of the month, and what each key did."""

from __future__ import annotations

from relay.edge.operations import Ask, Operations, serve
from relay.effects.passwords import Passwords
from relay.families.uses import KEY_USAGE, LOGIN, LOGOUT, QUOTA, REFRESH, REGISTER
from relay.flow import sessions, usage
from relay.nouns.developer import Credentials, Developer, LoggedIn, Registration
from relay.nouns.usage import KeyUsage, Quota, UsageAsked

PASSWORDS = Passwords()  # while Lambda initialises: it makes a hash


def register(ask: Ask[Registration]) -> Developer:
    return sessions.register(ask.services, PASSWORDS, ask.read(), ask.inbound.source)


def login(ask: Ask[Credentials]) -> LoggedIn:
    return sessions.login(ask.services, PASSWORDS, ask.read(), ask.inbound.source)


def refresh(ask: Ask[str]) -> LoggedIn:
    return sessions.refresh(ask.services, ask.read())


def logout(ask: Ask[str]) -> None:
    return sessions.logout(ask.services, ask.read())


def quota(ask: Ask[None]) -> Quota:
    return usage.quota(ask.services, ask.caller)


def key_usage(ask: Ask[UsageAsked]) -> KeyUsage:
    return usage.usage(ask.services, ask.caller, ask.read())


OPERATIONS: Operations = dict(
    [
        *(serve(REGISTER, register), serve(LOGIN, login), serve(REFRESH, refresh), serve(LOGOUT, logout)),
        *(serve(QUOTA, quota), serve(KEY_USAGE, key_usage)),
    ]
)
