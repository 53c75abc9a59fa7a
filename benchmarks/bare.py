"""What somebody would write with boto3 alone: three handlers that make the doors' AWS calls and do nothing else.

No validation, no authentication, no routing, no families, no logs, no refusals told apart: the least that a handler
making these calls can cost.
"""

from __future__ import annotations

import json
import os
import time
import uuid
import zlib
from typing import Any

import boto3
import requests

Event = dict[str, Any]

TASKS, ACCOUNTS = os.environ["TASKS_TABLE"], os.environ["ACCOUNTS_TABLE"]
ACCOUNT_ID, SHARDS = os.environ["ACCOUNT_ID"], int(os.environ["DUE_SHARDS"])
KIE = json.loads(os.environ["UPSTREAM_URLS"])["kie"]

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")
http = requests.Session()


def submit(event: Event, context: object) -> Event:
    body = json.loads(event["body"])
    now = int(time.time() * 1000)
    task_id = str(uuid.uuid4())
    request = {
        "account_id": {"S": ACCOUNT_ID},
        "task_id": {"S": f"{task_id}#request"},
        "draft": {"S": json.dumps({**_DRAFT, "prompt": body["prompt"], "size": body["size"]})},
    }
    dynamodb.transact_write_items(
        TransactItems=[
            _charge(now),
            _put(TASKS, _task(task_id, now), "task_id"),
            _put(TASKS, request, "task_id"),
            _put(ACCOUNTS, _entry(task_id, "reserve", -200_000_000, now), "sk"),
        ]
    )
    sqs.send_message(
        QueueUrl=os.environ["DISPATCH_QUEUE_URL"],
        MessageBody=json.dumps({"account_id": ACCOUNT_ID, "task_id": task_id}),
        DelaySeconds=0,
    )
    return _answer({"task_id": task_id})


def status(event: Event, context: object) -> Event:
    task_id = json.loads(event["body"])["task_id"]
    row = dynamodb.get_item(
        TableName=TASKS, Key={"account_id": {"S": ACCOUNT_ID}, "task_id": {"S": task_id}}, ConsistentRead=True
    )["Item"]
    answer = {"task_id": task_id, "status": row["state"]["S"], "created_at": int(row["created_at"]["N"])}
    if "assets" in row:
        answer["images"] = json.loads(row["assets"]["S"])
    return _answer(answer)


def callback(event: Event, context: object) -> Event:
    task_id = event["rawPath"].split("/")[3].partition(".")[2]
    key = {"account_id": {"S": ACCOUNT_ID}, "task_id": {"S": task_id}}
    row = dynamodb.get_item(TableName=TASKS, Key=key, ConsistentRead=True)["Item"]
    dynamodb.update_item(**_turn(key, int(time.time() * 1000)))
    url, job = f"{KIE}/api/v1/jobs/recordInfo", row["upstream_task_id"]["S"]
    record = http.get(url, params={"taskId": job}, headers={"authorization": "Bearer sk-EXAMPLE-kie"}, timeout=5).json()
    now = int(time.time() * 1000)
    dynamodb.transact_write_items(
        TransactItems=[
            _success(key, row["version"]["N"], json.loads(record["data"]["resultJson"])["resultUrls"], now),
            _landed(),
            _put(ACCOUNTS, _entry(task_id, "capture", 0, now), "sk"),
        ]
    )
    sqs.send_message(
        QueueUrl=os.environ["DELIVER_QUEUE_URL"],
        MessageBody=json.dumps({"account_id": ACCOUNT_ID, "task_id": task_id, "attempt": 0}),
        DelaySeconds=0,
    )
    return _answer({"code": 200, "msg": "success"})


