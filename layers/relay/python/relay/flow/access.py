"""Who is calling: an API key to an account, remembered for a minute per container."""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.flow.read_limit import ReadLimit
from relay.flow.services import Services
from relay.nouns.errors import BadKey
from relay.nouns.signing import key_digest

REMEMBERED = 60_000  # ms; so a revoked key works for a minute more at most


@dataclass(frozen=True, slots=True)
class Caller:
    account_id: str
    tier: int
    hook: str = ""  # where the account is told of tasks whose requests can name no address


@dataclass(slots=True)
class Access:
    services: Services
    _known: dict[str, tuple[int, Caller]] = field(default_factory=dict)
    _reads: ReadLimit = field(default_factory=ReadLimit)

    def caller(self, api_key: str, *, reading: bool = False) -> Caller:
        """Raises BadKey for a key that is unknown or revoked, RateLimited for one that reads too often."""
        digest = key_digest(self.services.secrets.need("key-pepper").encode(), api_key)
        known_at, caller = self._known.get(digest, (0, None))
        now = self.services.clock()
        if caller is None or now - known_at > REMEMBERED:
            caller = self._look_up(digest)
            self._known[digest] = (now, caller)
        if reading:
            self._reads.take(digest, self.services.catalog.tiers[caller.tier].reads_per_minute, now)
        return caller

    def _look_up(self, digest: str) -> Caller:
        self._known.pop(digest, None)
        row = self.services.store.directory.key(digest)
        account = self.services.store.accounts.get(row.account_id) if row and row.status == "active" else None
        if account is None:
            raise BadKey
        return Caller(account.account_id, account.tier, account.hook)
