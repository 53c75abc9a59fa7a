"""Whatever path, headers or body reach an HTTP function, the answer is in a dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.edge.callbacks import CallbackEndpoint
from relay.edge.clients import ClientEndpoint
from relay.edge.gateway import Endpoint
from relay.edge.media import MediaEndpoint
from tests.axes import each_once
from tests.functional.aws_fakes import http_event
from tests.functional.harness import KEY, Harness, harness
from tests.speaking import SERVED

PATHS = (
    "/api/kling/images",
    "/api/kling/tasks",
    "/api/account/balance",
    "/api/account/consumption",
    "/api/upload",
    "/api/upload/presign",
    "/api/v1/gpt4o-image/generate",
    "/api/v1/gpt4o-image/record-info",
    "/api/v1/gpt4o-image/download-url",
    "/media/results/acc1/a.png",
    "/callbacks/kie/acc1.task/token",
)
ODD = ("*", "http://x/api/kling/tasks", "", "//", "/api/../api", "/%2f%00", "/api/\0/images", "/" + "a" * 20_000, "api")
LONE = "\ud800"  # half of a surrogate pair: JSON can say it, UTF-8 cannot

text = st.text(st.characters(exclude_categories=[]), max_size=40)  # with surrogates and controls
methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "TRACE", "BREW", "get", ""]) | text
targets = st.sampled_from(PATHS + ODD) | text | st.builds("{}/{}".format, st.sampled_from(PATHS), text)
bodies = st.sampled_from(['{"prompt": "a cat"}', "{}", "[]", '{"prompt": "\\ud800"}', "e30=", "====", LONE]) | text
header_names = st.sampled_from(["authorization", "Content-Type", "idempotency-key", "x-trace-id"]) | text
header_values = st.sampled_from([f"Bearer {KEY}", "application/json", "multipart/form-data; boundary=x"]) | text
queries = st.dictionaries(st.sampled_from(["taskId", "expires", "signature"]) | text, text, max_size=3)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Events API Gateway could send, and worse: missing parts, text that cannot be encoded."""
    event = http_event(draw(methods), "/", draw(st.dictionaries(header_names, header_values, max_size=4)), b"")
    event |= {"rawPath": draw(targets), "queryStringParameters": draw(queries)}
    event |= {"body": draw(bodies), "isBase64Encoded": draw(st.booleans())}
    for part in draw(st.sets(st.sampled_from(["headers", "queryStringParameters", "body", "isBase64Encoded"]))):
        del event[part]
    return event


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture(scope="module")
def endpoints(here: Harness) -> list[Endpoint]:
    clients = [
        ClientEndpoint(SERVED[name], lambda: here.services) for name in ("submit", "status", "account", "upload")
    ]
    return [*clients, CallbackEndpoint(lambda: here.services), MediaEndpoint(lambda: here.services)]


def answered(endpoint: Endpoint, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and document of an answer that a Lambda runtime can send, with its trace id."""
    answer = endpoint.resolve(event, LambdaContext())
    json.dumps(answer, ensure_ascii=False).encode()
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    document = json.loads(answer["body"])
    assert headers["content-type"] == "application/json"
    assert headers["x-trace-id"]
    assert document.get("trace_id") in (None, headers["x-trace-id"])
    return answer["statusCode"], document


def in_a_dialect(document: dict[str, Any]) -> bool:
    return document.keys() in ({"success", "error", "trace_id"}, {"code", "msg", "data"})


@settings(max_examples=300, deadline=None)
@given(event=events())
@example(event=http_event("OPTIONS", "*", {}, b""))
@example(event=http_event("GET", "http://x/api/kling/tasks", {}, b""))
@example(event=http_event("POST", PATHS[0], {"authorization": f"Bearer {KEY}"}, b"") | {"body": LONE})
@example(event=http_event("POST", PATHS[-1], {}, b"") | {"rawPath": f"/callbacks/kie/{LONE}/{LONE}"})
def test_no_request_is_a_fault_of_ours(endpoints: list[Endpoint], event: dict[str, Any]) -> None:
    for endpoint in endpoints:
        status, document = answered(endpoint, event)
        assert status < 500, (type(endpoint), status, document)


@each_once(
    ("path", ODD),
    ("method", ["OPTIONS", "GET", "POST", "BREW"]),
)
def test_a_target_of_any_form_is_not_found_in_a_dialect(endpoints: list[Endpoint], method: str, path: str) -> None:
    event = http_event(method, "/", {}, b"") | {"rawPath": path}
    for endpoint in endpoints[:4]:
        status, document = answered(endpoint, event)
        assert (status, in_a_dialect(document)) == (404, True), document


@pytest.mark.parametrize("body", ["====", "é", LONE, "a"])
def test_a_body_that_is_no_base64_is_a_bad_request(endpoints: list[Endpoint], body: str) -> None:
    event = http_event("POST", PATHS[0], {"authorization": f"Bearer {KEY}"}, b"")
    status, document = answered(endpoints[0], event | {"body": body, "isBase64Encoded": True})
    assert (status, document["error"]["code"]) == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, {"rawPath": 7}, {"requestContext": {"http": []}}])
def test_an_event_the_router_cannot_read_is_still_answered_in_a_dialect(
    endpoints: list[Endpoint], event: dict[str, Any]
) -> None:
    status, document = answered(endpoints[1], event)
    assert (status, in_a_dialect(document)) == (500, True)


def test_the_familys_words_are_told_by_the_path(endpoints: list[Endpoint]) -> None:
    at_kie = http_event("DELETE", "/api/v1/gpt4o-image/generate", {}, b"")
    at_relay = http_event("DELETE", "/api/kling", {}, b"")
    assert answered(endpoints[1], at_kie)[1].keys() == {"code", "msg", "data"}
    assert answered(endpoints[1], at_relay)[1].keys() == {"success", "error", "trace_id"}


def test_a_clients_own_trace_id_is_not_taken_over(endpoints: list[Endpoint]) -> None:
    event = http_event("POST", PATHS[1], {"x-trace-id": "mine"}, b"")
    assert answered(endpoints[1], event)[1]["trace_id"] == "trace-0001"
