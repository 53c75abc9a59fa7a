"""The road to the cloud, driven for real: `sam build` and `sam deploy` into the embedded cloud, then every function."""

from __future__ import annotations

import base64
import gc
import json
import os
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.cloud import Cloud
from local.emulator import ACCOUNT, SECRET
from local.runtime import Fleet
from local.template import REGION
from local.worker import FunctionSpec, Outcome, failure
from relay.ledger import nanos
from relay.signing import key_digest
from relay.store import Store
from relay.store.table import Tables
from relay.task import Asset, Delivery, Draft, Kind, Observation, State, Task, advance
from relay.wiring import catalog

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]
SAM = ROOT / ".venv/sam/bin/sam"
STACK = "genrelay-dev"  # as samconfig.toml calls it
KEY = "sk-EXAMPLE-client-0001"
SECRETS = {
    "key-pepper": "example-pepper",
    "callback-secret": "example-callback-secret",
    "webhook-master": "example-master",
    "media-secret": "example-media-secret",
    "upstreams/kie/key": "sk-EXAMPLE-kie",
}
RESULT = "https://files.example.com/a.png"
NOT_THERE = "http://127.0.0.1:9/a.png"
STORING = "019b76db-5a20-7d44-a3b1-6c0e8f21d975"

# What each example event brings about: an HTTP status, or a handler's answer.
ANSWERS: Mapping[str, Any] = {
    "sweep.schedule": {"started": []},  # first, while nothing is due within its minute
    "submit.relay.image": 200,
    "submit.relay.video": 200,
    "submit.relay.music": 200,
    "submit.kie.generate": 200,
    "status.relay.succeeded": 200,
    "status.relay.unknown-path": 404,
    "status.relay.wrong-method": 404,
    "status.kie.record-info": 200,
    "status.kie.download-url": 200,
    "account.relay.balance": 200,
    "account.relay.consumption": 200,
    "upload.relay.file": 200,
    "upload.relay.image_host": 200,
    "upload.relay.presign": 200,
    "media.link": 302,
    "callback.kie.success": 200,
    "dispatch.relay.one": {"batchItemFailures": []},
    "archive.relay.one": {"batchItemFailures": []},
    "deliver.relay.one": {"batchItemFailures": []},
    "inspect_upload.s3.created": None,
    "poll.due": {"shard": 2, "until": 1767225750000, "more": False, "wait": 5},
}


class Deployed:
    """A stack the SAM CLI deployed, and the functions as it built them."""

    def __init__(self, built: Path) -> None:
        self.built = built
        self.ids: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.functions: Fleet | None = None
        self.cloud = Cloud(None, self._execute)

    def open(self) -> None:
        """Read what was deployed and start serving its functions."""
        cloudformation = self.cloud.client("cloudformation")
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        found = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        self.ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
        pages = self.cloud.client("lambda").get_paginator("list_functions").paginate()
        known = {function["FunctionName"]: function for page in pages for function in page["Functions"]}
        folders = {physical: self.built / logical for logical, physical in self.ids.items() if physical in known}
        specs = [self._spec(known[name], folder) for name, folder in folders.items()]
        self.functions = Fleet(specs, self.cloud.worker_environment(), lambda _: None)
        for mapping in self.cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
            # the emulator keeps a number that came through a parameter as text, and then cannot count with it
            self.cloud.client("lambda").update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 2}
            )

        # the cloud takes the workflow's YAML as it is; the emulator runs only JSON
        workflows, poller = self.cloud.client("stepfunctions"), self.outputs["PollerArn"]
        deployed = yaml_parse(workflows.describe_state_machine(stateMachineArn=poller)["definition"])
        workflows.update_state_machine(stateMachineArn=poller, definition=json.dumps(deployed))

    def close(self) -> None:
        functions, self.functions = self.functions, None
        if functions is not None:
            functions.close()
        self.cloud.close()

    def _spec(self, function: Mapping[str, Any], folder: Path) -> FunctionSpec:
        # the vendor layer holds arm64 code, so here its place is taken by what the tests themselves run on
        return FunctionSpec(
            name=function["FunctionName"],
            arn=function["FunctionArn"],
            handler=function["Handler"],
            code=folder,
            layers=(self.built / "Relay/python",),
            environment=function["Environment"]["Variables"],
            timeout=float(function["Timeout"]),
            memory=int(function["MemorySize"]),
        )

    def _execute(self, function: str, event: object) -> tuple[Any, bool]:
        outcome = self.run(function, json.dumps(event).encode())
        return json.loads(outcome.payload or b"null"), outcome.error

    def run(self, function: str, payload: bytes) -> Outcome:
        if self.functions is None:
            return failure("ServiceException", "not deployed yet")
        return self.functions.invoke(function, payload)


