"""Files in and out over HTTP: uploads that are used, forms that are held to their word, results that outlive links."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import boto3
import pytest
import requests
from botocore.config import Config
from PIL import Image

from local.emulator import ACCOUNT, SECRET
from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from local.upstreams.media import Recipe, make
from relay.flow.uploads import MAX_UPLOAD
from tests.e2e.tenant import PATIENCE, Tenant, until

pytestmark = pytest.mark.stack

T = TypeVar("T")
PICTURE = make(Recipe("image", "a picture of a client's own", "test"))
NOTHING: Mapping[str, str] = MappingProxyType({})
VIDEO = {"action": "image2video", "duration": 5}


class Client(Tenant):
    def upload(self, body: bytes = PICTURE) -> str:
        answer = self.send("POST", "/api/upload/file", files={"file": ("a.png", body)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"][0]["url"])

    def form(self, size: int = len(PICTURE), content_type: str = "image/png") -> dict[str, Any]:
        asked = {"filename": "a", "content_type": content_type, "size": size}
        form: dict[str, Any] = self.post("/api/upload/presign", asked)["data"][0]
        return form

    def video(self, url: str, prompt: str = "it moves") -> requests.Response:
        return self.send("POST", "/api/dreamina/videos", json={**VIDEO, "prompt": prompt, "image_url": url})


@pytest.fixture(scope="module")
def client(relay: LocalRelay, inbox: Inbox) -> Client:
    return Client(relay, Tenant.of(relay, inbox).account, inbox)


@pytest.fixture(scope="module")
def other(relay: LocalRelay, inbox: Inbox) -> Client:
    return Client(relay, Tenant.of(relay, inbox).account, inbox)


def soon(look: Callable[[], T | None]) -> T:
    return until(look, PATIENCE, lambda: "it did not come about")


def send(form: dict[str, Any], body: bytes = PICTURE, changes: Mapping[str, str] = NOTHING) -> str:
    """The status, and S3's own code for a refusal."""
    fields = {**form["fields"], **changes}
    answer = requests.post(form["upload_url"], fields, files={"file": ("a", body)}, timeout=30)
    code = re.search(r"<Code>(\w+)</Code>", answer.text)
    return f"{answer.status_code} {code[1]}" if code else str(answer.status_code)


def read(url: str) -> bytes | None:
    answer = requests.get(url, timeout=30)
    return answer.content if answer.status_code == 200 else None


def stored(relay: LocalRelay, form: dict[str, Any]) -> bool:
    bucket = {"Bucket": relay.stack.outputs["MediaBucket"], "Prefix": form["fields"]["key"]}
    return bool(relay.stack.client("s3").list_objects_v2(**bucket)["KeyCount"])


@pytest.mark.parametrize("way", ["endpoint", "form"])
def test_an_upload_becomes_a_video_that_outlives_the_provider(client: Client, way: str) -> None:
    if way == "endpoint":
        url = client.upload()
    else:
        form = client.form()
        assert send(form) == "204"
        url = form["url"]
    assert soon(lambda: read(url)) == PICTURE
    prompt = f"it moves, by {way}"
    created = client.video(url, prompt)
    assert created.status_code == 200, created.text
    task_id = created.json()["task_id"]
    client.ended(task_id)
    document = client.post("/api/dreamina/tasks", {"task_id": task_id})
    assert document["status"] == "succeeded", document

    upstream = client.relay.upstreams
    (job,) = upstream["aistudio"].jobs(prompt)
    assert job.background == PICTURE
    upstream.files.expire()
    assert {requests.get(link, timeout=10).status_code for link in job.urls} == {404}
    video = document["video"]["url"]
    assert video.startswith(client.relay.url)
    assert (read(video) or b"")[4:8] == b"ftyp"
    part = requests.get(video, headers={"range": "bytes=4-7"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"ftyp")


@pytest.mark.parametrize(
    "changes",
    [{"Content-Type": "text/html"}, {"Content-Type": "video/mp4"}, {"key": "results/a/b.png"}, {"acl": "public-read"}],
)
def test_a_form_is_good_for_nothing_but_what_it_was_given_for(client: Client, changes: dict[str, str]) -> None:
    form = client.form()
    assert send(form, changes=changes) == "403 AccessDenied"
    assert read(form["url"]) is None


def test_a_form_is_not_good_for_another_account(client: Client, other: Client) -> None:
    mine, theirs = client.form(), other.form()
    assert send(mine, changes={"key": theirs["fields"]["key"]}) == "403 AccessDenied"
    assert not stored(client.relay, theirs)


def test_a_form_is_good_for_its_time_only(client: Client) -> None:
    form = client.form()
    s3 = boto3.client(
        "s3",
        endpoint_url=client.relay.stack.aws_url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(signature_version="s3v4"),
    )
    late = s3.generate_presigned_post(
        client.relay.stack.outputs["MediaBucket"],
        form["fields"]["key"],
        {"Content-Type": "image/png"},
        [{"Content-Type": "image/png"}],
        ExpiresIn=-1,
    )
    s3.close()
    assert send({**form, "fields": late["fields"]}) == "403 AccessDenied"
    assert (
        send({**form, "fields": {**late["fields"], "policy": form["fields"]["policy"]}}) == "403 SignatureDoesNotMatch"
    )
    assert send(form) == "204"


def test_a_form_takes_no_byte_more_than_was_asked_for(client: Client) -> None:
    form = client.form()
    assert send(form, PICTURE + b"x") == "400 EntityTooLarge"
    assert not stored(client.relay, form)


def test_a_form_takes_no_byte_more_than_a_hundred_megabytes(client: Client) -> None:
    form = client.form(MAX_UPLOAD, "video/mp4")
    assert send(form, bytes(MAX_UPLOAD + 1)) == "400 EntityTooLarge"
    assert not stored(client.relay, form)
    asked = {"filename": "a", "content_type": "video/mp4", "size": MAX_UPLOAD + 1}
    assert client.send("POST", "/api/upload/presign", json=asked).status_code == 413


def webp() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "WEBP")
    return out.getvalue()


