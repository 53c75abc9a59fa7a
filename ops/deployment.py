"""A deployed relay as an operator reaches it: found by its stack's outputs, spoken to through the relay's own store."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from relay.catalog import Catalog
from relay.signing import key_digest, webhook_secret
from relay.store import Store
from relay.store.table import Tables
from relay.task import uuid7
from relay.wiring import catalog

Connect = Callable[[str], Any]

# Random secrets every deployment needs; nobody ever has to know them.
OWN_SECRETS = ("key-pepper", "callback-secret", "webhook-master", "media-secret")
READY_FILE = Path(".local/ready.json")  # where a running one-machine stack says how to reach it


class OperatorError(Exception):
    """What the operator asked for cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What can be shown once only: the key is stored as a digest, the webhook secret not at all."""

    account_id: str
    api_key: str
    webhook_secret: str


@dataclass(frozen=True, slots=True)
class Deployment:
    store: Store
    ssm: Any
    prefix: str
    catalog: Catalog

    @classmethod
    def over(cls, outputs: Mapping[str, str], connect: Connect) -> Deployment:
        """A deployment from its stack's outputs; `connect` makes a boto3 client of a service."""
        what = catalog()
        names = (outputs[f"{table}Table"] for table in ("Tasks", "Accounts", "Directory"))
        store = Store.over(Tables(connect("dynamodb"), *names), shards=1, utc_offset=what.utc_offset)
        return cls(store, connect("ssm"), outputs["SecretsPrefix"], what)

    def secret(self, name: str) -> str:
        try:
            parameter = self.ssm.get_parameter(Name=f"{self.prefix}/{name}", WithDecryption=True)
        except self.ssm.exceptions.ParameterNotFound as error:
            raise OperatorError(f"{self.prefix}/{name} is missing; run: python -m ops secrets-init") from error
        value: str = parameter["Parameter"]["Value"]
        return value

    def put_secret(self, name: str, value: str, *, overwrite: bool) -> bool:
        """Write a SecureString; False where it was there already and may not be overwritten."""
        try:
            self.ssm.put_parameter(Name=f"{self.prefix}/{name}", Value=value, Type="SecureString", Overwrite=overwrite)
        except self.ssm.exceptions.ParameterAlreadyExists:
            return False
        return True

    def init_secrets(self) -> list[str]:
        """Make the deployment's own secrets that are missing; which those were."""
        return [name for name in OWN_SECRETS if self.put_secret(name, secrets.token_urlsafe(32), overwrite=False)]

    def open_account(self, name: str, tier: int, top_up: int) -> NewAccount:
        """A new account with `top_up` nanos and one key."""
        if tier not in self.catalog.tiers:
            raise OperatorError(f"no tier {tier}; there are: {', '.join(map(str, self.catalog.tiers))}")
        pepper = self.secret("key-pepper")
        account_id = secrets.token_hex(5)
        self.store.accounts.open(account_id, name, tier)
        if top_up:
            self.top_up(account_id, top_up)
        return NewAccount(account_id, self._new_key(account_id, pepper)[1], self.webhook_secret(account_id, 1))

    def add_key(self, account_id: str) -> tuple[str, str]:
        """Key id and the key itself, which cannot be shown again."""
        self.gate(account_id)
        return self._new_key(account_id, self.secret("key-pepper"))

    def adopt_key(self, account_id: str, api_key: str) -> None:
        """Let a key in that was made elsewhere."""
        digest = key_digest(self.secret("key-pepper").encode(), api_key)
        self.store.directory.add_key(digest, account_id, secrets.token_hex(4), api_key[:7])

    def _new_key(self, account_id: str, pepper: str) -> tuple[str, str]:
        key_id, api_key = secrets.token_hex(4), f"sk-{secrets.token_urlsafe(32)}"
        self.store.directory.add_key(key_digest(pepper.encode(), api_key), account_id, key_id, api_key[:7])
        return key_id, api_key

    def top_up(self, account_id: str, amount: int, reference: str | None = None) -> None:
        """`amount` is nanos; the same reference twice moves money once."""
        self.gate(account_id)
        now = time.time_ns() // 1_000_000
        self.store.accounts.top_up(account_id, reference or uuid7(now, secrets.randbits(74)), amount, now)

    def webhook_secret(self, account_id: str, generation: int) -> str:
        return webhook_secret(self.secret("webhook-master").encode(), account_id, generation)

    def rotate_webhook(self, account_id: str) -> str:
        """The account's new signing secret; for a day the old one signs beside it."""
        generation = self.gate(account_id).webhook_generation + 1
        now = time.time_ns() // 1_000_000
        self.store.accounts.change(account_id, webhook_generation=generation, webhook_rotated_at=now)
        return self.webhook_secret(account_id, generation)

    def gate(self, account_id: str) -> Any:  # noqa: ANN401 - relay.store.accounts.Gate, named where it is made
        gate = self.store.accounts.gate(account_id)
        if gate is None:
            raise OperatorError(f"no account {account_id}")
        return gate


def on_aws(stack: str) -> Deployment:
    """The deployment behind a CloudFormation stack, with the credentials and region the SDK finds."""
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    return Deployment.over(outputs, boto3.client)


def on_this_machine() -> Deployment:
    """The deployment `make serve` keeps up."""
    if not READY_FILE.exists():
        raise OperatorError("no one-machine stack is running here; start one with: make serve")
    ready = json.loads(READY_FILE.read_text())
    return Deployment.over(ready["outputs"], lambda service: boto3.client(service, **ready["aws"]))
