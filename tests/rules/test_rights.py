"""Who may do what: every right is an exact action on an exact thing, read from what the template becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.rules.tree import become, functions, logical_id

# AWS gives log deliveries no resource, so these can be granted in no other way.
WITHOUT_RESOURCE = {
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
}
# Lets a function write its log, and nothing else.
MANAGED = "policy/service-role/AWSLambdaBasicExecutionRole"
OURS = ("Fn::GetAtt", "Ref", "${TasksTable.Arn}", "${MediaBucket.Arn}", "${Stage}")  # how our ARNs are written
AREAS = ("/uploads/*", "/incoming/*", "/results/*")  # of the bucket, each for other hands


KEYED = {
    f"dynamodb:{action}Item" for action in ("Get", "BatchGet", "Put", "Update", "ConditionCheck")
}  # these that always name a partition key


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement granted to anybody, and whose it is."""
    inline = [
        (name, policy["PolicyDocument"])
        for name, role in become("AWS::IAM::Role").items()
        for policy in role.get("Policies", [])
    ]
    apart = [(name, policy["PolicyDocument"]) for name, policy in become("AWS::IAM::Policy").items()]
    for name, document in inline + apart:
        granted = document["Statement"]
        for statement in granted if isinstance(granted, list) else [granted]:
            yield name, statement


def statements() -> Iterator[tuple[str, set[str], list[Any]]]:
    """Every statement granted to anybody: whose it is, its actions, its resources."""
    for name, statement in documents():
        yield name, set(_listed(statement["Action"])), _listed(statement["Resource"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_there_is_something_to_check() -> None:
    assert len(list(statements())) > 30


def test_no_right_is_to_everything() -> None:
    broad = [(name, actions) for name, actions, resources in statements() if "*" in resources]
    assert broad == [("PollerRole", WITHOUT_RESOURCE)]


def test_no_action_is_a_pattern() -> None:
    assert not [(name, action) for name, actions, _ in statements() for action in actions if "*" in action]


def test_every_resource_is_one_of_ours() -> None:
    """An ARN is taken from a resource of the stack, or spells out the stage.

    The only wildcards are upstreams' names, and the files of one area of the bucket.
    """
    for name, _, resources in statements():
        for resource in {json.dumps(each) for each in resources} - {'"*"'}:
            assert any(word in resource for word in OURS), (name, resource)
            assert resource.count("*") == sum(resource.count(end) for end in ("/upstreams/*", *AREAS)), (name, resource)


def test_nobody_may_delete_but_what_was_refused() -> None:
    deleting = {(name, action) for name, actions, _ in statements() for action in actions if ":Delete" in action}
    harmless = {"logs:DeleteLogDelivery", "sqs:DeleteMessage"}
    assert {one for one in deleting if one[1] not in harmless} == {("InspectUploadRole", "s3:DeleteObject")}


def test_each_area_of_the_bucket_is_written_by_its_own_hands() -> None:
    writers = {
        (name, area)
        for name, actions, resources in statements()
        if "s3:PutObject" in actions
        for area in AREAS
        if area in json.dumps(resources)
    }
    assert writers == {
        ("SubmitRole", "/uploads/*"),
        ("StreamRole", "/uploads/*"),
        ("UploadRole", "/uploads/*"),
        ("UploadRole", "/incoming/*"),  # by the forms it signs
        ("InspectUploadRole", "/uploads/*"),  # copies of what it judged
        ("ArchiveRole", "/results/*"),
        ("DispatchRole", "/results/*"),  # what came inside an answer
        ("HoldRole", "/results/*"),
    }


def test_managed_policies_are_for_logs_alone() -> None:
    attached = [policy for role in become("AWS::IAM::Role").values() for policy in role.get("ManagedPolicyArns", [])]
    assert attached
    assert all(MANAGED in json.dumps(policy) for policy in attached)


def test_functions_are_called_by_our_api_and_our_bucket_alone_and_the_one_with_a_url_through_it() -> None:
    callers = become("AWS::Lambda::Permission")
    public = [callers.pop(name) for name in ("StreamUrlPublicPermissions", "StreamURLInvokeAllowPublicAccess")]
    assert [one["FunctionName"] for one in public] == [{"Ref": "Stream"}] * 2
    assert public[0]["Action"] == "lambda:InvokeFunctionUrl"
    assert public[1]["InvokedViaFunctionUrl"] is True
    bucket = callers.pop("InspectUploadPermission")
    assert bucket["Principal"] == "s3.amazonaws.com"
    assert bucket["SourceAccount"] == {"Ref": "AWS::AccountId"}  # a bucket's ARN does not say whose it is
    assert "arn:${AWS::Partition}:s3:::genrelay-${Stage}-${Id}" in json.dumps(bucket["SourceArn"])
    for permission in callers.values():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "${__ApiId__}" in json.dumps(permission["SourceArn"])


def test_every_right_to_the_shared_directory_is_narrowed_to_its_keys() -> None:
    """`ForAllValues` is also true where a request names no key at all, so only actions that name one may rely on it."""
    shared = [(name, one) for name, one in documents() if "DirectoryTable" in json.dumps(one["Resource"])]
    assert len(shared) > 8
    for name, statement in shared:
        assert set(_listed(statement["Action"])) <= KEYED, name
        patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])
        assert patterns, f"{name} may touch any row of the directory"
        assert all(re.fullmatch(r"[a-z]+#\*", pattern) for pattern in patterns), (name, patterns)


def test_a_deleted_function_cannot_bring_its_log_group_back() -> None:
    """SAM's managed policy lets functions create log groups; the boundary does not, and is what else they need."""
    theirs = {f"{logical_id(name)}Role" for name in functions()}
    unbound = [
        name
        for name, role in become("AWS::IAM::Role").items()
        if name in theirs and role.get("PermissionsBoundary") != {"Ref": "FunctionBoundary"}
    ]
    assert unbound == []
    (statement,) = become("AWS::IAM::ManagedPolicy")["FunctionBoundary"]["PolicyDocument"]["Statement"]
    granted = {
        action for name, actions, _ in statements() if name in theirs | {"SecretsKeyAccess"} for action in actions
    }
    assert set(statement["Action"]) == granted | {"logs:CreateLogStream", "logs:PutLogEvents"}
