"""python -m ops.tables: tables outlive their stack. Restore them to an instant, adopt them in a new one, delete them.

The runbook, docs/operations.md, says in which order.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.loops import read_template
from ops.terms import OperatorError

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
KINDS = {"TasksTable": "tasks", "AccountsTable": "accounts", "DirectoryTable": "directory"}
WAIT = {"Delay": 2, "MaxAttempts": 1800}  # an hour: a restore takes as long as its table is large
Connect = Callable[[str], Any]


def restore(connect: Connect, stack: str, at: datetime | None) -> dict[str, str]:
    """The stack's tables as they were at an instant (None: just now), as new tables; their names by logical id."""
    dynamodb, outputs = connect("dynamodb"), _outputs(connect, stack)
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    made = {logical: f"{outputs[logical]}-{stamp}" for logical in KINDS}
    instant: dict[str, Any] = {"RestoreDateTime": at} if at else {"UseLatestRestorableTime": True}
    for logical, name in made.items():
        dynamodb.restore_table_to_point_in_time(SourceTableName=outputs[logical], TargetTableName=name, **instant)
    for name in made.values():
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAIT)
    return made


def adopt(connect: Connect, stack: str, tables: Mapping[str, str], *, protect: bool = True) -> None:
    """Make a new stack of these tables alone; `sam deploy` to that name then makes everything else around them."""
    cloudformation, whole = connect("cloudformation"), read_template(TEMPLATE)
    kept = {logical: whole["Resources"][logical] for logical in KINDS}
    template = {
        "Parameters": {"ProtectData": whole["Parameters"]["ProtectData"]},
        "Conditions": {"ProtectsData": whole["Conditions"]["ProtectsData"]},
        "Resources": kept,
    }
    imported = [
        {"ResourceType": kept[logical]["Type"], "LogicalResourceId": logical, "ResourceIdentifier": {"TableName": name}}
        for logical, name in tables.items()
    ]
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName="adopt",
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "ProtectData", "ParameterValue": "on" if protect else "off"}],
        ResourcesToImport=imported,
    )
    cloudformation.get_waiter("change_set_create_complete").wait(StackName=stack, ChangeSetName="adopt")
    cloudformation.execute_change_set(StackName=stack, ChangeSetName="adopt")
    cloudformation.get_waiter("stack_import_complete").wait(StackName=stack)
    for logical, name in tables.items():
        _as_declared(connect("dynamodb"), name, kept[logical]["Properties"], protect=protect)


def _as_declared(dynamodb: Any, name: str, properties: Mapping[str, Any], *, protect: bool) -> None:  # noqa: ANN401
    """Importing compares nothing and changes nothing, and a restored table has lost all of these."""
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=protect)
    backups = {"PointInTimeRecoveryEnabled": protect}
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=backups)
    found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if "TimeToLiveSpecification" in properties and found.get("TimeToLiveStatus") != "ENABLED":
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])


def delete(connect: Connect, names: Sequence[str]) -> None:
    """Delete tables that no stack holds any more, protected or not. Nothing brings them back."""
    for name in names:
        if holder := _holder(connect("cloudformation"), name):
            raise OperatorError(f"{name} belongs to the stack {holder}; delete that first, its tables stay")
    dynamodb = connect("dynamodb")
    for name in names:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=name)
        dynamodb.delete_table(TableName=name)


def _holder(cloudformation: Any, table: str) -> str | None:  # noqa: ANN401 - a boto3 client
    """The stack a table belongs to, or None where no stack there is lists it."""
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            listed = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"])
            resources = (one for part in listed for one in part["StackResourceSummaries"])
            if any(one.get("PhysicalResourceId") == table for one in resources):
                return str(stack["StackName"])
    return None


def _outputs(connect: Connect, stack: str) -> dict[str, str]:
    found = connect("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.tables", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    restoring = verbs.add_parser("restore", help="the stack's tables as they were, as new tables")
    restoring.add_argument("--at", type=datetime.fromisoformat, help="such as 2026-01-31T09:00:00+00:00; default: now")
    adopting = verbs.add_parser("adopt", help="a new stack of retained or restored tables")
    adopting.add_argument("--unprotected", action="store_true", help="as ProtectData=off")
    for verb in (restoring, adopting):
        verb.add_argument("--stack", required=True)
    for kind in KINDS.values():
        adopting.add_argument(f"--{kind}", required=True, metavar="TABLE")
    deleting = verbs.add_parser("delete", help="delete tables of no stack")
    deleting.add_argument("tables", nargs="+")
    return parser


def _run(given: argparse.Namespace) -> str:
    if given.verb == "restore":
        made = restore(boto3.client, given.stack, given.at)
        words = " ".join(f"--{kind} {made[logical]}" for logical, kind in KINDS.items())
        return f"restored; to put them in the old ones' place: python -m ops.tables adopt --stack {given.stack} {words}"
    if given.verb == "adopt":
        tables = {logical: getattr(given, kind) for logical, kind in KINDS.items()}
        adopt(boto3.client, given.stack, tables, protect=not given.unprotected)
        return f"the stack {given.stack} holds them; now: sam deploy"
    if input(f"Delete {', '.join(given.tables)} for ever? Type yes: ").strip() != "yes":
        raise OperatorError("nothing was deleted")
    delete(boto3.client, given.tables)
    return "deleted"


def main() -> int:
    try:
        print(_run(_parser().parse_args()))
    except (OperatorError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
