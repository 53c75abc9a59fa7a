"""The road to the cloud, driven for real: `sam build` and `sam deploy` into the embedded cloud, then every function."""

from __future__ import annotations

import gc
import json
import re
import warnings
from base64 import b64decode
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from standardwebhooks import Webhook

from ops.terms import NewAccount
from relay.nouns.draft import Kind
from relay.nouns.money import nanos
from relay.nouns.task import Asset, Delivery, State
from tests.e2e.fixtures.deployed import ALARM_EMAIL, CORS_ORIGINS, ROOT, STACK, Deployed, sam
from tests.e2e.fixtures.past import AT_KIE, MADE, RESULT, STORING, UPLOADED, WAITING, furnish, store_of, task_of
from tests.e2e.fixtures.running import eventually
from tests.rules.tree import PACKAGE
from tests.samples import sample
from tests.speaking import SPOKEN

AARCH64 = 183  # e_machine of an ELF file
pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    built = tmp_path_factory.mktemp("sam") / "build"
    sam("build", "--build-dir", str(built))
    deployed = Deployed(built)
    try:
        where = ("--config-file", str(ROOT / "samconfig.toml"), "--template-file", str(built / "template.yaml"))
        sam("deploy", *where, "--parameter-overrides", deployed.parameters, endpoint=deployed.cloud.url)
        deployed.open()
        furnish(deployed)
        yield deployed
    finally:
        with warnings.catch_warnings():
            # the emulator leaves the loops of its background threads to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            deployed.close()
            gc.collect()


def _run(stack: Deployed, name: str) -> Any:
    """What a function answers to an example event."""
    function = name.partition(".")[0].title().replace("_", "")
    outcome = stack.run(function, (ROOT / f"events/{name}.json").read_bytes())
    assert not outcome.error, outcome.payload
    return json.loads(outcome.payload)


def _told(stack: Deployed, task_id: str) -> bool:
    return any(task_id.encode() in post.raw for post in list(stack.inbox.posts))


# --- every example event, through the function it is for ----------------------------------------------------------


def test_the_sweep_starts_the_poller_where_a_task_waits(stack: Deployed) -> None:
    assert _run(stack, "sweep.schedule") == {"started": [store_of(stack).tasks.shard(WAITING)]}


def test_the_audit_finds_every_balance_to_be_its_ledgers_sum(stack: Deployed) -> None:
    assert _run(stack, "audit.schedule")["off"] == 0


def test_a_dispatched_task_is_at_its_upstream(stack: Deployed) -> None:
    assert _run(stack, "dispatch.aistudio.one") == {"batchItemFailures": []}
    assert _run(stack, "hold.aistudio.one") == {"batchItemFailures": []}
    task = task_of(stack, WAITING)
    assert task.upstream_task_id in stack.upstreams["aistudio"].book.by_id


def test_an_account_without_a_subscription_has_none_renewed(stack: Deployed) -> None:
    assert _run(stack, "renew.due") == {"batchItemFailures": []}


def test_a_callback_is_confirmed_and_ends_its_task(stack: Deployed) -> None:
    assert _run(stack, "callback.kie.success")["statusCode"] == 200
    task = task_of(stack, AT_KIE)
    assert (task.state, task.learnt, task.assets) == (State.SUCCEEDED, "callback", (Asset(RESULT),))


def test_an_event_of_an_upstream_without_a_key_is_refused(stack: Deployed) -> None:
    assert _run(stack, "callback.newapi.event")["statusCode"] == 403


def test_a_delivery_reaches_the_client(stack: Deployed) -> None:
    assert _run(stack, "deliver.aistudio.one") == {"batchItemFailures": []}
    assert _told(stack, MADE)
    assert task_of(stack, MADE).delivery is Delivery.DONE


