"""The runbook for tables, tried on the embedded cloud: retained, adopted by a new stack, restored, deleted at last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import Cloud
from local.deployment import Deployment, deploy
from local.relayed import TEMPLATE
from local.transform import transform
from ops.tables import KINDS, adopt, delete, restore
from ops.terms import OperatorError
from relay.effects.store import Store
from relay.effects.store.table import Tables
from relay.nouns.money import nanos

pytestmark = pytest.mark.stack

STACK = "local"  # as the one-machine deployment calls it
PARAMETERS = {"Stage": "local"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    made = Cloud(None, lambda function, event: (None, False))
    yield made
    made.close()


@pytest.fixture(scope="module")
def first(cloud: Cloud) -> Deployment:
    """A deployment with an account that has money."""
    deployed = deploy(cloud, transform(TEMPLATE, PARAMETERS), PARAMETERS)
    accounts = store(cloud, deployed.outputs).accounts
    accounts.open("acc1", "first customer", 1)
    accounts.top_up("acc1", "payment-1", nanos(7), 1_767_225_600_000)
    return deployed


def store(cloud: Cloud, outputs: Any) -> Store:
    names = (outputs[logical] for logical in KINDS)
    return Store.over(Tables(cloud.client("dynamodb"), *names), shards=1, utc_offset=8)


def balance(cloud: Cloud, outputs: Any) -> int:
    account = store(cloud, outputs).accounts.get("acc1")
    assert account is not None
    return int(account.balance)


def gone(cloud: Cloud) -> None:
    cloudformation = cloud.client("cloudformation")
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def test_restored_tables_take_the_old_ones_place_and_the_old_ones_can_go(cloud: Cloud, first: Deployment) -> None:
    old = {logical: first.outputs[logical] for logical in KINDS}
    dynamodb = cloud.client("dynamodb")

    restored = restore(cloud.client, STACK, None)
    with pytest.raises(OperatorError, match="belongs to the stack local"):
        delete(cloud.client, [old["TasksTable"]])

    gone(cloud)
    assert set(old.values()) | set(restored.values()) <= set(dynamodb.list_tables()["TableNames"])

    adopt(cloud.client, STACK, restored)
    second = deploy(cloud, transform(TEMPLATE, PARAMETERS), PARAMETERS)
    assert {logical: second.outputs[logical] for logical in KINDS} == restored
    assert balance(cloud, second.outputs) == nanos(7)
    assert store(cloud, second.outputs).accounts.drift("acc1") == 0
    for name in restored.values():
        assert dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] is True
    kept = dynamodb.describe_time_to_live(TableName=restored["DirectoryTable"])["TimeToLiveDescription"]
    assert kept == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    delete(cloud.client, list(old.values()))
    assert set(dynamodb.list_tables()["TableNames"]) == set(restored.values())
