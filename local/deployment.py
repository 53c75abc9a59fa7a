"""Owns the deployment: the transformed template becomes the one CloudFormation stack of the embedded cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.cloud import Cloud
from local.template import Transformed
from local.worker import FunctionSpec

_STACK = "local"
_TEMPLATES = "local-templates"  # a bucket: in the request itself a template may have no more than 51,200 bytes
_SECONDS = 60.0
_UNUSABLE = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}


class DeploymentError(RuntimeError):
    """The template does not deploy; the message lists every resource that failed and why."""


@dataclass(frozen=True)
class Deployment:
    """What a deployment made: outputs by key and physical ids by logical id."""

    outputs: Mapping[str, str]
    ids: Mapping[str, str]


def deploy(cloud: Cloud, template: Transformed, parameters: Mapping[str, str]) -> Deployment:
    """Create the stack, or update it where it exists so that its data stays."""
    unknown = sorted(parameters.keys() - template.cloudformation.get("Parameters", {}).keys())
    if unknown:
        # The emulator would take them in silence, and the cloud would not.
        raise DeploymentError(f"the template has no parameter {', '.join(unknown)}: declare or drop it")
    cloudformation = cloud.client("cloudformation")
    if _status(cloudformation) in _UNUSABLE:
        cloudformation.delete_stack(StackName=_STACK)
        _settle(cloudformation)
    verb = cloudformation.update_stack if _status(cloudformation) else cloudformation.create_stack
    try:
        verb(
            StackName=_STACK,
            TemplateURL=_upload(cloud, template),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if "No updates" not in str(error):
            raise DeploymentError(f"the template was refused: {error}") from error
    status = _settle(cloudformation)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeploymentError(_reasons(cloudformation, status))
    stack = cloudformation.describe_stacks(StackName=_STACK)["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName=_STACK)["StackResources"]
    ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    _apply_time_to_live(cloud, template, ids)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Deployment(outputs, ids)


def _upload(cloud: Cloud, template: Transformed) -> str:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=_TEMPLATES)
    s3.put_object(Bucket=_TEMPLATES, Key=_STACK, Body=json.dumps(template.cloudformation).encode())
    return f"{cloud.url}/{_TEMPLATES}/{_STACK}"


def function_specs(cloud: Cloud, template: Transformed, ids: Mapping[str, str]) -> list[FunctionSpec]:
    """The deployed functions as the cloud resolved them; those whose condition failed are not there."""
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    deployed = {function["FunctionName"]: function for page in pages for function in page["Functions"]}
    readers = [
        resource["Properties"]["FunctionName"].get("Ref")
        for resource in template.cloudformation["Resources"].values()
        if resource["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    specs = []
    for logical, code in template.code.items():
        if logical not in ids:
            continue
        found = deployed[ids[logical]]
        spec = FunctionSpec(
            name=found["FunctionName"],
            arn=found["FunctionArn"],
            handler=found["Handler"],
            code=code,
            layers=template.layers[logical],
            environment=found.get("Environment", {}).get("Variables", {}),
            timeout=float(found["Timeout"]),
            memory=int(found["MemorySize"]),
            sources=max(1, readers.count(logical)),
        )
        specs.append(spec)
    return specs


def _status(cloudformation: Any) -> str | None:  # noqa: ANN401 (a boto3 client)
    try:
        stacks = cloudformation.describe_stacks(StackName=_STACK)["Stacks"]
    except ClientError:
        return None
    status: str = stacks[0]["StackStatus"]
    return None if status == "DELETE_COMPLETE" else status


def _settle(cloudformation: Any) -> str | None:  # noqa: ANN401
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        status = _status(cloudformation)
        if status is None or not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.02)
    raise DeploymentError(f"the deployment is still {status} after {_SECONDS:.0f} seconds")


def _reasons(cloudformation: Any, status: str | None) -> str:  # noqa: ANN401
    events = cloudformation.describe_stack_events(StackName=_STACK)["StackEvents"]
    failed = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("FAILED")
    ]
    return "\n".join([f"the deployment ended as {status}; correct the template:", *failed])


def _apply_time_to_live(cloud: Cloud, template: Transformed, ids: Mapping[str, str]) -> None:
    """The emulator's CloudFormation ignores a table's time to live; its DynamoDB does not."""
    dynamodb = cloud.client("dynamodb")
    for logical, resource in template.cloudformation["Resources"].items():
        wanted = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if resource["Type"] != "AWS::DynamoDB::Table" or logical not in ids or not wanted:
            continue
        found = dynamodb.describe_time_to_live(TableName=ids[logical])["TimeToLiveDescription"]
        enabled = found.get("TimeToLiveStatus") == "ENABLED"
        if enabled != (wanted["Enabled"] in {True, "true"}):
            dynamodb.update_time_to_live(TableName=ids[logical], TimeToLiveSpecification=wanted)
