"""Finds a deployment: a CloudFormation stack on AWS, or the one-machine stack that runs here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from ops.deployment import Connect, Deployment
from ops.terms import READY_FILE, OperatorError

_HERE = Config(retries={"total_max_attempts": 1})  # a service on this machine answers at once or does not run


@dataclass(frozen=True)
class Target:
    """A deployment and its CloudFormation stack; `connect` makes a boto3 client of a service there."""

    deployment: Deployment
    stack: dict[str, Any]
    connect: Connect

    def resources(self, kind: str) -> dict[str, str]:
        """The stack's resources of a CloudFormation type: physical ids by logical id."""
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in self._listed
            if each["ResourceType"] == kind and each["ResourceStatus"] != "DELETE_COMPLETE"
        }

    @cached_property
    def _listed(self) -> list[dict[str, Any]]:
        pages = self.connect("cloudformation").get_paginator("list_stack_resources")
        name = self.stack["StackName"]
        return [each for page in pages.paginate(StackName=name) for each in page["StackResourceSummaries"]]


def find(stack: str | None) -> Target:
    """The stack of that name, or the one on this machine."""
    return on_aws(stack) if stack else on_this_machine()


def on_aws(stack: str) -> Target:
    """The deployment behind a CloudFormation stack, with the credentials and region the SDK finds."""
    return _target(boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0], boto3.client)


def on_this_machine() -> Target:
    """The deployment `make serve` keeps up."""
    try:
        ready = json.loads(READY_FILE.read_text("utf-8"))
    except FileNotFoundError as error:
        raise OperatorError("no one-machine stack is running here; start one with: make serve") from error

    def connect(service: str) -> Any:  # noqa: ANN401 - each caller knows which it asked for
        return boto3.client(service, config=_HERE, **ready["aws"])

    try:
        stacks = connect("cloudformation").describe_stacks()["Stacks"]
    except EndpointConnectionError as error:
        raise OperatorError(f"{READY_FILE} is of a stack that runs no more; start it again: make serve") from error
    # the embedded cloud holds no other stack of this kind: one deployment to a folder
    found = [each for each in stacks if _outputs(each) == ready["outputs"]]
    if not found:
        raise OperatorError(f"{READY_FILE} is of another stack than the one that runs; start it again: make serve")
    return _target(found[0], connect)


def _target(stack: dict[str, Any], connect: Connect) -> Target:
    return Target(Deployment.over(_outputs(stack), connect), stack, connect)


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
