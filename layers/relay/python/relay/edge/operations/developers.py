"""Registering, logging in and staying logged in."""

from __future__ import annotations

from relay.edge.operations import Ask, Operations, serve
from relay.effects.passwords import Passwords
from relay.families.uses import LOGIN, LOGOUT, REFRESH, REGISTER
from relay.flow import sessions
from relay.nouns.developer import Credentials, Developer, LoggedIn, Registration

PASSWORDS = Passwords()  # while Lambda initialises: it makes a hash


def register(ask: Ask[Registration]) -> Developer:
    return sessions.register(ask.services, PASSWORDS, ask.read(), ask.inbound.source)


def login(ask: Ask[Credentials]) -> LoggedIn:
    return sessions.login(ask.services, PASSWORDS, ask.read(), ask.inbound.source)


def refresh(ask: Ask[str]) -> LoggedIn:
    return sessions.refresh(ask.services, ask.read())


def logout(ask: Ask[str]) -> None:
    return sessions.logout(ask.services, ask.read())


OPERATIONS: Operations = dict(
    [serve(REGISTER, register), serve(LOGIN, login), serve(REFRESH, refresh), serve(LOGOUT, logout)]
)
