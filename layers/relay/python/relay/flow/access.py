"""Who is calling: an API key to an account, remembered for a minute per container."""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from relay.effects.store.accounts import AccountRow
from relay.effects.store.key_rows import KeyRow
from relay.flow.read_limit import ReadLimit
from relay.flow.services import Services
from relay.nouns.errors import BadKey, Contended, Forbidden
from relay.nouns.keys import UNLIMITED, KeyKind, KeyStatus, KeyTerms
from relay.nouns.signing import key_digest

# ms; so changed terms hold a minute later at most, and a revoked key, which is charged nothing new, reads until then
REMEMBERED = 60_000

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that asks in a dialect: a task belongs to both, and is found by no other."""

    account_id: str
    tier: int
    dialect: str
    hooks: tuple[str, ...] = ()  # where the account is told of tasks whose requests can name no address
    key_id: str = ""  # of the API key
    terms: KeyTerms = UNLIMITED

    def allows(self, model: str) -> bool:
        """Whether the key may ask for a model, by the catalog's name."""
        return not self.terms.models or model in self.terms.models

    def check_model(self, model: str) -> None:
        """Raises Forbidden for a model that the key may not ask for."""
        if not self.allows(model):
            raise Forbidden("this API key may not use this model", "该密钥无权使用此模型", field="model")


@dataclass(slots=True)
class Access:
    services: Services
    _known: dict[str, tuple[int, AccountRow, KeyRow]] = field(default_factory=dict)
    _reads: ReadLimit = field(default_factory=ReadLimit)

    def caller(self, api_key: str, dialect: str, *, reading: bool = False) -> Caller:
        """Raises BadKey for a key that is unknown, expired or revoked, Forbidden for what its terms do not allow,
        RateLimited for one that reads too often."""
        digest = self._digest(api_key)
        account, key = self._remembered(digest) or self._look_up(digest)
        if key.terms.expired(self.services.clock()):
            raise BadKey
        check_scope(key.terms, dialect, reading=reading)
        if reading:
            self._reads.take(digest, self.services.catalog.tiers[account.tier].reads_per_minute, self.services.clock())
        return Caller(account.account_id, account.tier, dialect, account.hooks, key.key_id, key.terms)

    def remembers(self, api_key: str) -> bool:
        """Whether `caller` would read no table."""
        return self._remembered(self._digest(api_key)) is not None

    def _digest(self, api_key: str) -> str:
        return key_digest(self.services.secrets.need("key-pepper").encode(), api_key)

    def _remembered(self, digest: str) -> tuple[AccountRow, KeyRow] | None:
        found = self._known.get(digest)
        if found is None or self.services.clock() - found[0] > REMEMBERED:
            return None
        return found[1:]

    def _look_up(self, digest: str) -> tuple[AccountRow, KeyRow]:
        self._known.pop(digest, None)
        now, key = self.services.clock(), self.services.store.keys.find(digest)
        if key is None or key.status is not KeyStatus.ACTIVE or key.kind is not KeyKind.API:
            raise BadKey
        account = self.services.store.accounts.get(key.account_id)
        if account is None:
            raise BadKey
        if not key.terms.expired(now):
            self._note_use(key, now)
        self._known[digest] = (now, account, key)
        return account, key

    def _note_use(self, key: KeyRow, now: int) -> None:
        """That a key is used is not worth refusing a request for."""
        try:
            self.services.store.keys.note_use(key.account_id, key.key_id, now)
        except Contended:
            logger.warning("use of a key not noted", account_id=key.account_id, key_id=key.key_id)


def check_scope(terms: KeyTerms, dialect: str, *, reading: bool) -> None:
    """Raises Forbidden in a dialect that a key is not for, and for one that may only read and does not."""
    if terms.dialects and dialect not in terms.dialects:
        raise Forbidden("this API key may not be used with this API", "该密钥无权使用此接口")
    if terms.read_only and not reading:
        raise Forbidden("this API key may only read", "该密钥仅可查询")
