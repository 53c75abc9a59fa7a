"""A deployment's settings, read from environment variables once per cold start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def _env(name: str, default: str = "") -> Any:  # noqa: ANN401 - the type checker sees each field's own annotation
    return field(default=default, metadata={"env": name})


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per environment variable. A function is given only those it uses; the others keep their default."""

    tasks_table: str = _env("TASKS_TABLE")
    accounts_table: str = _env("ACCOUNTS_TABLE")
    directory_table: str = _env("DIRECTORY_TABLE")
    dispatch_queue_url: str = _env("DISPATCH_QUEUE_URL")
    hold_queue_url: str = _env("HOLD_QUEUE_URL")
    deliver_queue_url: str = _env("DELIVER_QUEUE_URL")
    poller_arn: str = _env("POLLER_ARN")
    secrets_prefix: str = _env("SECRETS_PREFIX")
    secrets_text: str = _env("SECRETS")  # names under the prefix that this function uses: see secret_store.listed
    public_url: str = _env("PUBLIC_URL")  # base URL of the API, for callback and media URLs
    sign_up: str = _env("SIGN_UP", "off")  # "on": strangers may open accounts
    front: str = _env("FRONT", "off")  # "on": clients ask CloudFront, which asks the API
    payments: str = _env("PAYMENTS", "balance")  # "stripe": cards are taken as well
    stripe_url: str = _env("STRIPE_URL")  # instead of Stripe's own; for the one-machine stack only
    upstream_urls_json: str = _env(
        "UPSTREAM_URLS", "{}"
    )  # JSON object: base URLs by upstream, instead of the catalog's
    egress: str = _env("EGRESS", "public")  # "loopback" is for the one-machine stack only
    retry_queue_url: str = _env("RETRY_QUEUE_URL")
    archive_queue_url: str = _env("ARCHIVE_QUEUE_URL")
    renew_queue_url: str = _env("RENEW_QUEUE_URL")
    media_bucket: str = _env("MEDIA_BUCKET")
    archive: str = _env("ARCHIVE", "off")  # "on": results are copied to the media bucket before they are announced
    line_block_text: str = _env("LINE_BLOCK_SECONDS", "0")  # of model calls that one reservation covers; 0: one call
    due_shards_text: str = _env("DUE_SHARDS", "1")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        names = {each.name: each.metadata["env"] for each in fields(cls)}
        return cls(**{name: environ[env] for name, env in names.items() if env in environ})

    @property
    def upstream_urls(self) -> Mapping[str, str]:
        urls: dict[str, str] = json.loads(self.upstream_urls_json)
        return urls

    @property
    def line_block_seconds(self) -> int:
        return int(self.line_block_text)

    @property
    def due_shards(self) -> int:
        return int(self.due_shards_text)


ENV: Mapping[str, str] = {each.name: each.metadata["env"] for each in fields(Settings)}
