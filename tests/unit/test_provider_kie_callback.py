"""What a KIE callback can do: name a task, if its signature holds where we know the key; nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relay.families.kie.dialect import DIALECT
from relay.families.kie.provider import PROVIDER
from relay.nouns.draft import Kind
from relay.nouns.errors import BadInput, Forbidden
from relay.nouns.signing import sign_id
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound
from tests.axes import each_once, table
from tests.speaking import Speaker

CLIENT = Speaker(DIALECT)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "kie"
KEY, NOW = "demo-hmac-key", 1767225600


def inbound(document: object, **headers: str) -> Inbound:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Inbound("POST", "/callbacks/kie/ref/token", named, body=json.dumps(document).encode())


def signed(task_id: str, timestamp: str = str(NOW), key: str = KEY, body_id: str | None = None) -> Inbound:
    signature = sign_id(key, task_id, int(timestamp) if timestamp.isdigit() else NOW)
    body = {"code": 200, "data": {"taskId": body_id or task_id}}
    return inbound(body, x_webhook_timestamp=timestamp, x_webhook_signature=signature)


@table(
    "document, task_id",
    [
        ({"data": {"taskId": "a", "task_id": "b"}, "taskId": "c", "task_id": "d"}, "a"),
        ({"data": {"task_id": "b"}, "taskId": "c", "task_id": "d"}, "b"),
        ({"data": {}, "taskId": "c", "task_id": "d"}, "c"),
        ({"data": None, "task_id": "d"}, "d"),
        ({"data": {"taskId": "", "task_id": "b"}}, "b"),
        ({"data": {"taskId": ["a"], "task_id": "b"}}, "b"),
        ({"data": [], "taskId": "c"}, "c"),
        ({"taskId": 17}, "17"),
        ({"taskId": "sora-2:task_1"}, "sora-2:task_1"),
    ],
)
def test_the_task_is_found_wherever_it_stands(document: object, task_id: str) -> None:
    assert PROVIDER.read_callback(inbound(document), NOW, None) == task_id


@pytest.mark.parametrize("name", ["gpt4o-callback-success", "gpt4o-callback-failure"])
def test_the_samples_name_their_task(name: str) -> None:
    body = (FIXTURES / f"{name}.json").read_bytes()
    assert PROVIDER.read_callback(Inbound("POST", "/", body=body), NOW, None) == "task_demo"


@each_once(
    (
        "body",
        [
            *(b"", b"{", b"[]", b"null", b'"a"', b"1", b"\xff", b"{}", b'{"data":{}}', b'{"data":"task"}'),
            *(b'{"taskId":""}', b'{"taskId":true}', b'{"taskId":"\\ud800"}', b'{"taskId":"a\\nb"}'),
            *(b"[" * 100_000, b'{"taskId":"%s"}' % (b"a" * 513)),
        ],
    ),
    ("key", [None, KEY]),
)
def test_a_body_without_a_task_is_bad_input(body: bytes, key: str | None) -> None:
    with pytest.raises(BadInput):
        PROVIDER.read_callback(Inbound("POST", "/", body=body), NOW, key)


def test_a_signed_callback_is_taken() -> None:
    assert PROVIDER.read_callback(signed("task_demo"), NOW, KEY) == "task_demo"


def test_the_published_vector_is_taken() -> None:
    signature = "Sa8CFP9SFefuT+uZ6Py7L3jt95HhthsgDmlozmZnWEU="
    hint = inbound({"taskId": "task_demo_0001"}, x_webhook_timestamp="1767225600", x_webhook_signature=signature)
    assert PROVIDER.read_callback(hint, NOW, KEY) == "task_demo_0001"


@table(
    "hint",
    [
        inbound({"taskId": "a"}),
        inbound({"taskId": "a"}, x_webhook_timestamp=str(NOW)),
        inbound({"taskId": "a"}, x_webhook_signature=sign_id(KEY, "a", NOW)),
        inbound({"taskId": "a"}, x_webhook_timestamp=str(NOW), x_webhook_signature="é\ud800"),
        signed("a", key="another-key"),
        signed("a", body_id="b"),
        signed("a", str(NOW - 301)),
        signed("a", str(NOW + 301)),
        signed("a", "soon"),
        signed("a", f" {NOW}"),
    ],
    ids=["bare", "no signature", "no time", "odd signature", "key", "task", "stale", "future", "garbled", "padded"],
)
def test_a_missing_wrong_or_stale_signature_is_forbidden(hint: Inbound) -> None:
    with pytest.raises(Forbidden):
        PROVIDER.read_callback(hint, NOW, KEY)


def test_an_empty_key_lets_nobody_in() -> None:
    with pytest.raises(Forbidden):
        PROVIDER.read_callback(signed("a", key=""), NOW, "")


def test_our_own_callbacks_pass_our_own_check() -> None:
    task = Task("acc", "T1", "kie", "gpt4o-image", Kind.IMAGE, "m", 1, NOW, NOW, state=State.TIMEOUT)
    hint = Inbound("POST", "/", DIALECT.sign_callback(task, KEY, NOW), body=CLIENT.notice(task))
    assert PROVIDER.read_callback(hint, NOW, KEY) == "T1"