def _charge(now: int) -> Event:
    return {
        "Update": {
            "TableName": ACCOUNTS,
            "Key": _GATE,
            "UpdateExpression": "ADD #balance :minus, #in_flight :one, #minute_count :one, #day_count :one, "
            "#day_cost :price",
            "ConditionExpression": "#status = :active AND #balance >= :price AND #in_flight < :most "
            "AND #minute <= :minute AND #minute_count < :per_minute AND #day <= :day AND #day_count < :per_day",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ExpressionAttributeNames": _CHARGED,
            "ExpressionAttributeValues": {
                ":minus": {"N": "-200000000"},
                ":price": {"N": "200000000"},
                ":one": {"N": "1"},
                ":active": {"S": "active"},
                ":most": {"N": "1000"},
                ":minute": {"N": str(now // 60_000)},
                ":per_minute": {"N": "3000"},
                ":day": {"N": str(now // 86_400_000 + 1)},
                ":per_day": {"N": "1000000"},
            },
        }
    }


def _turn(key: Event, now: int) -> Event:
    return {
        "TableName": TASKS,
        "Key": key,
        "UpdateExpression": "SET #next_ask_at = :until",
        "ConditionExpression": "attribute_not_exists(#next_ask_at) OR #next_ask_at <= :now",
        "ExpressionAttributeNames": {"#next_ask_at": "next_ask_at"},
        "ExpressionAttributeValues": {":now": {"N": str(now)}, ":until": {"N": str(now + 5000)}},
    }


def _success(key: Event, version: str, urls: list[str], now: int) -> Event:
    return {
        "Update": {
            "TableName": TASKS,
            "Key": key,
            "UpdateExpression": "SET #state = :state, #version = :version, #due_at = :now, #progress = :progress, "
            "#assets = :assets, #learnt = :learnt, #completed_at = :now, #delivery = :owed",
            "ConditionExpression": "#version = :seen",
            "ExpressionAttributeNames": _SUCCEEDED,
            "ExpressionAttributeValues": {
                ":state": {"S": "succeeded"},
                ":version": {"N": str(int(version) + 1)},
                ":seen": {"N": version},
                ":now": {"N": str(now)},
                ":progress": {"N": "100.0"},
                ":assets": {"S": json.dumps([{"url": url} for url in urls])},
                ":learnt": {"S": "callback"},
                ":owed": {"S": "owed"},
            },
        }
    }


def _landed() -> Event:
    return {
        "Update": {
            "TableName": ACCOUNTS,
            "Key": _GATE,
            "UpdateExpression": "ADD #balance :zero, #in_flight :minus",
            "ExpressionAttributeNames": {"#balance": "balance", "#in_flight": "in_flight"},
            "ExpressionAttributeValues": {":zero": {"N": "0"}, ":minus": {"N": "-1"}},
        }
    }


def _aliases(*names: str) -> dict[str, str]:
    return {f"#{name}": name for name in names}


_GATE = {"account_id": {"S": ACCOUNT_ID}, "sk": {"S": "GATE"}}
_WINDOWS = ("minute", "minute_count", "day", "day_count", "day_cost")
_CHARGED = _aliases("status", "balance", "in_flight", *_WINDOWS)
_SUCCEEDED = _aliases("state", "version", "due_at", "progress", "assets", "learnt", "completed_at", "delivery")
_DRAFT: dict[str, object] = {
    **{"dialect": "relay", "platform": "kling", "kind": "image", "model": "kling-image", "action": "", "count": 1},
    **dict.fromkeys(("aspect_ratio", "duration", "mask_url", "video_url", "parent", "parent_upstream_task_id")),
    **{"pin": None, "lyrics": None, "style": None, "callback_url": None, "image_urls": [], "options": {}, "raw": {}},
}


def _put(table: str, item: Event, key: str) -> Event:
    return {
        "Put": {
            "TableName": table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({key})",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _task(task_id: str, now: int) -> Event:
    return {
        "account_id": {"S": ACCOUNT_ID},
        "task_id": {"S": task_id},
        "dialect": {"S": "relay"},
        "platform": {"S": "kling"},
        "kind": {"S": "image"},
        "model": {"S": "kling-image"},
        "price": {"N": "200000000"},
        "created_at": {"N": str(now)},
        "expires_at": {"N": str(now + 900_000)},
        "state": {"S": "pending"},
        "version": {"N": "0"},
        "due_at": {"N": str(now + 30_000)},
        "due_shard": {"N": str(zlib.crc32(task_id.encode()) % SHARDS)},
        "sending": {"BOOL": False},
        "tries": {"N": "0"},
        "polls": {"N": "0"},
        "progress": {"N": "0.0"},
        "delivery": {"S": "none"},
        "deliveries": {"N": "0"},
    }


def _entry(task_id: str, kind: str, amount: int, now: int) -> Event:
    return {
        "account_id": {"S": ACCOUNT_ID},
        "sk": {"S": f"ENTRY#{task_id}#{kind}"},
        "reference": {"S": task_id},
        "kind": {"S": kind},
        "amount": {"N": str(amount)},
        "at": {"N": str(now)},
        "platform": {"S": "kling"},
        "task_kind": {"S": "image"},
    }


def _answer(document: object) -> Event:
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }
