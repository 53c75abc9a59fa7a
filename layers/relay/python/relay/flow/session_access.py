"""Who is calling without an API key: an access token of a login, or one that is stored, to an account."""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.effects.session_tokens import Claims, UnknownKey
from relay.effects.store.key_rows import KeyRow
from relay.families.dialect import Session
from relay.flow.access import Caller, check_scope
from relay.flow.accounts import PREFIXES, Accounts
from relay.flow.read_limit import ReadLimit
from relay.flow.services import Services
from relay.flow.sessions import session_tokens
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.keys import UNLIMITED, KeyKind, KeyStatus
from relay.nouns.session_errors import BadSession

AFRESH = 60_000  # ms: signing keys are read again at most this often for a token that names one we do not know


@dataclass(slots=True)
class SessionAccess:
    """Remembers no session: who logs out is out."""

    services: Services
    _looked: int = 0  # when the keys were last read again (Unix ms)
    _asked: ReadLimit = field(default_factory=ReadLimit)

    def caller(self, session: Session, dialect: str, *, access_tokens: bool, reading: bool = False) -> Caller:
        """Raises SessionExpired, BadSession, Forbidden for what the terms of an access token do not allow, RateLimited
        above the reads that a key may make."""
        terms = UNLIMITED
        if access_tokens and session.token.startswith(PREFIXES[KeyKind.ACCESS]):
            key = self._of_stored(session.token)
            account_id, terms = key.account_id, key.terms
        else:
            account_id = self._of_login(session.token)
        account = self.services.store.accounts.get(account_id)
        if account is None or (session.user and session.user != number_of(account_id)):
            raise BadSession
        check_scope(terms, dialect, reading=reading)
        most = self.services.catalog.tiers[account.tier].reads_per_minute
        self._asked.take(account_id, most, self.services.clock())
        return Caller(account.account_id, account.tier, dialect, account.hooks)

    def _of_login(self, token: str) -> str:
        claims = self._claims(token)
        if self.services.store.logins.session_of(claims.login, self.services.clock() // 1000) != claims.account_id:
            raise BadSession
        return claims.account_id

    def _of_stored(self, token: str) -> KeyRow:
        try:
            key = Accounts.of(self.services).find_key(token)
        except NoSuchKey as error:
            raise BadSession from error
        active = key.status is KeyStatus.ACTIVE and key.kind is KeyKind.ACCESS
        if not active or key.terms.expired(self.services.clock()):
            raise BadSession
        return key

    def _claims(self, token: str) -> Claims:
        now = self.services.clock()
        try:
            return session_tokens(self.services).read(token, now // 1000)
        except UnknownKey:
            if now - self._looked < AFRESH:
                raise
            self._looked = now
            self.services.secrets.refresh()
            return session_tokens(self.services).read(token, now // 1000)


def number_of(account_id: str) -> str:
    """An account's id as the number that some APIs know users by."""
    return str(int(account_id, 16))