def sam(*words: str, endpoint: str = "") -> None:
    """Run the SAM CLI as an operator would, but blind to this machine's own AWS account."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }
    done = subprocess.run([SAM, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    built = tmp_path_factory.mktemp("sam") / "build"
    sam("build", "--build-dir", str(built))
    deployed = Deployed(built)
    try:
        settings = 'Stage=dev Egress=loopback UpstreamUrls={\\"kie\\":\\"http://127.0.0.1:9\\"}'
        where = ("--config-file", str(ROOT / "samconfig.toml"), "--template-file", str(built / "template.yaml"))
        sam("deploy", *where, "--parameter-overrides", settings, endpoint=deployed.cloud.url)
        deployed.open()
        _furnish(deployed)
        yield deployed
    finally:
        with warnings.catch_warnings():
            # the emulator leaves the loops of its background threads to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            deployed.close()
            gc.collect()


def _furnish(stack: Deployed) -> None:
    """What an operator and some past traffic leave behind: secrets, an account with a key, and three tasks."""
    for name, value in SECRETS.items():
        path = f"{stack.outputs['SecretsPrefix']}/{name}"
        stack.cloud.client("ssm").put_parameter(Name=path, Value=value, Type="SecureString")
    store = _store(stack)
    now = int(time.time() * 1000)
    store.accounts.open("acc1", "example", tier=3)
    store.accounts.top_up("acc1", "019b76da-0000-7000-8000-000000000000", nanos(1000), now)
    store.directory.add_key(key_digest(SECRETS["key-pepper"].encode(), KEY), "acc1", "k1", KEY[:7])
    for task_id, platform, model, kind in (
        ("019b76da-b7a8-7c11-9d53-3d1f0c6b7a10", "kling", "kling-image", Kind.IMAGE),
        ("019b76da-c730-7a52-8e0f-52b0a4c1d9e3", "sora", "sora-2", Kind.VIDEO),
        ("019b76db-0d08-7f3a-b1c4-7e9d20a65f48", "gpt4o-image", "gpt4o-image", Kind.IMAGE),
    ):
        family = "kie" if platform == "gpt4o-image" else "relay"
        draft = Draft(dialect=family, platform=platform, kind=kind, model=model, prompt="a lighthouse", size="1:1")
        task = Task("acc1", task_id, family, platform, kind, model, nanos(1), now, now + 900_000, due_at=now + 600_000)
        store.submissions.create(task, draft, catalog().tiers[3], None)
        if kind is Kind.IMAGE:
            sent = replace(task, upstream=family, upstream_task_id="task_demo", delivery=Delivery.NONE)
            ended = advance(sent, Observation(State.SUCCEEDED, assets=(Asset(RESULT),)), now, "poll")
            assert ended is not None
            assert store.tasks.save(task, ended)
    draft = Draft(dialect="relay", platform="kling", kind=Kind.IMAGE, model="kling-image", prompt="a lighthouse")
    task = Task("acc1", STORING, "relay", "kling", Kind.IMAGE, "kling-image", nanos(1), now, now + 900_000)
    store.submissions.create(task, draft, catalog().tiers[3], None)
    made = advance(
        replace(task, upstream="kie"), Observation(State.SUCCEEDED, assets=(Asset(NOT_THERE),)), now, "poll", store=True
    )
    assert made is not None
    assert store.tasks.save(task, replace(made, due_at=now + 600_000))
    _upload_by_form(stack)


def _upload_by_form(stack: Deployed) -> None:
    """What the example file of a client is, put where the example of the bucket's word says."""
    event = json.loads(_payload("upload.relay.file"))
    picture = base64.b64decode(event["body"]).partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    stack.cloud.client("s3").put_object(Bucket=stack.outputs["MediaBucket"], Key=_uploaded(), Body=picture)


def _uploaded() -> str:
    key: str = json.loads(_payload("inspect_upload.s3.created"))["Records"][0]["s3"]["object"]["key"]
    return key


def _store(stack: Deployed) -> Store:
    names = (stack.outputs[f"{name}Table"] for name in ("Tasks", "Accounts", "Directory"))
    return Store.over(Tables(stack.cloud.client("dynamodb"), *names), shards=4, utc_offset=8)


