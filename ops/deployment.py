"""What operators do to a deployment, through the relay's own store: secrets, accounts, keys, money."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from ops.arguments import money
from ops.secret_names import STRIPE_KEY, STRIPE_WEBHOOK, upstream_secrets
from ops.terms import OWN_SECRETS, NewAccount, OperatorError
from relay.edge.wiring import catalog
from relay.effects.store import Store
from relay.effects.store.accounts import AccountRow, AlreadyBooked
from relay.effects.store.table import Tables
from relay.families import FAMILIES
from relay.flow.accounts import Accounts
from relay.flow.services import UPSTREAMS_ON
from relay.flow.sessions import SESSION_KEYS
from relay.nouns.account_errors import NoAccount, NoSuchKey
from relay.nouns.catalog import Catalog
from relay.nouns.errors import InsufficientBalance
from relay.nouns.ids import uuid7
from relay.nouns.keys import KeyKind, KeyRequest, NewKey

Connect = Callable[[str], Any]


@dataclass(frozen=True)
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
        return [*OWN_SECRETS, STRIPE_KEY, STRIPE_WEBHOOK, *upstream_secrets(self.catalog)]

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

    def rotate_session_key(self) -> None:
        """A new key for access tokens. Those that the one until now has signed are taken until they end."""
        current, previous = SESSION_KEYS
        self.put_secret(previous, self.secret(current), overwrite=True)
        self.put_secret(current, secrets.token_urlsafe(32), overwrite=True)

    # --- accounts and keys ------------------------------------------------------------------------------------

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.store, self.secret, _now)

    def account(self, account_id: str) -> AccountRow:
        try:
            return self.accounts.get(account_id)
        except NoAccount as error:
            raise OperatorError(f"no account {account_id}") from error

    def open_account(self, name: str, tier: int, top_up: int) -> NewAccount:
        """A new account with `top_up` nanos and one key."""
        self.check_tier(tier)
        self.secret("key-pepper")  # without it no key can be made, and the account would be left without one
        account_id = self.accounts.open(name, tier)
        if top_up:
            self.top_up(account_id, top_up)
        made = self.accounts.add_key(account_id, KeyRequest(""))
        return NewAccount(account_id, made.api_key, self.accounts.webhook_secret(account_id, 1), made.listed.key_id)

    def check_tier(self, tier: int) -> None:
        if tier not in self.catalog.tiers:
            raise OperatorError(f"no tier {tier}; there are: {', '.join(map(str, self.catalog.tiers))}")

    def add_key(self, account_id: str, wanted: KeyRequest, kind: KeyKind) -> NewKey:
        """A key, which cannot be shown again."""
        if unknown := set(wanted.terms.dialects) - set(FAMILIES):
            raise OperatorError(f"no dialect {', '.join(sorted(unknown))}; there are: {', '.join(FAMILIES)}")
        if unknown := set(wanted.terms.models) - self.catalog.models.keys():
            raise OperatorError(f"the catalog has no model {', '.join(sorted(unknown))}")
        self.account(account_id)
        return self.accounts.add_key(account_id, wanted, kind=kind)

    def revoke_key(self, account_id: str | None, key: str) -> tuple[str, str]:
        """Revoke a key, given by its id or by itself; account and key id. A key itself needs no account."""
        whose = self._key_of(account_id, key) or self._key_itself(account_id, key)
        self.accounts.revoke_key(*whose)
        return whose

    def _key_of(self, account_id: str | None, key_id: str) -> tuple[str, str] | None:
        there = account_id and key_id in {each.key_id for each in self.accounts.keys(account_id)}
        return (account_id, key_id) if account_id and there else None

    def _key_itself(self, account_id: str | None, api_key: str) -> tuple[str, str]:
        try:
            found = self.accounts.find_key(api_key)
        except NoSuchKey as error:
            raise self._no_such_key(account_id) from error
        if account_id not in (None, found.account_id):
            raise self._no_such_key(account_id)
        return found.account_id, found.key_id

    def _no_such_key(self, account_id: str | None) -> OperatorError:
        whose = f"account {account_id} has no such key" if account_id else "no such key; a key id needs its account"
        return OperatorError(f"{whose}: key-list ACCOUNT shows the ids")

    # --- money ------------------------------------------------------------------------------------------------

    def top_up(self, account_id: str, amount: int, reference: str | None = None) -> bool:
        """Move `amount` nanos in; False where this reference has brought them already."""
        return self._booked(lambda name: self.accounts.top_up(account_id, amount, name), account_id, reference)

    def debit(self, account_id: str, amount: int, reason: str, reference: str | None = None) -> bool:
        """Move `amount` nanos out, never below 0; False where this reference has taken them already."""
        return self._booked(lambda name: self.accounts.debit(account_id, amount, name, reason), account_id, reference)

    def _booked(self, book: Callable[[str], bool], account_id: str, reference: str | None) -> bool:
        balance = self.account(account_id).balance
        try:
            return book(reference or uuid7(_now(), secrets.randbits(74)))
        except AlreadyBooked as error:
            there = error.entry
            what = f"{self.money(there.amount)}{f' ({there.reason})' if there.reason else ''}"
            raise OperatorError(f"{there.reference} is already booked with {what}; nothing was moved") from error
        except InsufficientBalance as error:
            raise OperatorError(f"the balance is only {self.money(balance)}; nothing was moved") from error

    def money(self, amount: int) -> str:
        return money(amount, self.catalog.currency)


def _now() -> int:
    return time.time_ns() // 1_000_000
