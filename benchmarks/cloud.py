"""Starts an embedded cloud and an upstream, each in a process of its own, for the measured code to use.

Tables come from the template. Queues have no consumer and the state machine does nothing, so only the measured process
makes calls.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import upstream
from benchmarks.measured import CHAT_UPSTREAM, UPSTREAMS, calling
from local.cloud import Cloud
from local.loops import read_template
from ops.deployment import Deployment
from relay.nouns.money import nanos

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "template.yaml"
LAYER, FUNCTIONS = ROOT / "layers" / "relay" / "python", ROOT / "functions"
PREFIX = "/genrelay/bench"
CALLBACK_SECRET = "example-callback-secret"
SHARDS = 4
BUCKET = "media"

_spawn = multiprocessing.get_context("spawn")
T = TypeVar("T")
Environment = Mapping[str, str]


@contextmanager
def embedded_cloud(upstream_seconds: float, result: str = upstream.RESULT) -> Iterator[dict[str, str]]:
    """The environment variables of a function, plus CLIENT_KEY, ACCOUNT_ID and CLIENT_URL.

    `result` is the link to each thing made; results are not archived unless ARCHIVE is set on.
    """
    with ExitStack() as opened:
        url = opened.enter_context(child_process(upstream.serve, upstream_seconds, result))
        environment: dict[str, str] = opened.enter_context(child_process(serve_cloud))
        bases = {each.NAME: f"{url}/{each.NAME}" for each in UPSTREAMS}
        yield {**environment, "UPSTREAM_URLS": json.dumps(bases), "CLIENT_URL": f"{url}/client"}


@contextmanager
def child_process(target: Callable[..., None], *arguments: object) -> Iterator[Any]:
    """Run `target` in a child process until the block ends; the first object it sends."""
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join(5)
        if process.is_alive():
            process.kill()


def run_in_child(environment: Environment, function: Callable[..., T], *arguments: object) -> T:
    """Call a module-level function in a fresh interpreter with this environment; its result."""
    before = dict(os.environ)
    # the child must have it before it imports anything: Powertools reads some of it at once
    os.environ.update(environment)
    try:
        with child_process(_call, function, arguments) as outcome:
            if isinstance(outcome, BaseException):
                raise outcome
            answer: T = outcome
            return answer
    finally:
        os.environ.clear()
        os.environ.update(before)


def _call(pipe: Connection, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    try:
        pipe.send(function(*arguments))
    except Exception as error:
        pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
        raise


def serve_cloud(ready: Connection, accounts: int = 1) -> None:
    """Serve until the other end of `ready` closes; sends the functions' environment there first.

    CLIENT_KEYS holds a key of each of so many accounts.
    """
    cloud = Cloud(None, lambda function, event: (None, False))
    try:
        ready.send(_create_resources(cloud, accounts))
        with contextlib.suppress(EOFError):
            ready.recv()
    finally:
        cloud.close()


def _create_resources(cloud: Cloud, accounts: int) -> dict[str, str]:
    resources = read_template(TEMPLATE)["Resources"]
    dynamodb, sqs = cloud.client("dynamodb"), cloud.client("sqs")
    outputs = {name: _create_table(dynamodb, name, resources[name]["Properties"]) for name in _TABLES.values()}
    outputs["SecretsPrefix"] = PREFIX
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dispatch", "archive", "deliver")}
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    machine = cloud.client("stepfunctions").create_state_machine(
        name="poller",
        definition=json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Pass", "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/poller",
    )
    deployment = Deployment.over(outputs, cloud.client)
    for name, value in _SECRETS.items():
        deployment.put_secret(name, value, overwrite=True)
    account, *others = [deployment.open_account("bench", 3, nanos("1000000")) for _ in range(accounts)]
    return {
        **cloud.worker_environment(),
        **_SETTINGS,
        **{variable: outputs[name] for variable, name in _TABLES.items()},
        "DISPATCH_QUEUE_URL": urls["dispatch"],
        "DELIVER_QUEUE_URL": urls["deliver"],
        "ARCHIVE_QUEUE_URL": urls["archive"],
        "POLLER_ARN": machine["stateMachineArn"],
        "ACCOUNT_ID": account.account_id,
        "CLIENT_KEY": account.api_key,
        "CLIENT_KEYS": " ".join(each.api_key for each in (account, *others)),
    }


_SETTINGS = {
    "MEDIA_BUCKET": BUCKET,
    "ARCHIVE": "off",
    "SECRETS_PREFIX": PREFIX,
    "PUBLIC_URL": "https://relay.example.com",
    "EGRESS": "loopback",
    "DUE_SHARDS": str(SHARDS),
    "POWERTOOLS_SERVICE_NAME": "genrelay",
    "POWERTOOLS_METRICS_NAMESPACE": "genrelay",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "AWS_LAMBDA_FUNCTION_NAME": "genrelay-bench",
}
_TABLES = {"TASKS_TABLE": "TasksTable", "ACCOUNTS_TABLE": "AccountsTable", "DIRECTORY_TABLE": "DirectoryTable"}
_SECRETS = {
    "key-pepper": "example-pepper",
    "callback-secret": CALLBACK_SECRET,
    "media-secret": "example-media-secret",
    "webhook-master": "example-master",
    "session-key": "example-session-key-of-a-benchmark",
    **{f"upstreams/{each.NAME}/key": f"sk-EXAMPLE-{each.NAME}" for each in UPSTREAMS},
    f"upstreams/{CHAT_UPSTREAM}/key": "sk-EXAMPLE",
    f"upstreams/{calling.NAME}/webhook-key": calling.WEBHOOK_KEY,
}


def _create_table(dynamodb: Any, name: str, properties: Mapping[str, Any]) -> str:  # noqa: ANN401 - a boto3 client
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    dynamodb.create_table(TableName=name, **{part: properties[part] for part in wanted if part in properties})
    return name
