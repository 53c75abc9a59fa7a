"""The one place where environment, clients and classes meet; built once per cold start, on first use."""

from __future__ import annotations

import os
import secrets
import threading
import time
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from relay.catalog.file import shipped
from relay.effects.bucket import SIGNING, Bucket
from relay.effects.metrics import count
from relay.effects.outbound import Outbound
from relay.effects.poller import Poller
from relay.effects.queues import Queues
from relay.effects.secret_store import Secrets, listed
from relay.effects.settings import Settings
from relay.effects.store import Store
from relay.effects.store.table import Tables
from relay.flow.services import Services
from relay.nouns.catalog import Catalog

# Short connects and standard retries: a lost packet costs a second, not the function's whole time.
_CONFIG = Config(
    connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3}, max_pool_connections=32
)
_S3 = _CONFIG.merge(SIGNING).merge(Config(read_timeout=60))
_making = threading.Lock()  # boto3's default session is not made for two threads creating clients at once


def catalog() -> Catalog:
    return shipped()


@cache
def services() -> Services:
    settings = Settings.from_env(os.environ)
    what = catalog()
    if settings.egress == "loopback":  # one machine: upstreams that are not simulated here cannot call it back
        what = what.out_of_reach(what.upstreams.keys() - settings.upstream_urls.keys())
    tables = Tables(_client("dynamodb"), settings.tasks_table, settings.accounts_table, settings.directory_table)
    return Services(
        catalog=what,
        store=Store.over(tables, shards=settings.due_shards, utc_offset=what.utc_offset),
        queues=Queues(
            lambda: _client("sqs"),
            settings.dispatch_queue_url,
            settings.deliver_queue_url,
            settings.archive_queue_url,
            settings.retry_queue_url,
            hold_url=settings.hold_queue_url,
        ),
        poller=Poller(lambda: _client("stepfunctions"), settings.poller_arn),
        http=Outbound(settings.egress),
        secrets=Secrets(lambda: _client("ssm"), settings.secrets_prefix, listed(settings.secrets_text, what.upstreams)),
        clock=lambda: time.time_ns() // 1_000_000,
        random_bits=secrets.randbits,
        count=count,
        bucket=Bucket(lambda: _client("s3", _S3), settings.media_bucket),
        archive=settings.archive == "on",
        public_url=settings.public_url,
        upstream_urls=settings.upstream_urls,
    )


def _client(service: str, config: Config = _CONFIG) -> Any:  # noqa: ANN401 - each caller knows which it asked for
    with _making:
        return boto3.client(service, config=config)
