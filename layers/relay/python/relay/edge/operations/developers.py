"""Registering, logging in and staying logged in; an account for its owner: its keys, and what is left."""

from __future__ import annotations

from collections.abc import Sequence

from relay.edge.operations import Ask, Operations, serve
from relay.effects.passwords import Passwords
from relay.families.uses import (
    ADD_KEY,
    ADD_KEY_UNISSUED,
    CHANGE_KEY,
    ISSUE_KEY,
    KEY,
    KEY_PAGE,
    KEY_USAGE,
    KEYS,
    LOGIN,
    LOGOUT,
    OWN_KEY,
    OWN_MODELS,
    PROFILE,
    QUOTA,
    REFRESH,
    REGISTER,
    REVOKE_KEY,
)
from relay.flow import menu, own_keys, sessions, statement, usage
from relay.nouns.account import Profile
from relay.nouns.catalog import Listed
from relay.nouns.developer import Credentials, Developer, LoggedIn, Registration
from relay.nouns.keys import KeyChange, KeyListing, KeyPage, KeyRequest, ListedKey, NewKey
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


def add_key(ask: Ask[KeyRequest]) -> NewKey:
    return own_keys.add(ask.services, ask.caller, ask.read())


def add_key_unissued(ask: Ask[KeyRequest]) -> NewKey:
    return own_keys.add(ask.services, ask.caller, ask.read(), issued=False)


def issue_key(ask: Ask[str]) -> str:
    return own_keys.issue(ask.services, ask.caller, ask.read())


def keys(ask: Ask[None]) -> Sequence[ListedKey]:
    return own_keys.keys(ask.services, ask.caller)


def key_page(ask: Ask[KeyListing]) -> KeyPage:
    return own_keys.page(ask.services, ask.caller, ask.read())


def key(ask: Ask[str]) -> ListedKey:
    return own_keys.key(ask.services, ask.caller, ask.read())


def own_key(ask: Ask[None]) -> ListedKey:
    return own_keys.key(ask.services, ask.caller, ask.caller.key_id)


def change_key(ask: Ask[KeyChange]) -> ListedKey:
    return own_keys.change(ask.services, ask.caller, ask.read())


def revoke_key(ask: Ask[str]) -> ListedKey:
    return own_keys.revoke(ask.services, ask.caller, ask.read())


def own_models(ask: Ask[None]) -> Sequence[Listed]:
    return menu.models(ask.services, ask.caller, None)


def profile(ask: Ask[None]) -> Profile:
    return statement.profile(ask.services, ask.caller)


OPERATIONS: Operations = dict(
    [
        *(serve(REGISTER, register), serve(LOGIN, login), serve(REFRESH, refresh), serve(LOGOUT, logout)),
        *(serve(QUOTA, quota), serve(KEY_USAGE, key_usage)),
        *(serve(ADD_KEY, add_key), serve(ADD_KEY_UNISSUED, add_key_unissued), serve(ISSUE_KEY, issue_key)),
        *(serve(KEYS, keys), serve(KEY_PAGE, key_page), serve(KEY, key), serve(OWN_KEY, own_key)),
        *(serve(CHANGE_KEY, change_key), serve(REVOKE_KEY, revoke_key)),
        *(serve(PROFILE, profile), serve(OWN_MODELS, own_models)),
    ]
)
