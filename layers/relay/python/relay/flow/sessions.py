"""Developers register, log in and stay logged in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from hashlib import sha256
from typing import Protocol

from aws_lambda_powertools import Logger

from relay.effects.session_tokens import SECONDS, Claims, SessionTokens
from relay.effects.store.logins import DeveloperRow, EmailTaken, Login, TokenUsed
from relay.effects.store.table import LostRace
from relay.flow.accounts import new_account_id
from relay.flow.plans import free_plan, plan_of
from relay.flow.services import Services
from relay.flow.tries import LOGIN, REGISTER, Tries
from relay.nouns.developer import Credentials, Developer, LoggedIn, Registration
from relay.nouns.emails import identity
from relay.nouns.errors import InvalidParameter
from relay.nouns.plans import Plan
from relay.nouns.session_errors import BadSession, EmailExists, SignUpOff, WrongCredentials

logger = Logger(child=True)

SHORTEST, LONGEST = 8, 1024  # characters, and bytes, of a password
PLACES = 8  # of a developer's latest sources that are remembered
STAYS = 30 * 24 * 3600  # seconds that a session lasts without being renewed
SESSION_KEYS = ("session-key", "session-key-previous")
_REFRESH = re.compile(r"rt-([0-9a-f]{32})([0-9a-f]{64})")


class Hashing(Protocol):
    """How passwords are kept: `relay.effects.passwords.Passwords`."""

    def hash(self, password: str) -> str: ...

    def matches(self, kept: str | None, password: str) -> bool: ...

    def outdated(self, kept: str) -> bool: ...


def register(services: Services, passwords: Hashing, asked: Registration, source: str) -> Developer:
    """Raises SignUpOff, InvalidParameter, RateLimited, EmailExists."""
    if not services.sign_up:
        raise SignUpOff
    email, password = identity(asked.credentials.email), read_password(asked.credentials.password)
    if len(password) < SHORTEST:
        raise InvalidParameter("password", f"must have at least {SHORTEST} characters", f"至少需要 {SHORTEST} 个字符")
    tries = Tries(services, REGISTER, email, source, services.clock() // 1000)
    if not tries.take():
        raise tries.too_many()
    free = free_plan(services.catalog)
    row = DeveloperRow(new_account_id(), email, asked.name, asked.company, services.clock())
    try:
        services.store.logins.register(row, passwords.hash(password), free.tier)
    except EmailTaken as error:
        raise EmailExists from error
    return _developer(row, "active", free)


def login(services: Services, passwords: Hashing, asked: Credentials, source: str) -> LoggedIn:
    """Raises InvalidParameter, RateLimited, WrongCredentials. Who asks learns nothing of who has a login: whether there
    is one, the same rows are read and written, and one hash is made."""
    email, password = identity(asked.email), read_password(asked.password)
    tries = Tries(services, LOGIN, email, source, services.clock() // 1000)
    few, found = tries.take(), services.store.logins.find(email)
    if not few and not (found and tries.place in found.places):  # who logged in from there before is shut out by nobody
        raise tries.too_many()
    if not passwords.matches(found.password if found else None, password) or found is None:
        raise WrongCredentials
    tries.give_back()
    _keep(services, passwords, tries, found, password)
    session, secret = services.random_bits(128), services.random_bits(256)
    account_id, login_id = found.account_id, digest(f"{session:032x}")
    tokens, now = session_tokens(services), services.clock() // 1000
    services.store.logins.begin_session(login_id, account_id, digest(f"{secret:064x}"), now + STAYS)
    return _logged_in(services, tokens, Claims(account_id, login_id), f"rt-{session:032x}{secret:064x}")


def refresh(services: Services, token: str) -> LoggedIn:
    """A new pair of tokens for a refresh token, which is used up by it. Raises BadSession; where the token was used
    before, two have it, so its session ends."""
    found = _REFRESH.fullmatch(token)
    if found is None:
        raise BadSession
    login_id, secret = digest(found[1]), services.random_bits(256)
    tokens, now = session_tokens(services), services.clock() // 1000
    logins = services.store.logins
    try:
        account_id = logins.renew_session(login_id, digest(found[2]), digest(f"{secret:064x}"), now, now + STAYS)
    except TokenUsed as error:
        logins.end_session(login_id)
        services.count("RefreshReused")
        logger.warning("a refresh token was used twice; its session is ended", session=login_id)
        raise BadSession from error
    if account_id is None:
        raise BadSession
    return _logged_in(services, tokens, Claims(account_id, login_id), f"rt-{found[1]}{secret:064x}")


def logout(services: Services, token: str) -> None:
    """End the session of a refresh token; one that nobody has ends nothing."""
    if found := _REFRESH.fullmatch(token):
        services.store.logins.end_session(digest(found[1]))


def _developer_of(services: Services, account_id: str) -> Developer:
    """Raises BadSession where the account is no developer's."""
    row, account = services.store.logins.developer(account_id), services.store.accounts.get(account_id)
    if row is None or account is None:
        raise BadSession
    return _developer(row, account.status, plan_of(services, account_id))


def _developer(row: DeveloperRow, status: str, plan: Plan) -> Developer:
    return Developer(row.account_id, row.email, row.name, row.company, row.created_at, status, plan.plan_id)


def session_tokens(services: Services) -> SessionTokens:
    current, previous = services.secrets.need(SESSION_KEYS[0]), services.secrets.find(SESSION_KEYS[1])
    return SessionTokens(services.deployment, (current, previous) if previous else (current,))


def read_password(text: str) -> str:
    """A password in the one form that it is hashed in, whole. Raises InvalidParameter before it costs anything."""
    told = InvalidParameter("password", f"must have at most {LONGEST} bytes", f"最长 {LONGEST} 字节")
    if len(text) > 4 * LONGEST:  # whose normal form could be shorter
        raise told
    normal = unicodedata.normalize("NFC", text)
    if len(normal.encode(errors="surrogatepass")) > LONGEST:
        raise told
    return normal


def digest(secret: str) -> str:
    """What a random token is stored and found by."""
    return sha256(secret.encode()).hexdigest()


def _keep(services: Services, passwords: Hashing, tries: Tries, found: Login, password: str) -> None:
    """What a login that succeeded changes in its row: a hash that is outdated, and where it came from."""
    kept = found
    if passwords.outdated(found.password):
        kept = replace(kept, password=passwords.hash(password))
    if tries.place not in found.places:
        kept = replace(kept, places=(tries.place, *found.places)[:PLACES])
    if kept == found:
        return
    try:
        services.store.logins.keep(tries.email, found, kept)
    except LostRace:
        logger.info("another login has changed this row")


def _logged_in(services: Services, tokens: SessionTokens, claims: Claims, refresh_token: str) -> LoggedIn:
    token = tokens.issue(claims, f"{services.random_bits(128):032x}", services.clock() // 1000)
    return LoggedIn(_developer_of(services, claims.account_id), token, refresh_token, SECONDS)
