"""Who is calling: an API key to an account, remembered for a minute per container."""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.effects.store.accounts import AccountRow
from relay.flow.read_limit import ReadLimit
from relay.flow.services import Services
from relay.nouns.errors import BadKey
from relay.nouns.signing import key_digest

REMEMBERED = 60_000  # ms; so a revoked key works for a minute more at most


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that asks in a dialect: a task belongs to both, and is found by no other."""

    account_id: str
    tier: int
    dialect: str
    hooks: tuple[str, ...] = ()  # where the account is told of tasks whose requests can name no address
    key_id: str = ""  # of the API key


@dataclass(slots=True)
class Access:
    services: Services
    _known: dict[str, tuple[int, AccountRow, str]] = field(default_factory=dict)
    _reads: ReadLimit = field(default_factory=ReadLimit)

    def caller(self, api_key: str, dialect: str, *, reading: bool = False) -> Caller:
        """Raises BadKey for a key that is unknown or revoked, RateLimited for one that reads too often."""
        digest = self._digest(api_key)
        account, key_id = self._remembered(digest) or self._look_up(digest)
        if reading:
            self._reads.take(digest, self.services.catalog.tiers[account.tier].reads_per_minute, self.services.clock())
        return Caller(account.account_id, account.tier, dialect, account.hooks, key_id)

    def remembers(self, api_key: str) -> bool:
        """Whether `caller` would read no table."""
        return self._remembered(self._digest(api_key)) is not None

    def _digest(self, api_key: str) -> str:
        return key_digest(self.services.secrets.need("key-pepper").encode(), api_key)

    def _remembered(self, digest: str) -> tuple[AccountRow, str] | None:
        found = self._known.get(digest)
        if found is None or self.services.clock() - found[0] > REMEMBERED:
            return None
        return found[1:]

    def _look_up(self, digest: str) -> tuple[AccountRow, str]:
        self._known.pop(digest, None)
        now, row = self.services.clock(), self.services.store.directory.key(digest)
        account = self.services.store.accounts.get(row.account_id) if row and row.status == "active" else None
        if account is None or row is None:
            raise BadKey
        self._known[digest] = (now, account, row.key_id)
        return account, row.key_id
