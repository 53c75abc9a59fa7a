"""What the template says, and what the rest of the services says of it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from local.front import matching, patterns_of
from relay.edge.stream.wiring import OPERATIONS
from relay.effects.settings import ENV
from relay.families import dialect
from relay.families.uses import INFER
from tests.functional.aws_fakes import match_of
from tests.rules.tree import ROOT, cloudformation, functions, logical_id, resources, template
from tests.speaking import SERVED, SPOKEN

RESERVED = "ReservedConcurrentExecutions"
BASICS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
# What the Lambda Web Adapter reads: it starts a handler that is a script, and passes requests on to its port.
ADAPTER = {
    *("AWS_LAMBDA_EXEC_WRAPPER", "AWS_LWA_INVOKE_MODE", "AWS_LWA_PORT"),
    "AWS_LWA_READINESS_CHECK_PROTOCOL",
}
SECTIONS = (
    *("Parameters", "Rules", "Conditions", "Globals", "API", "Functions", "Workflow"),
    *("Data", "Queues", "Alarms", "Outputs"),
)
OPERATED = {
    *("ApiUrl", "StreamUrl", "TasksTable", "AccountsTable", "DirectoryTable", "MediaBucket"),
    *("DispatchQueueUrl", "ArchiveQueueUrl", "DeliverQueueUrl", "PollerArn", "SecretsPrefix", "SecretsKeyArn", "Stage"),
}
# Routes that no dialect speaks.
ELSEWHERE = {
    ("status", "$default"),
    ("callback", "POST /callbacks/{upstream}/{task_ref}/{token}"),
    ("callback", "POST /callbacks/{upstream}"),
    ("media", "GET /media/{area}/{account}/{name}"),
    ("media", "HEAD /media/{area}/{account}/{name}"),
}


def routes_of(function: dict[str, Any]) -> set[str]:
    """The route keys API Gateway sends to a function."""
    events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "HttpApi"]
    return {f"{event['Method']} {event['Path']}" if "Path" in event else "$default" for event in events}


def serves_http(function: dict[str, Any]) -> bool:
    """Whether a function has a URL of its own; what it is asked comes by the patterns of the front."""
    return "FunctionUrlConfig" in function


def caught_by(method: str, path: str) -> tuple[str, str]:
    """The function that a request to the one address reaches, and by which pattern or event."""
    pattern = matching(patterns_of(template()), path)
    if pattern is not None:
        return "stream", pattern
    event = match_of(method, path).route
    return event.function, event.key


def variables_of(function: dict[str, Any]) -> dict[str, Any]:
    shared: dict[str, Any] = template()["Globals"]["Function"]["Environment"]["Variables"]
    return {**shared, **function.get("Environment", {}).get("Variables", {})}


def test_each_route_of_a_dialect_reaches_the_function_that_serves_it_and_no_event_is_idle() -> None:
    """An event may catch many routes (`/v1/{proxy+}`): a function's policy holds only so many statements."""
    routes = [route for family in SPOKEN for route in dialect(family).routes]
    serving = {route: {name} for name, operations in SERVED.items() for route in routes if route.use in operations}
    for route in routes:  # where the front leads to the stream endpoint, it serves what the others do
        if route.use in {INFER, *OPERATIONS}:
            serving.setdefault(route, set()).add("stream")
    assert [route.path for route in routes if route not in serving] == []
    caught = {route: caught_by(route.method, re.sub(r"\{\w+\}", "x", route.path)) for route in routes}
    lost = {f"{route.method} {route.path}": caught[route] for route in routes if caught[route][0] not in serving[route]}
    assert lost == {}
    wired = {(name, key) for name, function in functions().items() for key in routes_of(function)}
    assert wired - ELSEWHERE == {each for each in caught.values() if each[0] != "stream"}
    assert wired >= ELSEWHERE