@pytest.mark.parametrize(
    "body",
    [b"<html><script>alert(1)</script></html>", PICTURE[:-9], webp()],
    ids=["a page", "half a picture", "another type"],
)
def test_what_is_not_what_it_was_declared_is_deleted_and_never_usable(client: Client, body: bytes) -> None:
    form = client.form(len(body))
    assert send(form, body) == "204"
    assert client.video(form["url"]).status_code == 400
    soon(lambda: True if not stored(client.relay, form) else None)
    assert read(form["url"]) is None
    assert client.video(form["url"]).status_code == 400


def test_a_form_cannot_replace_what_was_judged(client: Client) -> None:
    other = PICTURE + b"x"  # whole as well, but another file
    form = client.form(len(other))
    assert send(form) == "204"
    assert soon(lambda: read(form["url"])) == PICTURE
    assert send(form, other) == "204"
    assert read(form["url"]) == PICTURE
    soon(lambda: True if not stored(client.relay, form) else None)
    assert read(form["url"]) == PICTURE


def test_what_follows_a_picture_is_not_kept(client: Client) -> None:
    form = client.form(len(PICTURE) + 99)
    assert send(form, PICTURE + b"<script>alert(1)</script>") == "204"
    assert soon(lambda: read(form["url"])) == PICTURE


def test_a_file_is_given_without_a_redirect_and_as_what_it_is(client: Client) -> None:
    url = client.upload()
    for answer in (
        requests.get(url, timeout=10, allow_redirects=False),
        requests.head(url, timeout=10, allow_redirects=False),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["content-length"] == str(len(PICTURE))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("inline; filename=")


def test_a_part_of_a_file_comes_from_the_bucket_for_saving(client: Client) -> None:
    url = client.upload()
    part = requests.get(url, headers={"range": "bytes=1-3"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"PNG")
    assert part.headers["content-disposition"].startswith("attachment; filename=")
    head = requests.head(url, headers={"range": "bytes=1-3"}, timeout=10, allow_redirects=True)
    assert head.status_code in (200, 206)


def test_an_upload_is_not_usable_before_it_came(client: Client) -> None:
    form = client.form()
    assert client.video(form["url"]).status_code == 400
    assert read(form["url"]) is None


@pytest.mark.parametrize("body", [b"", b"<html></html>", PICTURE[:-9]])
def test_the_endpoint_takes_pictures_only(client: Client, body: bytes) -> None:
    assert client.send("POST", "/api/upload/file", files={"file": ("a.png", body)}).status_code == 400


def test_another_accounts_upload_cannot_be_used(client: Client, other: Client) -> None:
    assert other.video(client.upload()).status_code == 400


def test_a_link_made_to_look_like_ones_own_is_refused(client: Client, other: Client) -> None:
    forged = client.upload().replace(client.account.account_id, other.account.account_id)
    refused = other.video(forged, "it must not move")
    assert (refused.status_code, "image_url" in refused.json()["error"]["message"]) == (400, True)
    assert other.relay.upstreams["aistudio"].jobs("it must not move") == []


def test_a_changed_link_reads_nothing(client: Client, other: Client) -> None:
    url, second = client.upload(), other.upload()
    assert read(url) == PICTURE
    key, expires, signature = parts(url)
    theirs, _, another = parts(second)
    for changed in (
        (theirs, expires, signature),
        (key, expires + 1, signature),
        (key, 1, signature),
        (key, expires, another),
        (key, expires, ""),
        (key.replace("uploads/", "results/"), expires, signature),
    ):
        link = "{}/media/{}?expires={}&signature={}".format(client.relay.url, *changed)
        assert requests.get(link, timeout=10, allow_redirects=False).status_code == 404, changed


def parts(url: str) -> tuple[str, int, str]:
    found = re.fullmatch(r".*/media/(.+)\?expires=(\d+)&signature=(\w+)", url)
    assert found is not None
    return found[1], int(found[2]), found[3]
