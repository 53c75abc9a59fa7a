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
def settings() -> Settings:
    return Settings.from_env(os.environ)


@cache
def services() -> Services:
    given = settings()
    what = catalog()
    if given.egress == "loopback":  # one machine: upstreams that are not simulated here cannot call it back
        what = what.out_of_reach(what.upstreams.keys() - given.upstream_urls.keys())
    tables = Tables(_client("dynamodb"), given.tasks_table, given.accounts_table, given.directory_table)
    return Services(
        catalog=what,
        store=Store.over(tables, shards=given.due_shards, utc_offset=what.utc_offset),
        queues=_queues(given),
        poller=Poller(lambda: _client("stepfunctions"), given.poller_arn),
        http=Outbound(given.egress),
        secrets=Secrets(lambda: _client("ssm"), given.secrets_prefix, listed(given.secrets_text, what.upstreams)),
        clock=lambda: time.time_ns() // 1_000_000,
        random_bits=secrets.randbits,
        count=count,
        bucket=Bucket(lambda: _client("s3", _S3), given.media_bucket),
        archive=given.archive == "on",
        public_url=given.public_url,
        deployment=given.secrets_prefix.strip("/"),
        sign_up=given.sign_up == "on",
        fronted=given.front == "on",
        upstream_urls=given.upstream_urls,
    )


def _queues(given: Settings) -> Queues:
    urls = (given.dispatch_queue_url, given.deliver_queue_url, given.archive_queue_url, given.retry_queue_url)
    return Queues(lambda: _client("sqs"), *urls, hold_url=given.hold_queue_url, renew_url=given.renew_queue_url)


def _client(service: str, config: Config = _CONFIG) -> Any:  # noqa: ANN401 - each caller knows which it asked for
    with _making:
        return boto3.client(service, config=config)
