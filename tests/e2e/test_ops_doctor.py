"""`ops doctor` on a deployed stack: at first nothing blocks; then each test takes something away, and it is missed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
from ministack.services import lambda_svc

from local.emulator import ACCOUNT, SECRET
from local.relayed import PREFIX, LocalRelay
from local.template import REGION
from ops.__main__ import main
from ops.targets import on_aws
from relay.catalog.file import shipped
from relay.flow.services import UPSTREAMS_ON

pytestmark = pytest.mark.stack

STACK = "local"


@dataclass
class Doctor:
    """An operator with credentials, asking about the deployed stack as he would ask AWS."""

    relay: LocalRelay
    capture: pytest.CaptureFixture[str]

    def client(self, service: str) -> Any:
        return self.relay.stack.client(service)

    def says(self, code: int) -> str:
        """What the command prints, on one line each, where it ends with `code`."""
        self.capture.readouterr()
        ended = main(["doctor", "--stack", STACK])
        printed = self.capture.readouterr()
        assert (ended, "not ready" in printed.err) == (code, code == 1), printed
        assert all(len(line) <= 80 for line in printed.out.splitlines())
        return " ".join(printed.out.split())

    def physical(self, logical: str) -> str:
        return self.relay.stack.ids[logical]


@pytest.fixture
def doctor(relay: LocalRelay, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    monkeypatch.setenv("AWS_ENDPOINT_URL", relay.stack.aws_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("COLUMNS", "80")
    return Doctor(relay, capsys)


def test_a_fresh_deployment_has_nothing_that_blocks(doctor: Doctor) -> None:
    said = doctor.says(0)
    assert "every model that is sold can be made" in said
    assert "0 blocking" in said
    for about in (
        "secrets",
        "upstream kie",
        "upstream aistudio",
        "upstream midjourney",
        "clock",
        "queues",
        "logs",
        "version",
    ):
        assert f"✓ {about} " in said


def test_alarms_that_tell_nobody_are_told_of(doctor: Doctor) -> None:
    assert "tell nobody: deploy with AlarmEmail or AlarmTopicArn" in doctor.says(0)


def test_a_topic_counts_its_subscribers(doctor: Doctor) -> None:
    topics, alarms = doctor.client("sns"), doctor.client("cloudwatch")
    topic = topics.create_topic(Name="operators")["TopicArn"]
    for alarm in alarms.describe_alarms()["MetricAlarms"]:
        told = {"AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods"}
        told |= {"Threshold", "ComparisonOperator", "TreatMissingData"}
        alarms.put_metric_alarm(**{name: alarm[name] for name in told & alarm.keys()}, AlarmActions=[topic])
    assert "topic operators has no subscriber" in doctor.says(0)
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:pager")
    assert "✓ alarms topic operators has 1 subscriber" in doctor.says(0)


def test_a_new_accounts_ten_executions_block(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_svc, "_ACCOUNT_CONCURRENCY_CAP", 10)
    said = doctor.says(1)
    assert "✗ concurrency this account runs 10 functions at once" in said
    assert "--quota-code L-B99A9384" in said


def test_functions_without_a_reserve_are_told_of(doctor: Doctor) -> None:
    assert "! concurrency" in (said := doctor.says(0))
    assert "deploy with ReservedConcurrency" in said
    poll = doctor.physical("Poll")
    doctor.client("lambda").put_function_concurrency(FunctionName=poll, ReservedConcurrentExecutions=8)
    assert "8 are reserved" in doctor.says(0)
    doctor.client("lambda").delete_function_concurrency(FunctionName=poll)


def test_origins_that_browsers_may_come_from_are_shown(doctor: Doctor) -> None:
    bucket = doctor.relay.stack.outputs["MediaBucket"]
    doctor.client("s3").delete_bucket_cors(Bucket=bucket)
    assert "no web page may use forms or read files: deploy with CorsOrigins" in doctor.says(0)
    rule = {"AllowedOrigins": ["https://app.example"], "AllowedMethods": ["POST"]}
    doctor.client("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert "web pages of https://app.example may use forms" in doctor.says(0)


def test_a_log_kept_for_ever_is_told_of(doctor: Doctor) -> None:
    doctor.client("logs").delete_retention_policy(logGroupName=doctor.physical("SubmitLogs"))
    assert f"kept for ever: {doctor.physical('SubmitLogs')}" in doctor.says(0)


def test_a_deleted_log_group_is_told_of(doctor: Doctor) -> None:
    doctor.client("logs").delete_log_group(logGroupName=doctor.physical("PollLogs"))
    assert f"gone: {doctor.physical('PollLogs')}" in doctor.says(0)


def test_messages_that_failed_are_counted(doctor: Doctor) -> None:
    doctor.client("sqs").send_message(QueueUrl=doctor.physical("DeliverDlq"), MessageBody=json.dumps({}))
    assert "failed messages wait in DeliverDlq (1)" in doctor.says(0)


def test_a_queue_that_nobody_reads_blocks(doctor: Doctor) -> None:
    functions = doctor.client("lambda")
    (mapping,) = [
        each
        for each in functions.list_event_source_mappings()["EventSourceMappings"]
        if "DispatchQueue" in each["EventSourceArn"]
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    assert "read by nobody: local-DispatchQueue" in doctor.says(1)
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_an_upstream_without_a_key_names_what_cannot_be_made(doctor: Doctor) -> None:
    secrets = doctor.client("ssm")
    key = secrets.get_parameter(Name=f"{PREFIX}/upstreams/aistudio/key", WithDecryption=True)["Parameter"]["Value"]
    secrets.delete_parameter(Name=f"{PREFIX}/upstreams/aistudio/key")
    assert main(["secrets-init", "--stack", STACK]) == 0
    said = doctor.says(0)
    assert "! upstream aistudio has no key, so it is switched off: secrets-set upstreams/aistudio/key" in said
    assert "lovart" in said
    assert "grok-imagine" not in said  # another upstream makes it too
    secrets.put_parameter(Name=f"{PREFIX}/upstreams/aistudio/key", Value=key, Type="SecureString")
    assert main(["secrets-init", "--stack", STACK]) == 0


def test_a_list_of_upstreams_that_is_out_of_date_blocks(doctor: Doctor) -> None:
    name = f"{PREFIX}/{UPSTREAMS_ON}"
    doctor.client("ssm").put_parameter(Name=name, Value='["kie"]', Type="SecureString", Overwrite=True)
    assert "✗ upstreams-on does not list" in doctor.says(1)
    assert main(["secrets-init", "--stack", STACK]) == 0
    assert "upstreams-on" not in doctor.says(0)


def test_nothing_to_sell_and_no_secrets_block(doctor: Doctor) -> None:
    names = ["key-pepper", *(f"upstreams/{upstream}/key" for upstream in shipped().upstreams)]
    doctor.client("ssm").delete_parameters(Names=[f"{PREFIX}/{name}" for name in names])
    said = doctor.says(1)
    assert "✗ secrets key-pepper missing: run secrets-init" in said
    assert "✗ catalog nothing that is sold can be made" in said


def test_what_may_not_be_looked_at_is_said_and_the_rest_is_looked_at(doctor: Doctor) -> None:
    doctor.client("dynamodb").delete_table(TableName=doctor.physical("DirectoryTable"))
    deadline = time.monotonic() + 10
    while "tables could not be looked at" not in (said := doctor.says(1)):
        assert time.monotonic() < deadline, said
    assert "✓ clock" in said


def test_an_unknown_stack_is_one_sentence(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--stack", "no-such-stack"]) == 1
    printed = capsys.readouterr()
    assert "no-such-stack" in printed.err
    assert "unexpected" not in printed.err
    assert printed.out == ""


def test_a_stack_of_something_else_is_said_to_be_one(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    doctor.client("cloudformation").create_stack(StackName="theirs", TemplateBody=json.dumps(body))
    assert main(["doctor", "--stack", "theirs"]) == 1
    assert "this stack is no genrelay" in capsys.readouterr().err


def test_the_stack_is_found_whole(doctor: Doctor) -> None:
    assert on_aws(STACK).resources("AWS::SQS::Queue").keys() >= {"DispatchQueue", "DispatchDlq"}
