"""What the one-machine stack's bucket promises: events, links, streams, and forms held to what was signed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
import requests

from tests.e2e.fixtures.running import APP, Running, eventually

pytestmark = pytest.mark.stack

KEY = "incoming/a b+ü.txt"
NOTHING: Mapping[str, str] = MappingProxyType({})
PAGE = {"origin": "https://page.example"}


@pytest.fixture(scope="module")
def app() -> Iterator[Running]:
    running = Running(APP)
    yield running
    running.stop()


class Form:
    """A signed form of the application's bucket, and what its answers say."""

    def __init__(self, app: Running, key: str, limit: int = 10, seconds: int = 60) -> None:
        conditions: list[Any] = [{"Content-Type": "text/plain"}, ["content-length-range", 1, limit]]
        fields = {"Content-Type": "text/plain"}
        form = app.client("s3").generate_presigned_post(app.ids["Bucket"], key, fields, conditions, seconds)
        self.app, self.key, self.url = app, key, form["url"]
        self.fields: dict[str, str] = form["fields"]

    def send(
        self, body: bytes = b"hello", headers: Mapping[str, str] = NOTHING, changes: Mapping[str, str | None] = NOTHING
    ) -> str:
        """The status, and S3's own code for a refusal; a change to None leaves a field out."""
        merged = {**self.fields, **changes}
        fields = {name: value for name, value in merged.items() if value is not None}
        answer = requests.post(self.url, fields, files={"file": ("a.txt", body)}, headers=headers, timeout=20)
        code = re.search(r"<Code>(\w+)</Code>", answer.text)
        return f"{answer.status_code} {code[1]}" if code else str(answer.status_code)

    @property
    def stored(self) -> bytes | None:
        s3 = self.app.client("s3")
        try:
            body: bytes = s3.get_object(Bucket=self.app.ids["Bucket"], Key=self.key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return body


def event_of(app: Running, key: str) -> dict[str, Any]:
    table = {"TableName": app.ids["Table"], "Key": {"id": {"S": key}}}
    found: dict[str, Any] = eventually(lambda: app.client("dynamodb").get_item(**table).get("Item"))
    return found


def test_a_new_object_reaches_its_function_with_its_key_quoted_as_s3_does(app: Running) -> None:
    for key in ("elsewhere/x", KEY):
        app.client("s3").put_object(Bucket=app.ids["Bucket"], Key=key, Body=b"x")
    assert event_of(app, KEY)["key"]["S"] == "incoming/a+b%2B%C3%BC.txt"
    table = {"TableName": app.ids["Table"], "Key": {"id": {"S": "elsewhere/x"}}}
    assert "Item" not in app.client("dynamodb").get_item(**table)


def test_a_page_reads_only_what_the_buckets_own_rules_allow(app: Running) -> None:
    s3, bucket = app.client("s3"), app.client("s3").create_bucket(Bucket="shown")["Location"].strip("/")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"}, ExpiresIn=60)
    asks = {**PAGE, "access-control-request-method": "GET"}

    def allowed(headers: Mapping[str, str]) -> tuple[int, str | None, str | None]:
        asked = requests.options(address, headers={**asks, **headers}, timeout=10)
        read = requests.get(address, headers={**PAGE, **headers}, timeout=10)
        name = "access-control-allow-origin"
        return asked.status_code, asked.headers.get(name), read.headers.get(name)

    assert allowed({}) == (403, None, None)
    rule = {"AllowedOrigins": [PAGE["origin"]], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert allowed({}) == (200, PAGE["origin"], PAGE["origin"])
    assert allowed({"origin": "https://other.example"}) == (403, None, None)


def test_a_signed_address_gives_the_range_that_is_asked_for(app: Running) -> None:
    s3 = app.client("s3")
    where = {"Bucket": app.ids["Bucket"], "Key": "ten"}
    s3.put_object(**where, Body=b"0123456789")
    address = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    answer = requests.get(address, headers={"range": "bytes=2-4", **PAGE}, timeout=10)
    assert (answer.status_code, answer.content) == (206, b"234")
    assert requests.get(address + "0", timeout=10).status_code == 403


def test_a_large_stream_arrives_whole(app: Running) -> None:
    body = bytes(range(256)) * (20 << 12)  # 20 MB: three parts
    app.client("s3").upload_fileobj(io.BytesIO(body), app.ids["Bucket"], "large")
    assert app.client("s3").get_object(Bucket=app.ids["Bucket"], Key="large")["Body"].read() == body


@pytest.mark.parametrize("headers", [NOTHING, PAGE, PAGE | {"sec-fetch-site": "cross-site"}])
def test_a_good_form_is_taken_from_anyone_and_told_of(app: Running, headers: Mapping[str, str]) -> None:
    form = Form(app, f"incoming/form {len(headers)}")
    assert form.send(b"--\r\nhi\r\n", headers) == "204"
    assert form.stored == b"--\r\nhi\r\n"
    assert event_of(app, form.key)["kind"]["S"] == "ObjectCreated:Post"


def test_a_bucket_may_stand_in_the_host_name(app: Running) -> None:
    form = Form(app, "by host")
    host = f"{app.ids['Bucket']}.localhost"
    form.url = app.where["aws_url"]
    assert form.send(headers={"host": host}) == "204"
    assert form.stored == b"hello"


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"key": "another"}, "403 AccessDenied"),
        ({"Content-Type": "text/html"}, "403 AccessDenied"),
        ({"acl": "public-read"}, "403 AccessDenied"),
        ({"policy": None}, "400 InvalidArgument"),
        ({"x-amz-signature": None}, "400 InvalidArgument"),
        ({"x-amz-" + name: None for name in ("signature", "credential", "algorithm", "date")}, "403 AccessDenied"),
        ({"x-amz-signature": "0" * 64}, "403 SignatureDoesNotMatch"),
        ({"x-amz-signature": "ü"}, "403 SignatureDoesNotMatch"),
        ({"policy": "e30="}, "403 SignatureDoesNotMatch"),
        ({"x-amz-credential": "123456789012/20260101/us-east-1/s3/aws4_request"}, "400 InvalidArgument"),
    ],
)
def test_a_form_that_was_changed_is_refused(app: Running, changes: dict[str, str | None], answer: str) -> None:
    form = Form(app, "changed")
    assert form.send(headers=PAGE, changes=changes) == answer
    assert form.stored is None


def test_a_form_is_held_to_its_bucket(app: Running) -> None:
    app.client("s3").create_bucket(Bucket="another-bucket")
    form = Form(app, "changed")
    form.url = f"{app.where['aws_url']}/another-bucket"
    assert form.send() == "403 AccessDenied"


def test_a_form_is_held_to_its_time(app: Running) -> None:
    assert Form(app, "late", seconds=-1).send() == "403 AccessDenied"


@pytest.mark.parametrize(("size", "answer"), [(0, "400 EntityTooSmall"), (11, "400 EntityTooLarge"), (10, "204")])
def test_a_form_is_held_to_its_size(app: Running, size: int, answer: str) -> None:
    assert Form(app, f"size {size}").send(b"x" * size) == answer


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"--b\r\n\r\n", b'--b\r\nContent-Disposition: form-data; name="key"']
)
def test_a_body_that_is_no_form_is_refused(app: Running, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = requests.post(Form(app, "none").url, body, headers=headers, timeout=10)
    assert (answer.status_code, "MalformedPOSTRequest" in answer.text) == (400, True)
