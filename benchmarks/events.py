"""Lambda events as the cloud makes them: the repository's example events with their body, path and headers replaced."""

from __future__ import annotations

import base64
import copy
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.cloud import CALLBACK_SECRET, ROOT
from benchmarks.measured import DEVELOPER_EVENT, DEVELOPER_LOGIN, calling, client
from relay.nouns.signing import callback_token

Event = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """The invocation context a handler is given."""

    function_name: str = "genrelay-bench"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:genrelay-bench"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


@cache
def _example(name: str) -> Event:
    event: Event = json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))
    return event


def http(example: str, path: str, body: object, headers: Mapping[str, str]) -> Event:
    """A POST; its `requestId` is fresh, as each one's is."""
    event = copy.deepcopy(_example(example))
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["requestId"] = uuid.uuid4().hex[:15] + "="
    event["headers"].pop("idempotency-key", None)
    event["headers"] |= headers
    event["body"] = json.dumps(body, ensure_ascii=False)
    return event


def login(body: Mapping[str, object], source: str) -> Event:
    """A developer's login from an address."""
    event = http(DEVELOPER_EVENT, DEVELOPER_LOGIN, body, {})
    event["requestContext"]["http"]["sourceIp"] = source
    event["pathParameters"] = {"action": "login"}
    return event


def submit(key: str, platform: str, body: Mapping[str, object]) -> Event:
    return _asked(client.SUBMIT, key, body, platform)


def status(key: str, platform: str, task_id: str) -> Event:
    return _asked(client.STATUS, key, {"task_id": task_id}, platform)


def _asked(what: tuple[str, str], key: str, body: object, platform: str = "") -> Event:
    example, path = what
    return http(example, path.format(platform=platform), body, {"authorization": f"Bearer {key}"})


def callback(account_id: str, task_id: str, job: str) -> Event:
    """What the upstream sends when a job has ended, signed now."""
    token = callback_token(CALLBACK_SECRET.encode(), calling.NAME, account_id, task_id)
    headers, body = calling.callback(job, int(time.time()))
    return http(calling.ENDED, f"/callbacks/{calling.NAME}/{account_id}.{task_id}/{token}", body, headers)


def upload(key: str, picture: bytes) -> Event:
    """A multipart body as a browser sends it, in base64 as the API hands it on."""
    event = _asked(client.UPLOAD, key, None)
    part = b'content-disposition: form-data; name="file"; filename="lighthouse.png"\r\ncontent-type: image/png'
    body = b"--0123456789abcdef\r\n" + part + b"\r\n\r\n" + picture + b"\r\n--0123456789abcdef--\r\n"
    event["headers"] |= {"content-type": "multipart/form-data; boundary=0123456789abcdef"}
    event["headers"] |= {"content-length": str(len(body))}
    return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def media(link: str) -> Event:
    """A client that follows a link to a stored file."""
    event, parts = copy.deepcopy(_example("media.link")), urlsplit(link)
    event["rawPath"] = event["requestContext"]["http"]["path"] = parts.path
    event["rawQueryString"], event["queryStringParameters"] = parts.query, dict(parse_qsl(parts.query))
    return event


def queued(message: str) -> Event:
    """An SQS batch of one."""
    event = copy.deepcopy(_example(client.MESSAGE))
    event["Records"][0]["body"] = message
    return event
