"""Checks of a deployment's AWS resources: alarms and their receivers, quotas, queues, CORS, logs, tables, versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from ops.findings import Finding, blocking, lacking, names, ok
from ops.targets import Target

REQUESTS = 10  # concurrent executions to leave for HTTP requests beside the queues' own
AT_ONCE = 100  # names one DescribeAlarms takes
WANTED = 1000  # concurrent executions to ask for: what AWS calls its default, though new accounts have less


def alarms(at: Target) -> Iterator[Finding]:
    wanted = list(at.resources("AWS::CloudWatch::Alarm").values())
    client = at.connect("cloudwatch")
    groups = [wanted[first : first + AT_ONCE] for first in range(0, len(wanted), AT_ONCE)]
    found = [
        each
        for group in groups
        for each in client.describe_alarms(AlarmNames=group, MaxRecords=AT_ONCE)["MetricAlarms"]
    ]
    ringing = sorted(each["AlarmName"] for each in found if each["StateValue"] == "ALARM")
    if ringing:
        yield lacking("alarms", f"ringing: {names(ringing)} (docs/operations.md says what to do)")
    silent = [each for each in found if not each["AlarmActions"]]
    if silent or not found:
        yield lacking("alarms", f"{len(silent)} of {len(found)} tell nobody: deploy with AlarmEmail or AlarmTopicArn")
    topics = sorted({action for each in found for action in each["AlarmActions"]})
    for topic in topics:
        yield _subscribers(at, topic)


def _subscribers(at: Target, topic: str) -> Finding:
    name = topic.rpartition(":")[2]
    pages = at.connect("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    confirmed = [arn for arn in found if arn.startswith("arn:")]
    if confirmed:
        return ok("alarms", f"topic {name} has {len(confirmed)} subscriber{'s' if len(confirmed) > 1 else ''}")
    if found:
        return lacking("alarms", f"topic {name}: nobody has confirmed the subscription; look for the mail")
    return lacking("alarms", f"topic {name} has no subscriber: subscribe to it in SNS")


def quotas(at: Target) -> Iterator[Finding]:
    limits = at.connect("lambda").get_account_settings()["AccountLimit"]
    total, unreserved = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    queues = sum(each.get("ScalingConfig", {}).get("MaximumConcurrency", 0) for each in _mappings(at))
    yield _concurrency(total, unreserved, queues)


def _concurrency(total: int, unreserved: int, queues: int) -> Finding:
    """Whether the account runs enough functions at once. A new account may have ten, and then requests are refused."""
    if unreserved < queues + REQUESTS:
        return blocking(
            "concurrency",
            f"this account runs {total} functions at once, {unreserved} of them unreserved; the queues alone may take "
            f"{queues}, so clients will be refused. aws service-quotas request-service-quota-increase "
            f"--service-code lambda --quota-code L-B99A9384 --desired-value {WANTED}",
        )
    enough = f"{total} functions at once; the queues take at most {queues}"
    if total == unreserved:
        floods = "nothing is reserved, so a flood can hold up callbacks and polls: deploy with ReservedConcurrency"
        return lacking("concurrency", f"{enough}; {floods}")
    return ok("concurrency", f"{enough}, {total - unreserved} are reserved")


def _mappings(at: Target) -> list[dict[str, Any]]:
    functions = set(at.resources("AWS::Lambda::Function").values())
    pages = at.connect("lambda").get_paginator("list_event_source_mappings").paginate()
    found = [each for page in pages for each in page["EventSourceMappings"]]
    return [each for each in found if each["FunctionArn"].rpartition(":function:")[2] in functions]


def queues(at: Target) -> Iterator[Finding]:
    off = [each["EventSourceArn"].rpartition(":")[2] for each in _mappings(at) if each["State"] != "Enabled"]
    if off:
        yield blocking("queues", f"read by nobody: {names(off)}; enable the event source mapping")
    client = at.connect("sqs")
    dead = {}
    for name, url in at.resources("AWS::SQS::Queue").items():
        if "Dlq" in name:
            told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            dead[name] = int(told["Attributes"]["ApproximateNumberOfMessages"])
    full = [f"{name} ({count})" for name, count in dead.items() if count]
    if full:
        yield lacking("queues", f"failed messages wait in {names(full)}; read the function's log, then redrive them")
    if not off and not full:
        yield ok("queues", f"all are read, the {len(dead)} for failures are empty")


def clock(at: Target) -> Iterator[Finding]:
    client = at.connect("scheduler")
    for name in at.resources("AWS::Scheduler::Schedule").values():
        state = client.get_schedule(Name=name.rpartition("/")[2])["State"]
        if state == "ENABLED":
            yield ok("clock", "the sweep is scheduled")
        else:
            yield blocking("clock", f"the schedule {name} is {state.lower()}: tasks are not looked at; enable it")


def cors(at: Target) -> Iterator[Finding]:
    """Only web pages ask for it, so a deployment whose clients are servers may go without."""
    origins = [each for bucket in at.resources("AWS::S3::Bucket").values() for each in _bucket_origins(at, bucket)]
    if origins:
        yield ok("CORS", f"web pages of {names(origins)} may use forms and read files")
    else:
        yield lacking("CORS", "no web page may use forms or read files: deploy with CorsOrigins if one should")


def _bucket_origins(at: Target, bucket: str) -> list[str]:
    try:
        rules = at.connect("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchCORSConfiguration":
            raise
        rules = []
    return [origin for rule in rules for origin in rule["AllowedOrigins"]]


def logs(at: Target) -> Iterator[Finding]:
    client = at.connect("logs")
    wanted = set(at.resources("AWS::Logs::LogGroup").values())
    # where a function runs after its group was deleted, Lambda makes one of its own, kept for ever
    stray = {f"/aws/lambda/{name}" for name in at.resources("AWS::Lambda::Function").values()}
    kept = {
        group["logGroupName"]: group.get("retentionInDays")
        for page in client.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        if group["logGroupName"] in wanted | stray
    }
    missing, for_ever = sorted(wanted - kept.keys()), sorted(name for name, days in kept.items() if not days)
    if missing:
        yield lacking("logs", f"gone: {names(missing)}; deploy again")
    if for_ever:
        yield lacking("logs", f"kept for ever: {names(for_ever)}; set a retention or delete them")
    if not missing and not for_ever:
        days = sorted({each for each in kept.values() if each})
        yield ok("logs", f"{len(kept)} groups, kept {' to '.join(map(str, days))} days")


def tables(at: Target) -> Iterator[Finding]:
    client, open_ones, unsaved = at.connect("dynamodb"), [], []
    found = at.resources("AWS::DynamoDB::Table")
    for name, table in found.items():
        if not client.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
            open_ones.append(name)
        backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
            unsaved.append(name)
    if open_ones:
        yield lacking("tables", f"not protected from deletion: {names(open_ones)}; deploy with ProtectData=on")
    if unsaved:
        yield lacking("tables", f"no point-in-time recovery: {names(unsaved)}; deploy with ProtectData=on")
    if not open_ones and not unsaved:
        yield ok("tables", f"the {len(found)} are protected from deletion and can be restored")


def versions(at: Target) -> Iterator[Finding]:
    client = at.connect("lambda")
    found = [
        client.get_function_configuration(FunctionName=each) for each in at.resources("AWS::Lambda::Function").values()
    ]
    sick = sorted(each["FunctionName"] for each in found if each.get("State", "Active") != "Active")
    layers = {layer["Arn"] for each in found for layer in each.get("Layers", [])}
    named = {layer.rpartition(":")[0] for layer in layers}  # without the version: one function has layers of its own
    runtimes = sorted({str(each.get("Runtime")) for each in found})
    when = at.stack.get("LastUpdatedTime") or at.stack["CreationTime"]
    if sick:
        yield blocking("version", f"not active: {names(sick)}")
    if len(layers) > len(named) or len(runtimes) > 1:
        yield lacking(
            "version",
            "functions run several versions of a layer, or several runtimes: the last deployment did not end well",
        )
    elif not sick:
        yield ok("version", f"{len(found)} functions on {runtimes[0]}, one code; deployed {when:%Y-%m-%d %H:%M %Z}")