def _payload(name: str) -> bytes:
    return (ROOT / f"events/{name}.json").read_bytes()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_deployed_function_answers(stack: Deployed, name: str) -> None:
    function = stack.ids[name.partition(".")[0].title().replace("_", "")]
    outcome = stack.run(function, _payload(name))
    assert not outcome.error, outcome.payload
    answer = json.loads(outcome.payload)
    assert (answer or {}).get("statusCode", answer) == ANSWERS[name], answer


def test_outputs_are_what_operators_read(stack: Deployed) -> None:
    assert set(stack.outputs) == {
        *("ApiUrl", "TasksTable", "AccountsTable", "DirectoryTable", "MediaBucket"),
        *("DispatchQueueUrl", "ArchiveQueueUrl", "DeliverQueueUrl", "PollerArn", "SecretsPrefix", "Stage"),
    }
    assert stack.outputs["SecretsPrefix"] == "/genrelay/dev"
    assert stack.outputs["ApiUrl"].startswith("https://")


def test_tables_are_as_the_store_expects(stack: Deployed) -> None:
    dynamodb = stack.cloud.client("dynamodb")
    tasks = dynamodb.describe_table(TableName=stack.outputs["TasksTable"])["Table"]
    (due,) = tasks["GlobalSecondaryIndexes"]
    assert due["IndexName"] == "due"
    assert [key["AttributeName"] for key in due["KeySchema"]] == ["due_shard", "due_at"]
    assert set(due["Projection"]["NonKeyAttributes"]) == {
        *("state", "upstream", "polls", "expires_at", "sending", "delivery"),
    }


def test_what_arrived_by_form_is_judged(stack: Deployed) -> None:
    directory = _store(stack).directory
    # the bucket has said so by itself, when the file came
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not directory.upload_ready(_uploaded()):
        time.sleep(0.1)
    assert directory.upload_ready(_uploaded())


def test_a_result_that_is_not_there_is_tried_again(stack: Deployed) -> None:
    task = _store(stack).tasks.get("acc1", STORING)
    assert task is not None
    assert (task.state, task.tries) == (State.STORING, 1)


def test_a_function_is_told_what_the_parameters_say(stack: Deployed) -> None:
    found = stack.cloud.client("lambda").get_function_configuration(FunctionName=stack.ids["Dispatch"])
    told = found["Environment"]["Variables"]
    assert json.loads(told["UPSTREAM_URLS"]) == {"kie": "http://127.0.0.1:9"}
    assert told["EGRESS"] == "loopback"
    assert told["PUBLIC_URL"] == stack.outputs["ApiUrl"]
    assert told["POLLER_ARN"] == stack.outputs["PollerArn"]
    assert told["MEDIA_BUCKET"] == stack.outputs["MediaBucket"]
    assert told["ARCHIVE"] == "on"
    assert found["Runtime"] == "python3.13"
    assert found["Architectures"] == ["arm64"]


def test_layers_hold_our_package_and_no_leftovers(stack: Deployed) -> None:
    relay, vendor = stack.built / "Relay/python", stack.built / "Vendor/python"
    assert (relay / "relay/catalog.toml").is_file()
    assert (vendor / "pydantic_core").is_dir()
    assert not list(vendor.glob("*.dist-info"))
    assert not [path for path in vendor.rglob("*.so") if "aarch64" not in path.name]


def test_a_function_ships_its_own_file_alone(stack: Deployed) -> None:
    for name, file in (("Submit", "submit.py"), ("InspectUpload", "inspect_upload.py")):
        assert [path.name for path in (stack.built / name).glob("*.*")] == [file]


def test_the_workflow_calls_the_deployed_poll(stack: Deployed) -> None:
    workflows = stack.cloud.client("stepfunctions")
    started = workflows.start_execution(
        stateMachineArn=stack.outputs["PollerArn"], input=json.dumps({"shards": [0, 2], "until": 1_767_225_750_000})
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = workflows.describe_execution(executionArn=started["executionArn"])
        if found["status"] != "RUNNING":
            break
        time.sleep(0.05)
    assert found["status"] == "SUCCEEDED", found


def test_queues_drive_their_functions(stack: Deployed) -> None:
    sqs = stack.cloud.client("sqs")
    waiting = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.outputs["DeliverQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.loads(_payload("deliver.relay.one"))["Records"][0]["body"])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=waiting)["Attributes"]
        if not any(int(number) for number in found.values()):
            break
        time.sleep(0.1)
    assert set(found.values()) == {"0"}
