"""The routes of the system group."""

from __future__ import annotations

from functools import partial

from relay.families.dialect import AnyRoute, Auth, Route, no_body
from relay.families.newapi.system import read, write
from relay.families.newapi.system.words import TOKENS, USAGE, USERS, write_refusal
from relay.families.uses import (
    ADD_KEY_UNISSUED,
    CHANGE_KEY,
    ISSUE_KEY,
    KEY,
    KEY_PAGE,
    OWN_KEY,
    OWN_MODELS,
    PROFILE,
    REVOKE_KEY,
)

_OWNERS = partial(Route, auth=Auth.SESSION, error=write_refusal)
_TOKEN = f"{TOKENS}/{{id}}"

ROUTES: tuple[AnyRoute, ...] = (
    _OWNERS("GET", f"{USERS}/self", PROFILE, no_body, write.write_self),
    _OWNERS("GET", f"{USERS}/models", OWN_MODELS, no_body, write.write_models),
    _OWNERS("GET", f"{TOKENS}/search", KEY_PAGE, read.read_search, write.write_page, when=read.wants_page),
    _OWNERS("GET", f"{TOKENS}/search", KEY_PAGE, read.read_search, write.write_search),
    _OWNERS("POST", f"{_TOKEN}/key", ISSUE_KEY, read.read_id, write.write_key),
    *(
        route
        for slash in ("", "/")  # clients send either
        for route in (
            _OWNERS("GET", TOKENS + slash, KEY_PAGE, read.read_page, write.write_page),
            _OWNERS("POST", TOKENS + slash, ADD_KEY_UNISSUED, read.read_token, write.write_added),
            _OWNERS("PUT", TOKENS + slash, CHANGE_KEY, read.read_change, write.write_token),
            _OWNERS("GET", _TOKEN + slash, KEY, read.read_id, write.write_token),
            _OWNERS("DELETE", _TOKEN + slash, REVOKE_KEY, read.read_id, write.write_removed),
            Route("GET", f"{USAGE}/token{slash}", OWN_KEY, no_body, write.write_usage, error=write_refusal),
        )
    ),
)