def test_a_result_is_copied_before_it_is_announced(stack: Deployed) -> None:
    assert _run(stack, "archive.aistudio.one") == {"batchItemFailures": []}
    task = task_of(stack, STORING)
    assert (task.state, task.assets[0].key) == (State.SUCCEEDED, f"results/acc1/{STORING}-1.png")
    copy = {"Bucket": stack.outputs["MediaBucket"], "Key": task.assets[0].key}
    assert stack.cloud.client("s3").get_object(**copy)["Body"].read() == sample("png")
    assert eventually(lambda: _told(stack, STORING), 10)


def test_what_came_by_form_is_judged(stack: Deployed) -> None:
    directory = store_of(stack).directory
    # the bucket has told of it by itself
    kept = UPLOADED.replace("incoming/", "uploads/")
    assert eventually(lambda: directory.upload_ready(kept), 10), stack.log
    s3 = stack.cloud.client("s3")
    assert s3.get_object(Bucket=stack.outputs["MediaBucket"], Key=kept)["Body"].read() == sample("png")
    assert _run(stack, "inspect_upload.s3.created") is None
    assert directory.upload_ready(kept)


@pytest.mark.parametrize("name", ["media.link", "media.head"])
def test_a_link_gives_the_file(stack: Deployed, name: str) -> None:
    answer = _run(stack, name)
    assert answer["statusCode"] == 200, answer
    assert b64decode(answer["body"]) == sample("png")


@pytest.mark.parametrize("name", ["upload.aistudio.file", "upload.aistudio.image_host", "upload.aistudio.presign"])
def test_an_upload_is_taken(stack: Deployed, name: str) -> None:
    answer = _run(stack, name)
    assert answer["statusCode"] == 200, answer
    document = json.loads(answer["body"])
    link = (document["data"][0] if "data" in document else document)["url"]
    expected = 404 if name == "upload.aistudio.presign" else 200  # nothing has come by that form yet
    assert requests.get(link, timeout=20).status_code == expected


def test_a_path_of_the_front_reaches_the_stream_function_as_it_was_built(stack: Deployed) -> None:
    answer = requests.post(f"{stack.url}/v1/embeddings", json={}, timeout=40)
    assert 400 <= answer.status_code < 500, (answer.text, stack.log)
    assert answer.json() != {"message": "Not Found"}  # the API's own
    (url,) = stack.cloud.client("lambda").list_function_url_configs(FunctionName=stack.ids["Stream"])[
        "FunctionUrlConfigs"
    ]
    assert (url["AuthType"], url["InvokeMode"]) == ("NONE", "RESPONSE_STREAM")
    assert "Distribution" not in stack.ids


def test_a_lap_past_its_time_ends(stack: Deployed) -> None:
    assert _run(stack, "poll.due") == {"shard": 2, "until": 1767225750000, "more": False, "wait": 5}


EXPECTED = [import_module(f"tests.fixtures.{family}.events") for family in SPOKEN]
MAKES: Mapping[str, tuple[Kind, str, int]] = {name: made for each in EXPECTED for name, made in each.MAKES.items()}
ANSWERS: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    name: said for each in EXPECTED for name, said in each.ANSWERS.items()
}


