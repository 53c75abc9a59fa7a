"""What operators do to a deployment, through the relay's own store: secrets, accounts, keys, money."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ops.arguments import money
from ops.secret_names import upstream_secrets
from ops.terms import OWN_SECRETS, NewAccount, OperatorError
from relay.edge.wiring import catalog
from relay.effects.store import Store
from relay.effects.store.accounts import AccountRow, AlreadyBooked
from relay.effects.store.directory import ListedKey
from relay.effects.store.table import LostRace, Tables
from relay.flow.services import UPSTREAMS_ON
from relay.nouns.catalog import Catalog
from relay.nouns.ids import uuid7
from relay.nouns.signing import key_digest, webhook_secret

Connect = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """`secrets_key` is the customer's KMS key that secrets are encrypted with; None means the AWS-managed one."""

    store: Store
    ssm: Any
    prefix: str
    catalog: Catalog
    secrets_key: str | None = None

    @classmethod
    def over(cls, outputs: Mapping[str, str], connect: Connect) -> Self:
        """A deployment from its stack's outputs; `connect` makes a boto3 client of a service."""
        wanted = [*(f"{table}Table" for table in ("Tasks", "Accounts", "Directory")), "SecretsPrefix"]
        if missing := [name for name in wanted if not outputs.get(name)]:
            raise OperatorError(f"this stack is no genrelay: it has no output {', '.join(missing)}")
        what = catalog()
        *names, prefix = (outputs[name] for name in wanted)
        store = Store.over(Tables(connect("dynamodb"), *names), shards=1, utc_offset=what.utc_offset)
        return cls(store, connect("ssm"), prefix, what, outputs.get("SecretsKeyArn"))

    # --- secrets ----------------------------------------------------------------------------------------------

    def secret_names(self) -> list[str]:
        """Every secret that the deployment reads."""
        return [*OWN_SECRETS, *upstream_secrets(self.catalog)]

    def find_secret(self, name: str) -> str | None:
        try:
            parameter = self.ssm.get_parameter(Name=f"{self.prefix}/{name}", WithDecryption=True)
        except self.ssm.exceptions.ParameterNotFound:
            return None
        value: str = parameter["Parameter"]["Value"]
        return value

    def secret(self, name: str) -> str:
        value = self.find_secret(name)
        if value is None:
            raise OperatorError(f"{self.prefix}/{name} is missing; secrets-init makes it")
        return value

    def put_secret(self, name: str, value: str, *, overwrite: bool) -> bool:
        """Write a SecureString; False where it was there already and may not be overwritten."""
        written = self._put(name, value, overwrite=overwrite)
        if written and name.startswith("upstreams/"):
            self.list_upstreams()
        return written

    def list_upstreams(self) -> list[str]:
        """Store the names of the upstreams that have a key, for the submit function, which may not read the keys."""
        on = [name for name in self.catalog.upstreams if self.find_secret(f"upstreams/{name}/key")]
        self._put(UPSTREAMS_ON, json.dumps(on), overwrite=True)
        return on

    def listed_upstreams(self) -> set[str]:
        return set(json.loads(self.find_secret(UPSTREAMS_ON) or "[]"))

    def _put(self, name: str, value: str, *, overwrite: bool) -> bool:
        key = {"KeyId": self.secrets_key} if self.secrets_key else {}
        try:
            self.ssm.put_parameter(
                Name=f"{self.prefix}/{name}", Value=value, Type="SecureString", Overwrite=overwrite, **key
            )
        except self.ssm.exceptions.ParameterAlreadyExists:
            return False
        return True

    def init_secrets(self) -> list[str]:
        """Make the deployment's own secrets that are missing; which those were."""
        self.list_upstreams()
        return [name for name in OWN_SECRETS if self.put_secret(name, secrets.token_urlsafe(32), overwrite=False)]

    # --- accounts and keys ------------------------------------------------------------------------------------

    def account(self, account_id: str) -> AccountRow:
        account = self.store.accounts.get(account_id)
        if account is None:
            raise OperatorError(f"no account {account_id}")
        return account

    def open_account(self, name: str, tier: int, top_up: int) -> NewAccount:
        """A new account with `top_up` nanos and one key."""
        self.check_tier(tier)
        pepper = self.secret("key-pepper")
        account_id = secrets.token_hex(5)
        self.store.accounts.open(account_id, name, tier)
        if top_up:
            self.top_up(account_id, top_up)
        key_id, api_key = self._new_key(account_id, pepper)
        return NewAccount(account_id, api_key, self.webhook_secret(account_id, 1), key_id)

    def check_tier(self, tier: int) -> None:
        if tier not in self.catalog.tiers:
            raise OperatorError(f"no tier {tier}; there are: {', '.join(map(str, self.catalog.tiers))}")

    def add_key(self, account_id: str) -> tuple[str, str]:
        """Key id and the key itself, which cannot be shown again."""
        self.account(account_id)
        return self._new_key(account_id, self.secret("key-pepper"))

    def _new_key(self, account_id: str, pepper: str) -> tuple[str, str]:
        key_id, api_key = secrets.token_hex(4), f"sk-{secrets.token_urlsafe(32)}"
        digest = key_digest(pepper.encode(), api_key)
        self.store.directory.add_key(digest, account_id, key_id, api_key[:7], _now())
        return key_id, api_key

    def keys(self, account_id: str) -> list[ListedKey]:
        self.account(account_id)
        return self.store.directory.keys(account_id)

    def revoke_key(self, account_id: str | None, key: str) -> tuple[str, str]:
        """Revoke a key, given by its id or by itself; account and key id. A key itself needs no account."""
        if account_id and self.store.directory.revoke_key(account_id, key, _now()):
            return account_id, key
        found = self.store.directory.key(key_digest(self.secret("key-pepper").encode(), key))
        if found is None or account_id not in (None, found.account_id):
            whose = f"account {account_id} has no such key" if account_id else "no such key; a key id needs its account"
            raise OperatorError(f"{whose}: key-list ACCOUNT shows the ids")
        self.store.directory.revoke_key(found.account_id, found.key_id, _now())
        return found.account_id, found.key_id

    def webhook_secret(self, account_id: str, generation: int) -> str:
        return webhook_secret(self.secret("webhook-master").encode(), account_id, generation)

    def rotate_webhook(self, account_id: str) -> str:
        """The account's new signing secret; for a day the old one signs beside it."""
        generation = self.account(account_id).webhook_generation + 1
        self.store.accounts.change(account_id, webhook_generation=generation, webhook_rotated_at=_now())
        return self.webhook_secret(account_id, generation)

    # --- money ------------------------------------------------------------------------------------------------

    def top_up(self, account_id: str, amount: int, reference: str | None = None) -> bool:
        """Move `amount` nanos in; False where this reference has brought them already."""
        book = self.store.accounts.top_up
        return self._booked(account_id, lambda at: book(account_id, reference or _reference(at), amount, at))

    def debit(self, account_id: str, amount: int, reason: str, reference: str | None = None) -> bool:
        """Move `amount` nanos out, never below 0; False where this reference has taken them already."""
        book = self.store.accounts.debit
        return self._booked(account_id, lambda at: book(account_id, reference or _reference(at), amount, at, reason))

    def _booked(self, account_id: str, book: Callable[[int], bool]) -> bool:
        balance = self.account(account_id).balance
        try:
            return book(_now())
        except AlreadyBooked as error:
            there = error.entry
            what = f"{self.money(there.amount)}{f' ({there.reason})' if there.reason else ''}"
            raise OperatorError(f"{there.reference} is already booked with {what}; nothing was moved") from error
        except LostRace as error:
            raise OperatorError(f"the balance is only {self.money(balance)}; nothing was moved") from error

    def money(self, amount: int) -> str:
        return money(amount, self.catalog.currency)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _reference(now: int) -> str:
    return uuid7(now, secrets.randbits(74))
