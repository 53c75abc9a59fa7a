"""What the one-machine stack promises, shown on the smallest application that uses all of it."""

from __future__ import annotations

import base64
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.snapshot import Snapshot, empty
from tests.e2e.fixtures.running import APP, Running, eventually, workers_in

pytestmark = pytest.mark.stack

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("stack") / "app"
    shutil.copytree(APP, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[Running]:
    running = Running(folder)
    yield running
    running.stop()


def test_a_request_reaches_its_handler_as_a_payload_2_event(app: Running) -> None:
    answer = app.request("POST", "/items/a%20b?x=1&x=2", b'{"n":1}', JSON | {"cookie": "s=1; t=2"})
    seen = answer.json()
    event = seen["event"]
    assert answer.status == 201
    assert answer.cookies == ("a=1", "b=2")
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /items/{id}"
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["cookies"] == ["s=1", "t=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"n":1}', False)
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_a_worker_sees_its_layer_and_its_own_environment_only(app: Running) -> None:
    seen = app.request("GET", "/items/all").json()
    assert seen["greeting"] == "from the layer"
    assert seen["public_url"] == app.where["url"]
    assert {"TABLE", "QUEUE_URL", "AWS_ENDPOINT_URL"} <= set(seen["environment"])
    assert not {"HOME", "USER", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"} & set(seen["environment"])


def test_the_most_specific_route_wins(app: Running) -> None:
    keys = [
        app.request(method, path).json()["event"]["routeKey"]
        for method, path in [("GET", "/items/all"), ("POST", "/items/all"), ("DELETE", "/files/a/b/c")]
    ]
    assert keys == ["GET /items/all", "POST /items/{id}", "ANY /files/{path+}"]


def test_the_default_route_catches_what_no_route_knows(app: Running) -> None:
    answer = app.request("PATCH", "/nowhere/at/all")
    assert (answer.status, answer.body) == (404, b"no such endpoint: /nowhere/at/all")


@pytest.mark.parametrize("content_type", ["image/png", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_text_arrives_in_base64(app: Running, content_type: str) -> None:
    event = app.request("POST", "/items/1", b"\x00\xff", {"content-type": content_type}).json()["event"]
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x00\xff", True)


def test_a_chunked_body_arrives_whole(app: Running) -> None:
    event = app.request("POST", "/items/1", iter([b"one ", b"two"]), {"content-type": "text/plain"}).json()["event"]
    assert event["body"] == "one two"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: many\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
    ],
)
def test_a_request_whose_length_makes_no_sense_is_refused(app: Running, head: bytes) -> None:
    host, port = app.where["url"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST /items/1 HTTP/1.1\r\nHost: x\r\n" + head + b"\r\nabc")
        assert connection.makefile("rb").readline().split()[1] == b"400"
    assert app.request("POST", "/items/1").status == 201


@pytest.mark.parametrize("megabytes", [7, 11])
def test_a_request_too_large_for_the_cloud_is_a_413(app: Running, megabytes: int) -> None:
    answer = app.request("POST", "/items/1", b"x" * (megabytes << 20), {"content-type": "text/plain"})
    assert (answer.status, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_crashing_handler_is_a_500_and_the_next_request_works(app: Running) -> None:
    crashed = app.request("GET", "/crash")
    assert (crashed.status, crashed.json()) == (500, {"message": "Internal Server Error"})
    assert app.request("GET", "/items/all").status == 201


def test_a_handler_over_its_timeout_is_killed(app: Running) -> None:
    before = set(app.workers())
    late = app.request("GET", "/slow")
    assert (late.status, late.json()) == (503, {"message": "Service Unavailable"})
    assert eventually(lambda: set(app.workers()) <= before)


def test_a_message_reaches_its_function_and_a_poison_message_the_dead_letters(app: Running) -> None:
    sqs = app.client("sqs")
    for body in ("hello", "poison"):
        sqs.send_message(QueueUrl=app.ids["Queue"], MessageBody=body)
    key = {"TableName": app.ids["Table"], "Key": {"id": {"S": "hello"}}}
    assert eventually(lambda: app.client("dynamodb").get_item(**key).get("Item"))
    dead = {"QueueUrl": app.ids["DeadLetters"]}
    messages = eventually(lambda: sqs.receive_message(**dead).get("Messages"))
    assert [message["Body"] for message in messages] == ["poison"]


@pytest.mark.parametrize("machine", ["Express", "Standard"])
def test_a_state_machine_waits_retries_chooses_and_maps(app: Running, machine: str) -> None:
    items = [{"id": f"{machine}-1"}, {"id": f"{machine}-2"}]
    started = app.client("stepfunctions").start_execution(
        stateMachineArn=app.ids[machine], input=json.dumps({"items": items})
    )

    def rounds() -> bool:
        found = app.client("dynamodb").scan(TableName=app.ids["Table"])["Items"]
        return [i["rounds"]["N"] for i in found if i["id"]["S"].startswith(machine)] == ["3", "3"]

    assert started["executionArn"]
    assert eventually(rounds)


def test_a_scheduled_function_can_be_fired_and_starts_the_workflow(app: Running) -> None:
    schedule = app.client("scheduler").get_schedule(Name=app.ids["TickEveryMinute"])
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "rate(1 minute)")
    answer = app.client("lambda").invoke(FunctionName=app.ids["Tick"], Payload=b"{}")
    assert "FunctionError" not in answer
    assert app.ids["Express"].rsplit(":", 1)[1] in json.loads(answer["Payload"].read())["started"]


def test_an_invocation_tells_the_exception_by_its_own_name(app: Running) -> None:
    answer = app.client("lambda").invoke(FunctionName=app.ids["Crash"], Payload=b"{}")
    assert (answer["FunctionError"], json.loads(answer["Payload"].read())["errorType"]) == ("Unhandled", "KeyError")


def test_a_table_expires_its_items(app: Running) -> None:
    found = app.client("dynamodb").describe_time_to_live(TableName=app.ids["Table"])
    assert found["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_an_edited_handler_answers_the_next_request(app: Running, folder: Path) -> None:
    assert app.request("GET", "/nowhere").status == 404
    source = folder / "functions" / "app.py"
    source.write_text(source.read_text().replace('"statusCode": 404', '"statusCode": 410'))
    assert eventually(lambda: app.request("GET", "/nowhere").status == 410)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://page.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "page.example:80"}],
)
@pytest.mark.parametrize("query", ["", "?X-Amz-Signature=1"])
def test_the_aws_endpoint_refuses_web_pages(app: Running, headers: dict[str, str], query: str) -> None:
    functions = "/2015-03-31/functions/" + query
    assert app.request("GET", functions, at="aws_url").status == 200
    assert app.request("GET", functions, headers=headers, at="aws_url").status == 403


def test_a_page_may_use_a_presigned_object_address(app: Running) -> None:
    s3 = app.client("s3")
    s3.create_bucket(Bucket="media")
    for method, verb in [("PUT", "put_object"), ("GET", "get_object")]:
        address = s3.generate_presigned_url(verb, Params={"Bucket": "media", "Key": "a.txt"})
        target = address.removeprefix(app.where["aws_url"])
        body = b"hello" if method == "PUT" else None
        answer = app.request(method, target, body, {"Origin": "https://page.example"}, at="aws_url")
        assert answer.status == 200
    assert answer.body == b"hello"


def test_a_second_stack_in_one_process_is_refused_in_words(app: Running) -> None:
    assert "already open" in app.where["second"]


def test_a_state_folder_has_one_owner(tmp_path: Path) -> None:
    first = Snapshot(tmp_path)
    with pytest.raises(RuntimeError, match="another stack uses"):
        Snapshot(tmp_path)
    first.release()
    Snapshot(tmp_path).release()


def test_data_of_another_version_is_refused_with_the_way_on(tmp_path: Path) -> None:
    Snapshot(tmp_path).release()
    (tmp_path / "format").unlink()
    with pytest.raises(RuntimeError, match="FRESH=1"):
        Snapshot(tmp_path)
    empty(tmp_path)
    Snapshot(tmp_path).release()


def put(running: Running, key: str) -> None:
    item = {"id": {"S": key}, "kind": {"S": "kept"}}
    running.client("dynamodb").put_item(TableName=running.ids["Table"], Item=item)
    running.client("s3").put_object(Bucket=running.ids["Bucket"], Key=key, Body=key.encode())


def test_data_survives_a_kill_and_a_clean_close(folder: Path, tmp_path: Path) -> None:
    first = Running(folder, tmp_path)
    put(first, "before the kill")
    first.request("GET", "/items/all")
    first.kill()
    assert eventually(lambda: not workers_in(first.where["aws_url"])), "workers outlived their parent"

    second = Running(folder, tmp_path, secret="second")
    put(second, "before the close")
    assert second.request("GET", "/items/all").json()["public_url"] == second.where["url"]
    secret = second.client("ssm").get_parameter(Name="/app/secret", WithDecryption=True)
    assert secret["Parameter"]["Value"] == "first"
    assert second.stop() < 3
    assert second.process.returncode == 0
    assert not workers_in(second.where["aws_url"])

    third = Running(folder, tmp_path, again=True)
    assert third.where["outputs"] == first.where["outputs"]
    found = third.client("dynamodb").scan(TableName=third.ids["Table"])["Items"]
    assert {item["id"]["S"] for item in found} >= {"before the kill", "before the close"}
    objects = third.client("s3").list_objects_v2(Bucket=third.ids["Bucket"])["Contents"]
    assert {each["Key"] for each in objects} == {"before the kill", "before the close"}
    kept = third.client("s3").get_object(Bucket=third.ids["Bucket"], Key="before the kill")
    assert kept["Body"].read() == b"before the kill"
    third.client("sqs").send_message(QueueUrl=third.ids["Queue"], MessageBody="after the restarts")
    key = {"TableName": third.ids["Table"], "Key": {"id": {"S": "after the restarts"}}}
    assert eventually(lambda: third.client("dynamodb").get_item(**key).get("Item"))
    third.stop()
    assert third.process.returncode == 0, "a Stack could not be opened after another was closed"