@pytest.mark.parametrize("name", MAKES)
def test_a_request_makes_a_task(stack: Deployed, name: str) -> None:
    answer = _run(stack, name)
    assert 200 <= answer["statusCode"] < 300, answer
    made = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["body"])
    assert made is not None, answer
    task = task_of(stack, made[0])
    assert (task.kind, task.model, task.price) == MAKES[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_question_is_answered(stack: Deployed, name: str) -> None:
    _run(stack, "callback.kie.success")  # some ask for its task, which must have ended; to say so twice does no harm
    answer, (status, said) = _run(stack, name), ANSWERS[name]
    assert answer["statusCode"] == status
    body = json.loads(answer["body"])
    document = body if isinstance(body, dict) else {"data": body}
    data = document.get("data", document.get("models"))
    first = data[0] if isinstance(data, list) and data else data
    inner = document.get("error") or {**(first if isinstance(first, dict) else {}), **document}
    assert {name: inner.get(name) for name in said} == said


# --- what was deployed --------------------------------------------------------------------------------------------


def test_outputs_are_what_operators_read(stack: Deployed) -> None:
    assert set(stack.outputs) == {
        *("ApiUrl", "TasksTable", "AccountsTable", "DirectoryTable", "MediaBucket"),
        *("DispatchQueueUrl", "ArchiveQueueUrl", "DeliverQueueUrl", "PollerArn", "SecretsPrefix", "Stage"),
    }
    assert stack.outputs["SecretsPrefix"] == "/genrelay/local"
    assert stack.outputs["ApiUrl"] == stack.url


def test_loopback_egress_is_refused_outside_the_one_machine_stack(stack: Deployed) -> None:
    cloudformation = stack.cloud.client("cloudformation")
    processed = cloudformation.get_template(StackName=STACK, TemplateStage="Processed")["TemplateBody"]
    whole = processed if isinstance(processed, dict) else json.loads(processed)
    # the rules stand before any resource is made, so what is made does not matter here
    small = {name: whole[name] for name in ("Parameters", "Rules")}
    body = json.dumps({**small, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    given = [{"ParameterKey": "Egress", "ParameterValue": "loopback"}]
    with pytest.raises(ClientError, match="Egress=loopback is for the one-machine stack"):
        cloudformation.create_stack(StackName="elsewhere", TemplateBody=body, Parameters=given)


def test_an_alarm_of_every_loop_is_there(stack: Deployed) -> None:
    alarms = stack.cloud.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = {alarm["AlarmName"]: alarm for page in alarms for alarm in page["MetricAlarms"]}
    watched = {logical: found[name] for logical, name in stack.ids.items() if name in found}
    (queue,) = watched["DeliverDlqAlarm"]["Dimensions"]
    (function,) = watched["PollThrottlesAlarm"]["Dimensions"]
    assert queue["Value"] == stack.ids["DeliverDlq"].rpartition("/")[2]
    assert (function["Value"], watched["PollThrottlesAlarm"]["MetricName"]) == (stack.ids["Poll"], "Throttles")
    assert watched["UnknownOutcomeAlarm"]["Dimensions"] == [{"Name": "service", "Value": STACK}]


def test_alarms_are_mailed_to_the_address_given(stack: Deployed) -> None:
    subscriptions = stack.cloud.client("sns").list_subscriptions_by_topic(TopicArn=stack.ids["AlarmTopic"])
    (mail,) = subscriptions["Subscriptions"]
    assert (mail["Protocol"], mail["Endpoint"]) == ("email", ALARM_EMAIL)
    (alarm,) = stack.cloud.client("cloudwatch").describe_alarms(AlarmNames=[stack.ids["DriftAlarm"]])["MetricAlarms"]
    assert alarm["AlarmActions"] == [stack.ids["AlarmTopic"]]


def test_only_pages_of_the_origins_given_may_use_forms(stack: Deployed) -> None:
    where = f"{stack.cloud.url}/{stack.outputs['MediaBucket']}"

    def asked(origin: str) -> tuple[int, str | None]:
        headers = {"origin": origin, "access-control-request-method": "POST"}
        answer = requests.options(where, headers=headers, timeout=10)
        return answer.status_code, answer.headers.get("access-control-allow-origin")

    assert [asked(origin) for origin in CORS_ORIGINS] == [(200, origin) for origin in CORS_ORIGINS]
    assert asked("https://elsewhere.example.com") == (403, None)


def test_tables_are_as_the_store_expects(stack: Deployed) -> None:
    dynamodb = stack.cloud.client("dynamodb")
    tasks = dynamodb.describe_table(TableName=stack.outputs["TasksTable"])["Table"]
    (due,) = tasks["GlobalSecondaryIndexes"]
    assert due["IndexName"] == "due"
    assert [key["AttributeName"] for key in due["KeySchema"]] == ["due_shard", "due_at"]
    assert set(due["Projection"]["NonKeyAttributes"]) == {
        *("state", "upstream", "polls", "expires_at", "sending", "delivery"),
    }


def test_a_function_is_told_what_the_parameters_say(stack: Deployed) -> None:
    found = stack.cloud.client("lambda").get_function_configuration(FunctionName=stack.ids["Dispatch"])
    told = found["Environment"]["Variables"]
    assert json.loads(told["UPSTREAM_URLS"]) == stack.upstreams.urls
    assert told["EGRESS"] == "loopback"
    assert told["PUBLIC_URL"] == stack.outputs["ApiUrl"]
    assert told["POLLER_ARN"] == stack.outputs["PollerArn"]
    assert told["MEDIA_BUCKET"] == stack.outputs["MediaBucket"]
    assert told["ARCHIVE"] == "off"
    assert found["Runtime"] == "python3.13"
    assert found["Architectures"] == ["arm64"]


def test_layers_hold_our_package_and_no_leftovers(stack: Deployed) -> None:
    layers = ("Relay", "Vendor", "StreamVendor", "DevelopersVendor")
    relay, vendor, stream, developers = (stack.built / f"{layer}/python" for layer in layers)
    files = {path.relative_to(relay) for path in relay.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    ours = (path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert files == {path.relative_to(PACKAGE.parent) for path in ours}
    assert (vendor / "pydantic_core").is_dir()
    assert (stream / "uvloop").is_dir()
    assert (developers / "argon2").is_dir()
    for layer in (vendor, stream, developers):
        assert not list(layer.glob("*.dist-info"))
        built_for = {path: int.from_bytes(path.read_bytes()[18:20], "little") for path in layer.rglob("*.so")}
        assert set(built_for.values()) == {AARCH64}


def test_a_function_ships_its_own_file_alone(stack: Deployed) -> None:
    files = {"Submit": {"submit.py"}, "InspectUpload": {"inspect_upload.py"}, "Stream": {"stream.py", "stream.sh"}}
    for name, own in files.items():
        assert {path.name for path in (stack.built / name).glob("*.*")} == own


# --- the main job, from request to delivery -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def account(stack: Deployed) -> NewAccount:
    return stack.operator().open_account("client", tier=2, top_up=nanos(100))


JOBS: Mapping[str, tuple[str, dict[str, Any], str, str]] = {
    "an image that is called back": ("/api/grok/images", {"prompt": "a fox"}, "kie", "callback"),
    "a video that is polled": (
        "/api/kling/videos",
        {"action": "text2video", "prompt": "a paper boat"},
        "aistudio",
        "poll",
    ),
}


@pytest.mark.parametrize("job", JOBS)
def test_a_task_is_made_charged_once_and_told(stack: Deployed, account: NewAccount, job: str) -> None:
    path, body, upstream, learnt = JOBS[job]
    headers = {"authorization": f"Bearer {account.api_key}"}
    answer = requests.post(
        stack.url + path, json={**body, "callback_url": stack.inbox.url}, headers=headers, timeout=20
    )
    task_id = answer.json()["task_id"]
    assert eventually(lambda: task_of(stack, task_id, account.account_id).delivery is Delivery.DONE, 25), stack.log
    task = task_of(stack, task_id, account.account_id)
    assert (task.state, task.upstream, task.learnt) == (State.SUCCEEDED, upstream, learnt)
    accounts = stack.operator().store.accounts
    entries = [entry for entry in accounts.entries(account.account_id) if entry.reference == task_id]
    assert sorted((entry.kind, entry.amount) for entry in entries) == [("capture", 0), ("reserve", -task.price)]
    assert accounts.drift(account.account_id) == 0
    (post,) = [post for post in stack.inbox.posts if task_id.encode() in post.raw]
    assert Webhook(account.webhook_secret).verify(post.raw, dict(post.headers))["status"] == "succeeded"


def test_the_example_account_adds_up(stack: Deployed) -> None:
    assert stack.operator().store.accounts.drift("acc1") == 0
