"""Where work waits without a caller: every such edge keeps what failed, raises an alarm and leaves a log."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any, NoReturn

from relay.effects.stripe_gateway import RETRIES
from relay.effects.stripe_gateway import SECONDS as STRIPE_SECONDS
from relay.families import FAMILIES, provider
from relay.families.provider import Api
from relay.flow import clock, dispatch, hold
from relay.flow.cancel import CANCEL_SECONDS
from relay.flow.deliver import THREADS
from relay.flow.fetching import FETCH_SECONDS
from relay.flow.inputs import CHECK_SECONDS, PROBES_SECONDS
from relay.flow.notices import SECONDS
from relay.flow.services import Services
from relay.flow.shares import ATTEMPT_MS, PLACE_MS, PLACES
from tests.rules.test_template import routes_of
from tests.rules.tree import ROOT, become, functions, logical_id, resources, sources, template

TWO_WEEKS = 14 * 24 * 3600
MAPPINGS = resources("AWS::Lambda::EventSourceMapping")
QUEUES = resources("AWS::SQS::Queue")
ALARMS = resources("AWS::CloudWatch::Alarm")
BY_THE_CLOCK = {"SweepSilenceAlarm", "AuditAgeAlarm"}
COUNTED = {
    *("UnknownOutcome", "DeliveryDead", "UpstreamKeyRefused", "LateSuccess", "Drift", "AuditAge"),
    *("LineUnsettled", "LineUndercharged", "PaymentMismatch", "PaymentUnanswered", "CardRefund", "CardDispute"),
}
SERVICE = {"Ref": "AWS::StackName"}  # what our own metrics are told apart by


def target(intrinsic: Any) -> str:
    """The logical id a Ref or GetAtt points at."""
    found = intrinsic.get("Ref") or intrinsic["Fn::GetAtt"]
    return str(found[0] if isinstance(found, list) else found.partition(".")[0])


def alarmed(metric: str) -> set[str]:
    """The resources on whose metric there is an alarm."""
    return {target(alarm["Dimensions"][0]["Value"]) for alarm in ALARMS.values() if alarm["MetricName"] == metric}


def timeout(function: str) -> int:
    default: int = template()["Globals"]["Function"]["Timeout"]
    return int(resources("AWS::Serverless::Function")[function].get("Timeout", default))


def dead_letters() -> set[str]:
    policies = [queue["RedrivePolicy"] for queue in QUEUES.values() if "RedrivePolicy" in queue]
    return {target(policy["deadLetterTargetArn"]) for policy in policies}


def queue_of(mapping: dict[str, Any]) -> str:
    return target(mapping["EventSourceArn"])


def function_of(mapping: dict[str, Any]) -> str:
    return target(mapping["FunctionName"])


def test_a_slow_run_is_not_run_twice() -> None:
    hidden = {name: QUEUES[queue_of(one)]["VisibilityTimeout"] for name, one in MAPPINGS.items()}
    assert [name for name, one in MAPPINGS.items() if hidden[name] < 6 * timeout(function_of(one))] == []


def test_one_bad_message_does_not_bring_back_its_batch() -> None:
    answers = {name: one["FunctionResponseTypes"] for name, one in MAPPINGS.items()}
    assert answers == {name: ["ReportBatchItemFailures"] for name in MAPPINGS}


def test_a_batch_is_no_longer_than_its_function_can_work_through() -> None:
    # more only where the messages run side by side, so that one cannot push the others past the timeout
    most = {name: THREADS if function_of(one) == "Deliver" else 5 for name, one in MAPPINGS.items()}
    assert [name for name, one in MAPPINGS.items() if one["BatchSize"] > most[name]] == []


PAUSE = 5.0  # seconds that may pass before a worker gets to the first source; without them it would never have time


def too_slow(apis: Iterable[tuple[str, Api]]) -> list[str]:
    """The APIs whose submission the worker that sends it has no time for: dispatch needs it for two upstreams."""
    return [
        name
        for name, api in apis
        if PAUSE + PROBES_SECONDS + api.seconds * (1 if api.held else 2)
        > (hold.SECONDS if api.held else dispatch.SECONDS)
    ]


def test_every_submission_fits_into_the_run_of_its_worker() -> None:
    speaking = [family for family in FAMILIES if f"relay.families.{family}.provider" in sources()]
    apis = [(f"{family} {name}", api) for family in speaking for name, api in provider(family).apis.items()]
    assert apis
    assert too_slow(apis) == []
    assert timeout("Dispatch") > dispatch.SECONDS
    assert timeout("Hold") > hold.SECONDS


def test_an_api_that_is_too_slow_for_both_workers_would_be_found() -> None:
    def no(*_: object) -> NoReturn:
        raise NotImplementedError

    apis = {
        str(seconds): Api(no, no, seconds=seconds, carries={}) for seconds in (20.0, 20.1, 600.0, 860.0, 861.0, 900.0)
    }
    assert too_slow(apis.items()) == ["861.0", "900.0"]


def test_a_file_at_an_address_is_fetched_and_judged_while_its_client_waits() -> None:
    assert CHECK_SECONDS + FETCH_SECONDS + 10 < timeout("Upload") < 30  # the gateway gives up then


def test_a_lap_of_the_poller_ends_within_its_function() -> None:
    rounds = ceil(clock.BATCH / Services.threads)  # begun in the last moment of the lap
    tables = 5.0  # seconds to read what is due and to write what was learnt
    assert clock.LAP / 1000 + rounds * (CANCEL_SECONDS + clock.ASK_SECONDS) + tables < timeout("Poll")


def test_one_account_never_holds_all_deliverers() -> None:
    parameters = template()["Parameters"]
    assert min(parameters[name]["MinValue"] for name in ("DeliverConcurrency", "RetryConcurrency")) > PLACES


def test_a_place_outlives_the_attempt_it_was_taken_for_and_a_run_outlives_both() -> None:
    assert SECONDS * 1000 < ATTEMPT_MS < PLACE_MS < timeout("Deliver") * 1000


def test_a_queue_keeps_what_failed_and_says_when_it_is_late() -> None:
    read = {queue_of(one) for one in MAPPINGS.values()}
    # throttled receives count too
    assert [name for name in read if QUEUES[name]["RedrivePolicy"]["maxReceiveCount"] < 5] == []
    assert read - alarmed("ApproximateAgeOfOldestMessage") == set()


def test_every_queue_is_read_or_holds_what_failed() -> None:
    kept = set(QUEUES) - {queue_of(mapping) for mapping in MAPPINGS.values()}
    assert dead_letters() < kept
    for name in kept:
        assert QUEUES[name]["MessageRetentionPeriod"] == TWO_WEEKS
        assert name in alarmed("ApproximateNumberOfMessagesVisible")


def kept_when_failed(function: str) -> str:
    """The queue that Lambda puts an asynchronous call in when its retries have failed."""
    config = resources("AWS::Serverless::Function")[function]["EventInvokeConfig"]
    return target(config["DestinationConfig"]["OnFailure"]["Destination"])


def test_a_bucket_that_calls_keeps_what_failed() -> None:
    (bucket,) = resources("AWS::S3::Bucket").values()
    (called,) = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    assert called["Event"] == "s3:ObjectCreated:*"
    # what the functions put there themselves, they have judged
    assert called["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "incoming/"}]
    assert target(called["Function"]) == "InspectUpload"
    assert kept_when_failed("InspectUpload") in QUEUES


def test_a_schedule_keeps_what_failed_and_is_missed_when_silent() -> None:
    schedules = become("AWS::Scheduler::Schedule")
    assert schedules
    for schedule in schedules.values():
        function = target(schedule["Target"]["Arn"])
        assert target(schedule["Target"]["DeadLetterConfig"]["Arn"]) in QUEUES
        assert "RetryPolicy" in schedule["Target"]
        assert function in alarmed("Errors")
        # the age of the audit is published by the audit, and no word of it is an alarm too
        assert function in alarmed("Invocations") or function == "Audit"
        # the schedule only hands the tick over: what becomes of it is between Lambda and the function
        assert kept_when_failed(function) in QUEUES


def test_a_workflow_that_fails_is_heard() -> None:
    machines = set(resources("AWS::Serverless::StateMachine"))
    assert machines
    assert machines <= alarmed("ExecutionsFailed") & alarmed("ExecutionsTimedOut")


def test_every_alarm_says_what_to_do_and_to_whom() -> None:
    to_whom = [
        {"Fn::If": [condition, {"Ref": topic}, {"Ref": "AWS::NoValue"}]}
        for condition, topic in (("HasAlarmTopic", "AlarmTopicArn"), ("HasAlarmEmail", "AlarmTopic"))
    ]
    assert not [name for name, alarm in ALARMS.items() if alarm["AlarmActions"] != to_whom]
    assert not [name for name, alarm in ALARMS.items() if not alarm["AlarmDescription"].endswith(".")]


def test_silence_is_an_alarm_only_where_a_clock_should_be_heard() -> None:
    assert {name for name, alarm in ALARMS.items() if alarm["TreatMissingData"] != "notBreaching"} == BY_THE_CLOCK


def test_no_function_fails_or_is_throttled_unheard() -> None:
    every = {logical_id(name) for name in functions()}
    assert {metric: every ^ alarmed(metric) for metric in ("Errors", "Throttles")} == {
        "Errors": set(),
        "Throttles": set(),
    }


def test_what_costs_money_or_an_answer_is_heard() -> None:
    ours = {alarm["MetricName"]: alarm for alarm in ALARMS.values() if alarm["Namespace"] == "genrelay"}
    assert set(ours) == COUNTED
    written = "".join(path.read_text("utf-8") for name, path in sources().items() if name.startswith(("relay", "func")))
    manual = (ROOT / "docs/operations.md").read_text("utf-8")
    for name, alarm in ours.items():
        assert f'"{name}"' in written, f"nobody counts {name}"
        assert f"`{name}`" in manual, f"docs/operations.md does not say what to do about {name}"
        assert alarm["Dimensions"] == [{"Name": "service", "Value": SERVICE}]


def test_stacks_that_share_an_account_do_not_ring_each_others_alarms() -> None:
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == SERVICE
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "genrelay"


def test_a_function_logs_where_retention_is_set() -> None:
    groups = {logical_id(name): target(one["LoggingConfig"]["LogGroup"]) for name, one in functions().items()}
    assert groups == {name: f"{name}Logs" for name in groups}
    assert set(groups.values()) <= resources("AWS::Logs::LogGroup").keys()


def test_api_and_workflow_log_where_retention_is_set() -> None:
    (api,) = resources("AWS::Serverless::HttpApi").values()
    (machine,) = resources("AWS::Serverless::StateMachine").values()
    destination = machine["Logging"]["Destinations"][0]["CloudWatchLogsLogGroup"]["LogGroupArn"]
    groups = {target(api["AccessLogSettings"]["DestinationArn"]), target(destination)}
    assert groups == {"ApiLogs", "PollerLogs"}
    assert all(group["RetentionInDays"] == {"Ref": "LogDays"} for group in resources("AWS::Logs::LogGroup").values())


def test_an_access_log_holds_no_path() -> None:
    # a callback's path ends in its token
    (api,) = resources("AWS::Serverless::HttpApi").values()
    assert "$context.path" not in api["AccessLogSettings"]["Format"]
    assert "$context.http.path" not in api["AccessLogSettings"]["Format"]


def test_an_endpoint_answers_before_the_gateway_gives_up() -> None:
    endpoints = [name for name, function in functions().items() if routes_of(function)]
    assert len(endpoints) == 8
    assert [name for name in endpoints if timeout(logical_id(name)) >= 30] == []
    assert timeout("Callback") < 15  # when upstreams give up


def test_what_asks_stripe_ends_before_its_function_does() -> None:
    one = (1 + RETRIES) * (STRIPE_SECONDS + 1)
    assert 2 * one < timeout("Payments")  # how the last page stands, and a new one
    assert 3 * one < timeout("Renew")  # what was charged, a charge, and how that stands


def test_the_api_is_throttled() -> None:
    (stage,) = become("AWS::ApiGatewayV2::Stage").values()
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(stage["DefaultRouteSettings"])
