"""A relay whose functions each have a container of their own, and whose AWS calls are recorded by function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.edge.media import MediaEndpoint
from relay.effects.bucket import Bucket
from relay.effects.poller import Poller
from relay.effects.secret_store import Secrets, listed
from relay.effects.store import Store
from relay.effects.store.audits import Progress
from relay.families.provider import Api
from relay.flow.audit import audit
from relay.flow.clock import Lap, sweep
from relay.flow.services import Services
from relay.flow.shares import Shares
from relay.flow.uploads import inspect_upload
from tests.functional.aws_fakes import DelayingQueues, function_of, http_event
from tests.functional.harness import ARN, BUCKET, KEYS, REGION, SECRETS, Harness
from tests.functional.holding import speaking
from tests.functional.network import CATALOG
from tests.rules.tree import functions

PREFIX = "/genrelay/test"
FUNCTIONS = (
    *(
        "submit",
        "status",
        "stream",
        "account",
        "developers",
        "payments",
        "upload",
        "media",
        "callback",
        "dispatch",
        "poll",
    ),
    *("hold", "archive", "deliver", "renew", "inspect_upload", "sweep", "audit"),
)
# A transaction needs the rights of its parts.
TRANSACTION_ACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
# What S3 asks for where its operation has another name than the right.
S3_ACTIONS = {
    "HeadObject": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}


class AwsUse(NamedTuple):
    """One thing a function does, in the words of its policy; the resource by its name in the template.

    `key` is the partition key of a directory row: that table is shared by all functions, so rights to it are narrowed
    by key. Elsewhere it is empty.
    """

    function: str
    action: str
    resource: str
    key: str = ""


@dataclass
class CallRecorder:
    """The clients of every function; each records its calls in `uses`. Made once."""

    uses: set[AwsUse] = field(default_factory=set)
    secrets: dict[str, set[str]] = field(default_factory=dict)  # asked for, by function
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, function: str, service: str) -> Any:
        if (function, service) not in self._made:
            self._made[function, service] = self._make(function, service)
        return self._made[function, service]

    def _make(self, function: str, service: str) -> Any:
        def note(params: dict[str, Any], model: Any, **_: object) -> None:
            self.uses.update(AwsUse(function, *each) for each in actions_of(service, model.name, params))

        client = _session().client(service)
        client.meta.events.register("provide-client-params", note)
        return client


class RecordingBucket(Bucket):
    """Records signed forms too: they are used with the signer's rights, and signing makes no call."""

    def __init__(self, connect: Callable[[], Any], note: Callable[[str, str], None]) -> None:
        super().__init__(connect, BUCKET)
        self._note = note

    def form(self, key: str, content_type: str, limit: int, seconds: int) -> dict[str, Any]:
        self._note("s3:PutObject", f"MediaBucket/{key}")
        return super().form(key, content_type, limit, seconds)


class RecordingSecrets(Secrets):
    """Reads what the template says the function uses, and notes what it asks for."""

    def __init__(self, connect: Callable[[], Any], function: str, recorder: CallRecorder) -> None:
        super().__init__(connect, PREFIX, listed(secrets_of(function), CATALOG.upstreams))
        self._note = partial(recorder.secrets.setdefault(function, set()).add)

    def find(self, name: str) -> str | None:
        self._note(name)
        return super().find(name)


def secrets_of(function: str) -> str:
    """A function's SECRETS variable; empty where it uses none."""
    variables: dict[str, str] = functions()[function].get("Environment", {}).get("Variables", {})
    return variables.get("SECRETS", "")


