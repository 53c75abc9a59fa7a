"""A function's rights are exactly the AWS calls it makes, in both directions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import pytest

from tests.functional.harness import harness
from tests.functional.recorded_calls import FUNCTIONS, AwsUse, CallRecorder, RecordingHarness, secrets_of
from tests.functional.scenarios import SCENARIOS
from tests.functional.scenarios_developers import DEVELOPER_SCENARIOS
from tests.functional.scenarios_media import MEDIA_SCENARIOS
from tests.rules.tree import become, functions, logical_id

# The stream endpoint serves their operations too, by the same code (edge/stream/wiring.py).
SERVED_BY_STREAM = ("submit", "status", "account")
# What Lambda itself does in the name of a function that reads a queue.
READS_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@pytest.fixture(scope="module")
def recorder() -> CallRecorder:
    """Every AWS call of the functions in all scenarios, and Lambda's own calls for them."""
    recorder = CallRecorder(set(of_the_cloud()))
    for way in SCENARIOS + MEDIA_SCENARIOS + DEVELOPER_SCENARIOS:
        with harness() as here:
            way(RecordingHarness.of(here, recorder))
    recorder.uses |= {use._replace(function="stream") for use in recorder.uses if use.function in SERVED_BY_STREAM}
    for function in SERVED_BY_STREAM:
        recorder.secrets["stream"] |= recorder.secrets[function]
    return recorder


@pytest.fixture(scope="module")
def used(recorder: CallRecorder) -> set[AwsUse]:
    return recorder.uses


def of_the_cloud() -> Iterator[AwsUse]:
    names = {logical_id(function): function for function in FUNCTIONS}
    for source in become("AWS::Lambda::EventSourceMapping").values():
        for action in READS_QUEUE:
            yield AwsUse(names[source["FunctionName"]["Ref"]], action, named(source["EventSourceArn"]))
    for config in become("AWS::Lambda::EventInvokeConfig").values():
        failed = config["DestinationConfig"]["OnFailure"]["Destination"]
        yield AwsUse(names[config["FunctionName"]["Ref"]], "sqs:SendMessage", named(failed))


def granted() -> Iterator[AwsUse]:
    """Every action a function's role allows, one by one; `key` is the pattern a condition narrows it to."""
    for function in FUNCTIONS:
        for policy in become("AWS::IAM::Role")[f"{logical_id(function)}Role"]["Policies"]:
            for statement in listed(policy["PolicyDocument"]["Statement"]):
                parts = (statement["Action"], statement["Resource"], leading_keys(statement))
                for action, resource, key in product(*map(listed, parts)):
                    yield AwsUse(function, action, named(resource), key)


def leading_keys(statement: dict[str, Any]) -> list[str]:
    """The patterns of partition keys a statement is narrowed to; any other condition is unknown here."""
    if "Condition" not in statement:
        return [""]
    patterns = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns}}
    return listed(patterns)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: dict[str, Any]) -> str:
    """A resource as `AwsUse` names it: by its logical id, a secret by its name."""
    match resource:
        case {"Fn::GetAtt": [str(logical), "Arn"]} | {"Ref": str(logical)}:
            return logical
        case {"Fn::Sub": str(text)} if secret := re.search(r":parameter/genrelay/\$\{Stage\}/(.+)$", text):
            return f"secret {secret[1]}"
        case {"Fn::Sub": [str(text), _]} if area := re.search(r":s3:::genrelay-\$\{Stage\}-\$\{Id\}(.*)$", text):
            return f"MediaBucket{area[1]}"
        case {"Fn::Sub": str(text)} if arn := re.fullmatch(r"\$\{(\w+)\.Arn\}(.*)", text):
            return arn[1] + arn[2]
    return json.dumps(resource)


def covers(grant: AwsUse, use: AwsUse) -> bool:
    """Whether a grant allows a use. Without a key pattern it allows every row of the table."""
    here = grant[:2] == use[:2] and fnmatchcase(use.resource, grant.resource)
    return here and fnmatchcase(use.key, grant.key or "*")


def table(uses: Iterable[AwsUse]) -> str:
    """One line for each, in columns."""
    rows = [AwsUse("function", "action", "resource", "key"), *sorted(uses)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def test_every_function_of_the_template_is_watched() -> None:
    assert set(FUNCTIONS) == set(functions())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_function_asks_for_is_granted(used: set[AwsUse], function: str) -> None:
    grants = list(granted())
    refused = [use for use in used if use.function == function and not any(covers(grant, use) for grant in grants)]
    assert not refused, f"the cloud would refuse this; grant it in template.yaml:\n{table(refused)}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_function_is_granted_it_asks_for(used: set[AwsUse], function: str) -> None:
    idle = [grant for grant in granted() if grant.function == function and not any(covers(grant, use) for use in used)]
    assert not idle, (
        f"no way through the relay needs this; take it out of template.yaml, or add the way:\n{table(idle)}"
    )


def test_a_key_of_ones_own_opens_to_those_who_read_secrets() -> None:
    (policy,) = become("AWS::IAM::Policy").values()
    readers = {grant.function for grant in granted() if grant.action == "ssm:GetParameters"}
    assert {role["Ref"] for role in policy["Roles"]} == {f"{logical_id(function)}Role" for function in readers}


@pytest.mark.parametrize(
    ("key", "writers"),
    [
        ("key#0a1b", {"developers"}),
        ("used#acc1#0a1b", {"account", "developers", "status", "stream", "submit", "upload"}),
        ("login#ann@example.com", {"developers"}),
        ("refresh#0a1b", {"developers"}),
        ("tries#0a1b#7", {"developers"}),
        ("poller#0", {"archive", "callback", "dispatch", "hold", "sweep"}),
        ("slot#kie#0", {"dispatch", "hold"}),
        ("upload#incoming/acc1/a.png", {"inspect_upload", "upload"}),
        ("idem#acc1#order-1", {"stream", "submit"}),
        ("line#0a1b", {"stream"}),
        ("audit#progress", {"audit"}),
    ],
)
def test_a_row_of_the_directory_is_written_by_its_own_functions_alone(key: str, writers: set[str]) -> None:
    every = (AwsUse(*grant[:3], key) for grant in granted() if grant.action != "dynamodb:GetItem")
    may = {use.function for use in every if use.resource == "DirectoryTable" and allowed(use)}
    assert may == writers


def allowed(use: AwsUse) -> bool:
    return any(covers(grant, use) for grant in granted())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reads_the_secrets_it_uses_and_no_others(recorder: CallRecorder, function: str) -> None:
    asked = {name.partition("/")[0] for name in recorder.secrets[function]}
    assert asked == set(filter(None, secrets_of(function).split(",")))