def test_the_front_leads_to_the_stream_function_and_holds_no_byte_back() -> None:
    (distribution,) = resources("AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    origins = {one["Id"]: one for one in config["Origins"]}
    assert "['StreamUrl', 'FunctionUrl']" in str(origins["stream"]["DomainName"])
    assert "${Api}" in str(origins["api"]["DomainName"])
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "api"
    patterns = [one["PathPattern"] for one in config["CacheBehaviors"]]
    assert sorted(set(patterns)) == sorted(patterns)
    assert len(patterns) <= 75  # more need a raised quota
    for one in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert one["TargetOriginId"] == ("stream" if "PathPattern" in one else "api")
        assert "POST" in one["AllowedMethods"]
        assert one["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
        assert one["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader
        assert not one.get("Compress", False)


def test_a_layer_of_a_few_functions_is_carried_by_these_alone() -> None:
    for layer, few in (("StreamVendor", {"stream"}), ("DevelopersVendor", {"developers", "payments", "renew"})):
        assert {name for name, function in functions().items() if {"Ref": layer} in function.get("Layers", ())} == few
        assert {"Ref": layer} not in template()["Globals"]["Function"]["Layers"]
    assert {name for name, function in functions().items() if serves_http(function)} == {"stream"}


def test_variables_and_settings_are_the_same() -> None:
    given = {name for function in functions().values() for name in variables_of(function)}
    assert given == set(ENV.values()) | BASICS | ADAPTER


def test_only_who_may_start_the_poller_knows_it() -> None:
    statements = {name: function["Policies"][0]["Statement"] for name, function in functions().items()}
    starts = {name for name, every in statements.items() if "states:StartExecution" in [one["Action"] for one in every]}
    knows = {name for name, function in functions().items() if "POLLER_ARN" in variables_of(function)}
    assert starts == knows
    assert starts


def test_every_function_file_is_in_the_template() -> None:
    assert {path.stem for path in (ROOT / "functions").glob("*.py")} == set(functions())


def test_a_function_is_built_from_the_file_of_its_name() -> None:
    # functions/Makefile finds the file by the logical id
    assert all(logical_id(name) == name.title().replace("_", "") for name in functions())


def test_who_writes_or_reads_links_knows_where_we_are() -> None:
    told = {name for name, function in functions().items() if "PUBLIC_URL" in variables_of(function)}
    assert {"submit", "status", "upload", "deliver", "dispatch"} <= told


def test_operators_find_the_stack_by_its_outputs() -> None:
    assert set(template()["Outputs"]) == OPERATED


def test_sections_stand_in_order() -> None:
    lines = (ROOT / "template.yaml").read_text("utf-8").splitlines()
    after_a_line = [line for above, line in pairwise(lines) if above.strip().startswith("# ---")]
    heads = [line.strip().removeprefix("# ").partition(":")[0] for line in after_a_line if "#" in line]
    assert [head for head in heads if "--" not in head] == list(SECTIONS)


def test_data_survives_its_stack() -> None:
    every = template()["Resources"].values()
    tables = [one for one in every if one["Type"] == "AWS::DynamoDB::Table"]
    buckets = [one for one in every if one["Type"] == "AWS::S3::Bucket"]
    assert (len(tables), len(buckets)) == (3, 1)
    for one in tables + buckets:
        assert one["DeletionPolicy"] == "RetainExceptOnCreate"
        assert one["UpdateReplacePolicy"] == "Retain"
    for table in tables:
        protected = {"Fn::If": ["ProtectsData", True, False]}
        assert table["Properties"]["DeletionProtectionEnabled"] == protected
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": protected}
    assert template()["Parameters"]["ProtectData"]["Default"] == "on"
    assert template()["Conditions"]["ProtectsData"] == {"Fn::Equals": [{"Ref": "ProtectData"}, "on"]}


def test_a_new_aws_account_of_ten_executions_can_be_deployed_into() -> None:
    """Reserving any of ten fails there: AWS keeps ten unreserved."""
    assert template()["Parameters"]["ReservedConcurrency"]["Default"] == 0
    reserved = {name: one["ReservedConcurrentExecutions"] for name, one in functions().items() if RESERVED in one}
    assert set(reserved) == {"callback", "poll", "sweep"}  # what settles money and ends tasks
    for value in reserved.values():
        assert value["Fn::If"][0] == "ReservesConcurrency"
        assert value["Fn::If"][2] == {"Ref": "AWS::NoValue"}


def test_no_secret_is_a_parameter() -> None:
    assert not [name for name in template()["Parameters"] if name.endswith(("Key", "Secret", "Token", "Password"))]
    assert resources("AWS::SSM::Parameter") == {}
    assert resources("AWS::SecretsManager::Secret") == {}


# Names within another resource or of something AWS made: two stacks cannot meet in them.
NOT_PHYSICAL = {
    ("AWS::IAM::Policy", "PolicyName"),
    ("AWS::ApiGatewayV2::Stage", "StageName"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
}


def test_two_stacks_can_share_an_account_and_region() -> None:
    """A physical name that is a constant is taken by the first stack; SAM makes some up from logical ids."""
    constant = {
        (logical, name): value
        for logical, one in cloudformation()["Resources"].items()
        for name, value in one.get("Properties", {}).items()
        if name.endswith("Name") and (one["Type"], name) not in NOT_PHYSICAL and fixed(value)
    }
    assert constant == {}


def fixed(name: object) -> bool:
    """Whether a name is the same in every stack: it holds neither the stack's name or id, nor another resource's."""
    text = str(name)
    return "AWS::Stack" not in text and not any(f"'{logical}'" in text for logical in cloudformation()["Resources"])