@dataclass
class RecordingHarness(Harness):
    """Records the functions' calls only; what a test looks up itself is not recorded."""

    recorder: CallRecorder = field(default_factory=CallRecorder)
    containers: dict[str, Services] = field(default_factory=dict)
    queues: list[DelayingQueues] = field(default_factory=list)

    @classmethod
    def of(cls, here: Harness, recorder: CallRecorder) -> RecordingHarness:
        made = cls(**{each.name: getattr(here, each.name) for each in fields(here)}, recorder=recorder)
        ssm = _operator("ssm")
        for name, value in SECRETS.items():
            ssm.put_parameter(Name=f"{PREFIX}/{name}", Value=value, Type="SecureString")
        made.containers = {name: made._container(name) for name in FUNCTIONS}
        return made

    def _container(self, function: str) -> Services:
        """Services that share nothing with the other containers: each must read what it needs itself."""
        connect = partial(self.recorder.client, function)
        tables = replace(self.services.store.tasks.tables, client=connect("dynamodb"))
        queues: Any = DelayingQueues(connect("sqs"), self.now, self.delayed.sent)
        self.queues.append(queues)
        return replace(
            self.services,
            store=Store.over(tables, shards=1, utc_offset=8),
            queues=self.connect_queues(queues),
            bucket=RecordingBucket(
                lambda: connect("s3"), lambda *what: self.recorder.uses.add(AwsUse(function, *what))
            ),
            poller=Poller(lambda: connect("stepfunctions"), ARN),
            secrets=RecordingSecrets(lambda: connect("ssm"), function, self.recorder),
            resting={},
            woken={},
            shares=Shares(),
        )

    @contextmanager
    def at(self, function: str) -> Iterator[None]:
        """Run the block in a function's own container."""
        outside, self.services = self.services, self.containers[function]
        try:
            yield
        finally:
            self.services = outside

    # --- the same relay, with each worker in its container ------------------------------------------------------

    def exchange(self, method: str, path: str, body: object = None, **how: Any) -> tuple[int, Any, dict[str, str]]:
        with self.at("callback" if path.startswith("/callbacks/") else function_of(method, path)):
            return super().exchange(method, path, body, **how)

    def follow(self, link: str) -> int:
        """The status a link of ours is answered with."""
        event = http_event("GET", urlsplit(link).path + "?" + urlsplit(link).query, {}, b"")
        with self.at("media"):
            return int(MediaEndpoint(lambda: self.services).resolve(event, LambdaContext())["statusCode"])

    def put_by_form(self, key: str, body: bytes) -> None:
        """Put a file by a form, and send the bucket's event."""
        _operator("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        with self.at("inspect_upload"):
            inspect_upload(self.services, key)

    def hold_key(self, upstream: str) -> None:
        """From here on we hold an upstream's key."""
        name = f"upstreams/{upstream}/key"
        _operator("ssm").put_parameter(Name=f"{PREFIX}/{name}", Value=KEYS[name], Type="SecureString")

    def speak(self, api: Api) -> None:
        """From here on an upstream speaks `api`, as `holding.speak` says."""
        self.containers = {name: speaking(services, api) for name, services in self.containers.items()}

    def turn_archiving_on(self) -> None:
        """From here on results are copied before they are announced."""
        self.containers = {name: replace(services, archive=True) for name, services in self.containers.items()}

    def pump(self) -> int:
        for queues in self.queues:
            queues.release()
        return super().pump()

    def _drain(self, url: str, worker: Callable[[dict[str, Any]], None]) -> int:
        workers = {self.dispatch_url: "dispatch", self.archive_url: "archive", self.hold_url: "hold"}
        workers |= {self.deliver_url: "deliver", self.retry_url: "deliver", self.renew_url: "renew"}

        def work(message: dict[str, Any]) -> None:
            with self.at(workers[url]):
                worker(message)

        return super()._drain(url, work)

    def tick(self) -> Lap:
        with self.at("poll"):
            return super().tick()

    def sweep(self) -> list[int]:
        with self.at("sweep"):
            return sweep(self.services)

    def audit(self) -> Progress:
        with self.at("audit"):
            return audit(self.services)


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


@cache
def _operator(service: str) -> Any:
    return _session().client(service)


def actions_of(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The actions a call to AWS needs, on which resource each, and on which key where that is a directory row."""
    if operation in ("TransactWriteItems", "BatchGetItem"):
        yield from _parts(params)
    elif service == "dynamodb":
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", f"{params['TableName']}{index}", _lookup(params)
    elif service == "sqs":
        yield f"sqs:{operation}", f"{params['QueueUrl'].rpartition('/')[2].capitalize()}Queue"
    elif service == "ssm":
        for name in params["Names"]:
            yield f"ssm:{operation}", f"secret {name.removeprefix(f'{PREFIX}/')}"
    elif service == "s3":
        yield from _objects(operation, params)
    elif service == "stepfunctions" and params["stateMachineArn"] == ARN:
        yield f"states:{operation}", "Poller"
    else:
        raise ValueError(f"{service} {operation}: {json.dumps(params)}")


def _parts(params: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The actions of a call that does several things."""
    for step in params.get("TransactItems", ()):
        ((part, what),) = step.items()
        yield TRANSACTION_ACTIONS[part], what["TableName"], _lookup(what)
    for table, wanted in params.get("RequestItems", {}).items():
        for key in wanted["Keys"]:
            yield "dynamodb:BatchGetItem", table, _lookup({"Key": key})


def _objects(operation: str, params: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    if operation == "CreateBucket":
        return  # what botocore borrows a form's address from; nothing is called
    if operation == "CopyObject":
        yield "s3:GetObject", f"MediaBucket/{params['CopySource']['Key']}"
    yield f"s3:{S3_ACTIONS.get(operation, operation)}", f"MediaBucket/{params['Key']}"


def _lookup(params: dict[str, Any]) -> str:
    """The partition key of the directory row a call names; empty for other tables, and for a call that names none."""
    lookup: dict[str, str] = (params.get("Key") or params.get("Item") or {}).get("lookup", {})
    return lookup.get("S", "")
