"""The example events: complete, true to the template, and used."""

from __future__ import annotations

import json
import re
from hashlib import md5
from types import SimpleNamespace
from typing import Any, cast

from relay.flow.links import key_of
from relay.flow.services import Services
from relay.nouns.signing import callback_token
from tests.rules.test_template import routes_of, serves_http
from tests.rules.tree import ROOT, functions, logical_id, sources

FILES = sorted((ROOT / "events").glob("*.json"))
EVENTS: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
HTTP = sorted(name for name, event in EVENTS.items() if event.get("version") == "2.0")
SQS = sorted(name for name, event in EVENTS.items() if event.get("Records", [{}])[0].get("eventSource") == "aws:sqs")
CALLBACK_SECRET = "example-callback-secret"  # what the example's token was made with
MEDIA_SECRET = "example-media-secret"  # what the example's link was signed with


def function_of(name: str) -> str:
    return name.partition(".")[0]


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    called = {name for name, function in functions().items() if not serves_http(function)}
    assert {function_of(name) for name in EVENTS} == called


def test_every_route_has_an_event() -> None:
    wired = {(name, key) for name, function in functions().items() for key in routes_of(function)}
    assert {(function_of(name), EVENTS[name]["routeKey"]) for name in HTTP} == wired


def misfit(event: dict[str, Any]) -> bool:
    """Whether a request event contradicts itself: the gateway fills path, method and parameters from one route."""
    context = event["requestContext"]
    if context["routeKey"] != event["routeKey"] or context["http"]["path"] != event["rawPath"]:
        return True
    if event["routeKey"] == "$default":
        return False
    method, path = event["routeKey"].split(" ")
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", path))
    found = re.fullmatch(pattern, event["rawPath"])
    return context["http"]["method"] != method or found is None or event.get("pathParameters", {}) != found.groupdict()


def test_a_request_is_what_the_gateway_would_send() -> None:
    assert HTTP
    assert [name for name in HTTP if misfit(EVENTS[name])] == []
    assert [name for name in HTTP if any(header != header.lower() for header in EVENTS[name]["headers"])] == []


def test_a_message_names_a_task_or_a_duty_of_an_account() -> None:
    records = [(name, record) for name in SQS for record in EVENTS[name]["Records"]]
    assert records
    for name, record in records:
        message = json.loads(record["body"])
        named = {"account_id", "duty" if function_of(name) == "renew" else "task_id"}
        assert named <= set(message) <= named | {"attempt"}, name
        assert record["md5OfBody"] == md5(record["body"].encode(), usedforsecurity=False).hexdigest(), name
        assert record["eventSourceARN"].endswith(f"{logical_id(function_of(name))}Queue"), name


def test_the_callbacks_token_is_genuine() -> None:
    given = EVENTS["callback.kie.success"]["pathParameters"]
    account_id, _, task_id = given["task_ref"].partition(".")
    assert given["token"] == callback_token(CALLBACK_SECRET.encode(), given["upstream"], account_id, task_id)


def test_the_link_is_genuine() -> None:
    event = EVENTS["media.link"]
    given = event["queryStringParameters"]
    assert event["rawQueryString"] == "&".join(f"{name}={value}" for name, value in given.items())
    services = cast(
        "Services", SimpleNamespace(secrets=SimpleNamespace(need={"media-secret": MEDIA_SECRET}.__getitem__))
    )
    assert key_of(services, f"{event['rawPath']}?{event['rawQueryString']}") == "/".join(
        event["pathParameters"].values()
    )


def test_the_bucket_tells_of_what_came_by_form() -> None:
    for record in EVENTS["inspect_upload.s3.created"]["Records"]:
        assert record["eventSource"] == "aws:s3"
        assert record["eventName"].startswith("ObjectCreated:")
        assert record["s3"]["object"]["key"].startswith("incoming/")


def test_the_pollers_input_is_what_the_workflow_gives() -> None:
    assert set(EVENTS["poll.due"]) == {"shard", "until"}


def test_every_event_is_used() -> None:
    tests = [path for module, path in sources().items() if module.startswith("tests.") and ".rules." not in module]
    written = "".join(path.read_text("utf-8") for path in tests)
    assert [name for name in EVENTS if f'"{name}"' not in written] == []
