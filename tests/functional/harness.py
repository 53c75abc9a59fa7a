"""A whole relay in one process: the real flow on moto, a clock the test sets, and scripted upstreams."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore import UNSIGNED
from botocore.config import Config
from moto import mock_aws

from local import stripe
from local.upstreams.jobs import Job
from relay.edge.callbacks import CallbackEndpoint
from relay.edge.clients import ClientEndpoint
from relay.effects.bucket import SIGNING, Bucket
from relay.effects.poller import Poller
from relay.effects.queues import Queues
from relay.effects.session_tokens import Claims
from relay.effects.store import Store
from relay.effects.store.table import Tables
from relay.flow.archive import archive
from relay.flow.clock import Lap, poll
from relay.flow.dispatch import dispatch
from relay.flow.duties import perform
from relay.flow.hold import hold
from relay.flow.services import UPSTREAMS_ON, Count, Services
from relay.flow.session_access import SessionAccess
from relay.flow.sessions import session_tokens
from relay.flow.telling import tell
from relay.nouns.keys import UNLIMITED, KeyStatus, KeyTerms, ListedKey
from relay.nouns.money import nanos
from relay.nouns.signing import key_digest, sign_id, webhook_secret
from relay.nouns.task import Task
from relay.nouns.wire import Call
from tests.functional.aws_fakes import DelayingQueues, create_table, function_of, http_event
from tests.functional.network import CATALOG, URLS, Network
from tests.functional.transactions import quicken
from tests.speaking import SERVED

REGION = "eu-west-1"
START = 1_767_225_630_000  # 2026-01-01T00:00:30Z
BUCKET = "media"
# moto tells the checksum of an upload's last part as that of the whole object
S3 = SIGNING.merge(Config(response_checksum_validation="when_required"))
ARN = f"arn:aws:states:{REGION}:123456789012:stateMachine:poller"
KEYS = Network().secrets()  # what a relay must hold to use each upstream
SECRETS = {
    "key-pepper": "example-pepper",
    "callback-secret": "example-callback-secret",
    "media-secret": "example-media-secret",
    "webhook-master": "example-master",
    "stripe-key": stripe.KEY,
    "stripe-webhook-secret": stripe.SECRET,
    "session-key": "example-session-key-of-this-relay, which is as long as HS512 wants one",
    **{name: word for name, word in KEYS.items() if name.split("/")[1] in ("kie", "aistudio")},
    UPSTREAMS_ON: '["kie", "aistudio"]',
}
KEY = "sk-EXAMPLE-client-0001"
# moto's tables need no signature, which takes a tenth of a call.
HOW = {"s3": S3, "dynamodb": Config(signature_version=UNSIGNED, user_agent="tests")}
QUEUES = ("dispatch", "deliver", "archive", "retry", "hold", "renew")


@dataclass
class Secrets:
    values: dict[str, str]

    def find(self, name: str) -> str | None:
        return self.values.get(name)

    def need(self, name: str) -> str:
        return self.values[name]

    def refresh(self) -> None:
        """They are always read afresh."""


@dataclass
class Harness:
    services: Services
    network: Network
    secrets: Secrets
    sqs: Any
    delayed: DelayingQueues
    dispatch_url: str
    deliver_url: str
    archive_url: str
    retry_url: str
    hold_url: str
    renew_url: str
    counts: dict[str, int]
    now: list[int]
    account_id: str = "acc1"

    def __post_init__(self) -> None:
        self.endpoints = {
            name: ClientEndpoint(served, lambda: self.services, sessions=SessionAccess)
            for name, served in SERVED.items()
        }
        self.callbacks = CallbackEndpoint(lambda: self.services)

    # --- the client -------------------------------------------------------------------------------------------

    def post(self, path: str, body: object = None, **how: Any) -> tuple[int, Any]:
        return self.request("POST", path, body, **how)

    def request(self, method: str, path: str, body: object = None, **how: Any) -> tuple[int, Any]:
        """The status and document of one request, through the endpoint the template's routes choose."""
        status, document, _ = self.exchange(method, path, body, **how)
        return status, document

    def exchange(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        sent = {"content-type": "application/json"}
        sent |= {"authorization": f"Bearer {key}"} if key is not None else {}
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        event = http_event(method, path, {**sent, **(headers or {})}, data)
        if path.startswith("/callbacks/"):
            reply = self.callbacks.resolve(event, LambdaContext())
        else:
            reply = self.endpoints[function_of(method, path)].resolve(event, LambdaContext())
        answered = {name.lower(): values[0] for name, values in reply.get("multiValueHeaders", {}).items()}
        answered |= {name.lower(): value for name, value in reply.get("headers", {}).items()}
        return reply["statusCode"], json.loads(reply["body"]), answered

    def submit_image(self, **fields: Any) -> str:
        status, document = self.post("/api/kling/images", {"prompt": "a cat", **fields})
        assert status == 200, document
        return str(document["task_id"])

    def submit_kie_image(self, **fields: Any) -> str:
        body = {"prompt": "a cat", "size": "1:1", **fields}
        status, document = self.post("/api/v1/gpt4o-image/generate", body)
        assert status == 200, document
        return str(document["data"]["taskId"])

    def connect_queues(self, client: Any) -> Queues:
        """The queues, over another client."""
        urls = (self.dispatch_url, self.deliver_url, self.archive_url, self.retry_url)
        return Queues(lambda: client, *urls, hold_url=self.hold_url, renew_url=self.renew_url)

    def switch_on(self, *upstreams: str) -> None:
        """From here on we hold keys for these alone."""
        held = {**KEYS, **self.secrets.values, UPSTREAMS_ON: json.dumps(upstreams)}
        ours = [name for name in held if not name.startswith("upstreams/") or name.split("/")[1] in upstreams]
        self.secrets.values = {name: held[name] for name in ours}

    def begin_anew(self) -> Harness:
        """For the next test of a module that shares a relay: nothing scripted, sent or counted, no upstream avoided."""
        for kept in (self.network.script, self.network.calls, self.services.resting, self.counts):
            kept.clear()
        return self

    def session(self) -> str:
        """The access token of somebody who logged in to our account."""
        claims, now = Claims(self.account_id, f"{self.services.random_bits(128):032x}"), self.now[0] // 1000
        self.services.store.logins.begin_session(claims.login, claims.account_id, "", now + 3600)
        return session_tokens(self.services).issue(claims, "1", now)

    # --- time and the workers -----------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        self.now[0] += int(seconds * 1000)

    def pump(self) -> int:
        """Run the workers on every queued message; how many there were."""
        self.delayed.release()
        return self._drain(self.dispatch_url, lambda m: dispatch(self.services, m["account_id"], m["task_id"])) + (
            self._drain(self.deliver_url, lambda m: tell(self.services, m))
            + self._drain(self.retry_url, lambda m: tell(self.services, m))
            + self._drain(self.archive_url, lambda m: archive(self.services, **m))
            + self._drain(self.hold_url, lambda m: hold(self.services, m["account_id"], m["task_id"]))
            + self._drain(self.renew_url, lambda m: perform(self.services, **m))
        )

    def _drain(self, url: str, worker: Callable[[dict[str, Any]], None]) -> int:
        messages = self.delayed.take(url)
        for message in messages:
            worker(worker_arguments(message))
        return len(messages)

    def tick(self) -> Lap:
        """One lap of the poller over the only shard."""
        return poll(self.services, 0, self.now[0] + 60_000)

    def run(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass with all workers and the poller running."""
        until = self.now[0] + int(seconds * 1000)
        while self.now[0] < until:
            while self.pump():
                continue
            self.tick()
            self.wait(step)
        while self.pump():
            continue

    # --- looking ----------------------------------------------------------------------------------------------

    def task(self, task_id: str) -> Task:
        task = self.services.store.tasks.get(self.account_id, task_id)
        assert task is not None
        return task

    @property
    def balance(self) -> int:
        account = self.services.store.accounts.get(self.account_id)
        assert account is not None
        return account.balance

    @property
    def drift(self) -> int:
        return self.services.store.accounts.drift(self.account_id)

    def entries(self, task_id: str) -> list[str]:
        found = [e for e in self.services.store.accounts.entries(self.account_id) if e.reference == task_id]
        return sorted(entry.kind.value for entry in found)

    @property
    def stored(self) -> dict[str, str]:
        """Every object in the bucket: its digest by its key."""
        found = _client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {each["Key"]: each["ETag"] for each in found}

    def bytes_of(self, key: str) -> bytes:
        return bytes(_client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())

    @property
    def told(self) -> list[Call]:
        """What the client was told, in order."""
        return self.network.sent("client")

    @property
    def webhook_secret(self) -> str:
        return webhook_secret(SECRETS["webhook-master"].encode(), self.account_id, 1)

    def callback(self, job: Job, body: object | None = None, **headers: str) -> tuple[int, Any]:
        """A KIE callback for a job, signed now unless told otherwise."""
        said = body if body is not None else {"code": 200, "msg": "ok", "data": {"taskId": job.task_id}}
        at = self.now[0] // 1000
        signed = {"x-webhook-timestamp": str(at), "x-webhook-signature": sign_id("example-hmac", job.task_id, at)}
        path = urlsplit(job.callback_url).path
        return self.post(path, said, key=None, headers={**signed, **headers})


def _store() -> Store:
    dynamodb = _client("dynamodb")
    tables = [create_table(dynamodb, name) for name in ("TasksTable", "AccountsTable", "DirectoryTable")]
    quicken(REGION)
    return Store.over(Tables(dynamodb, *tables), shards=1, utc_offset=8)


def _bucket() -> Bucket:
    s3 = _client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Bucket(lambda: s3, BUCKET)


def _poller() -> Poller:
    states = _client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/x"
    made = states.create_state_machine(name="poller", definition="{}", roleArn=role)
    return Poller(lambda: states, made["stateMachineArn"])


@contextmanager
def simulated() -> Iterator[Harness]:
    """The relay with every upstream of the catalog, which make what they are asked for as time passes."""
    with harness() as here:
        here.switch_on(*CATALOG.upstreams)
        here.network.started = None
        yield here


@contextmanager
def harness(balance: str = "100", tier: int = 3, *, archive: bool = False) -> Iterator[Harness]:
    with mock_aws():
        sqs = _client("sqs")
        urls: dict[str, Any] = {f"{name}_url": sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
        what = replace(CATALOG, utc_offset=8)
        now, counts, network = [START], dict[str, int](), Network(lambda: now[0] / 1000)
        late: Any = DelayingQueues(sqs, now)
        secrets = Secrets(dict(SECRETS))
        services = Services(
            catalog=what,
            store=_store(),
            queues=Queues(lambda: late, **urls),
            poller=_poller(),
            http=network,
            secrets=secrets,
            clock=lambda: now[0],
            random_bits=random.Random(7).getrandbits,
            count=count_into(counts),
            bucket=_bucket(),
            archive=archive,
            public_url="https://relay.example.net",
            deployment="genrelay/test",
            sign_up=True,
            upstream_urls=URLS,
            threads=1,  # moto is not made for more
        )
        here = Harness(services, network, secrets, sqs, late, **urls, counts=counts, now=now)
        open_account(here, here.account_id, KEY, balance, tier)
        yield here


def worker_arguments(message: dict[str, Any]) -> dict[str, Any]:
    """What a worker is given of a queue message: all but the trace id, which is for the log."""
    body: dict[str, Any] = json.loads(message["Body"])
    return {name: value for name, value in body.items() if name != "trace_id"}


def count_into(counts: dict[str, int]) -> Count:
    """Counts each name, and beside it each name with its upstream, as `name/upstream`."""

    def count(name: str, *, upstream: str | None = None) -> None:
        for each in (name, f"{name}/{upstream}") if upstream else (name,):
            counts[each] = counts.get(each, 0) + 1

    return count


@cache
def _client(service: str) -> Any:
    """Made once: reading AWS's models takes longer than most tests, and moto answers whichever client asks."""
    return boto3.Session(region_name=REGION).client(service, config=HOW.get(service))


def open_account(
    here: Harness, account_id: str, key: str, balance: str, tier: int, *, terms: KeyTerms = UNLIMITED
) -> None:
    store = here.services.store
    store.accounts.open(account_id, account_id, tier)
    if balance != "0":
        store.accounts.top_up(account_id, f"topup-{account_id}", nanos(balance), here.now[0])
    listed = ListedKey("key1", "", key[:7], KeyStatus.ACTIVE, here.now[0], terms=terms)
    store.keys.add(account_id, listed, key_digest(SECRETS["key-pepper"].encode(), key), None)
