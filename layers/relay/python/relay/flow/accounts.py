"""What is done to accounts and their keys, whoever asks for it: a developer in either dialect, or the operator."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from relay.effects.store import Store
from relay.effects.store.accounts import AccountRow
from relay.effects.store.key_rows import KeyRow
from relay.effects.store.table import LostRace
from relay.flow.services import Services
from relay.nouns.account_errors import KeyShown, NoAccount, NoSuchKey, TooManyKeys
from relay.nouns.errors import InsufficientBalance
from relay.nouns.keys import KeyKind, KeyRequest, KeyStatus, ListedKey, NewKey
from relay.nouns.signing import key_digest, webhook_secret

PREFIXES = {KeyKind.API: "sk-", KeyKind.ACCESS: "at-"}  # what a key begins with
SHOWN = 7  # characters of a key that may be shown again


@dataclass(frozen=True, slots=True)
class Accounts:
    """`secret` finds one of the deployment's own secrets, `clock` gives Unix ms."""

    store: Store
    secret: Callable[[str], str]
    clock: Callable[[], int]

    @classmethod
    def of(cls, services: Services) -> Self:
        return cls(services.store, services.secrets.need, services.clock)

    def get(self, account_id: str) -> AccountRow:
        """Raises NoAccount."""
        account = self.store.accounts.get(account_id)
        if account is None:
            raise NoAccount
        return account

    def open(self, name: str, tier: int) -> str:
        """A new, empty account; its id."""
        account_id = new_account_id()
        self.store.accounts.open(account_id, name, tier)
        return account_id

    def set_tier(self, account_id: str, tier: int) -> None:
        self._change(account_id, tier=tier)

    def freeze(self, account_id: str, *, frozen: bool) -> None:
        """A frozen account can read, and creates nothing."""
        self._change(account_id, status="frozen" if frozen else "active")

    def _change(self, account_id: str, **values: object) -> None:
        try:
            self.store.accounts.change(account_id, **values)
        except LostRace as lost:
            raise NoAccount from lost

    # --- keys -------------------------------------------------------------------------------------------------

    def add_key(
        self,
        account_id: str,
        wanted: KeyRequest,
        *,
        kind: KeyKind = KeyKind.API,
        most: int | None = None,
        issued: bool = True,
    ) -> NewKey:
        """A new key, for an account that has fewer than `most`; one that is not `issued` is made when it is first
        asked for. Raises NoAccount, TooManyKeys."""
        api_key = new_key(kind) if issued else ""
        listed = ListedKey(
            key_id=secrets.token_hex(4),
            name=wanted.name,
            prefix=api_key[:SHOWN],
            status=KeyStatus.ACTIVE,
            created_at=self.clock(),
            kind=kind,
            terms=wanted.terms,
            left=wanted.budget,
            account_id=account_id,
        )
        try:
            self.store.keys.add(account_id, listed, self._digest(api_key) if issued else "", most)
        except LostRace as lost:
            self.get(account_id)
            raise TooManyKeys(most or 0) from lost
        return NewKey(api_key, listed)

    def issue_key(self, account_id: str, key_id: str) -> str:
        """The key that was added without being issued, once. Raises NoSuchKey, KeyShown."""
        api_key = new_key(self.key(account_id, key_id).kind)
        if not self.store.keys.issue(account_id, key_id, self._digest(api_key), api_key[:SHOWN]):
            raise KeyShown
        return api_key

    def keys(self, account_id: str) -> Sequence[ListedKey]:
        """All, oldest first, with those that are revoked."""
        return self.store.keys.of(account_id)

    def key(self, account_id: str, key_id: str) -> ListedKey:
        """Raises NoSuchKey, also for one that is revoked."""
        found = self.store.keys.get(account_id, key_id)
        if found is None or found.status is KeyStatus.REVOKED:
            raise NoSuchKey
        return found

    def change_key(self, account_id: str, key_id: str, change: Callable[[ListedKey], ListedKey]) -> ListedKey:
        """Change name, status, terms or budget of a key, together: what others change meanwhile stays changed. Raises
        NoSuchKey."""
        changed = self.store.keys.change(account_id, key_id, change)
        if changed is None:
            raise NoSuchKey
        return changed

    def revoke_key(self, account_id: str, key_id: str) -> None:
        """Nothing is reserved for it any more; functions that run let it read, and use up what is reserved, for a
        minute more at most. Raises NoSuchKey where the account never had it."""
        if not self.store.keys.revoke(account_id, key_id, self.clock()):
            raise NoSuchKey

    def find_key(self, api_key: str) -> KeyRow:
        """Raises NoSuchKey."""
        found = self.store.keys.find(self._digest(api_key))
        if found is None:
            raise NoSuchKey
        return found

    def _digest(self, api_key: str) -> str:
        return key_digest(self.secret("key-pepper").encode(), api_key)

    # --- money ------------------------------------------------------------------------------------------------

    def top_up(self, account_id: str, amount: int, reference: str) -> bool:
        """Move `amount` nanos in; False where this reference has brought them. Raises NoAccount, AlreadyBooked."""
        try:
            return self.store.accounts.top_up(account_id, reference, amount, self.clock())
        except LostRace as lost:
            raise NoAccount from lost

    def debit(self, account_id: str, amount: int, reference: str, reason: str) -> bool:
        """Move `amount` nanos out, never below 0; False where this reference has taken them. Raises NoAccount,
        InsufficientBalance, AlreadyBooked."""
        try:
            return self.store.accounts.debit(account_id, reference, amount, self.clock(), reason)
        except LostRace as lost:
            self.get(account_id)
            raise InsufficientBalance from lost

    # --- what the account is told -----------------------------------------------------------------------------

    def webhook_secret(self, account_id: str, generation: int) -> str:
        return webhook_secret(self.secret("webhook-master").encode(), account_id, generation)

    def rotate_webhook(self, account_id: str) -> str:
        """The account's new signing secret; for a day the old one signs beside it. Raises NoAccount."""
        generation = self.get(account_id).webhook_generation + 1
        self._change(account_id, webhook_generation=generation, webhook_rotated_at=self.clock())
        return self.webhook_secret(account_id, generation)


def new_account_id() -> str:
    return secrets.token_hex(5)


def new_key(kind: KeyKind) -> str:
    return PREFIXES[kind] + secrets.token_urlsafe(32)
