"""A large file goes into the bucket by a presigned form, and cannot be used before it is inspected."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from relay.effects.bucket import Bucket
from relay.flow.uploads import FORM_SECONDS, MAX_UPLOAD, inspect_upload
from tests.axes import table
from tests.functional.aws_fakes import listening
from tests.functional.files_client import PRESIGN, follow_link
from tests.functional.harness import BUCKET, Harness, harness
from tests.functional.refusals import refused, stored_state
from tests.samples import CONTENT_TYPES, gif_with, png_of, sample

PNG = sample("png")
OTHER = png_of(9, 9)
WANTED = {"filename": "cat.png", "content_type": "image/png", "size": len(PNG)}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


def asked(here: Harness, **wanted: Any) -> dict[str, Any]:
    status, document = here.post(PRESIGN, {**WANTED, **wanted})
    assert status == 200, document
    (said,) = document["data"]
    return dict(said)


def arrived(here: Harness, body: bytes = PNG, **wanted: Any) -> tuple[str, str]:
    """A file sent by a form and not inspected yet: its link and its key."""
    said = asked(here, **wanted)
    key = said["fields"]["key"]
    here.services.bucket.put(key, body, said["content_type"])
    return said["url"], key


def copy_of(key: str) -> str:
    """The key of a form's file once it is inspected."""
    return key.replace("incoming/", "uploads/")


def submit(here: Harness, url: str) -> int:
    return here.post("/api/kling/videos", {"prompt": "a cat", "action": "image2video", "image_url": url})[0]


def test_the_answer_is_a_form_and_what_the_file_will_be(here: Harness) -> None:
    said = asked(here, filename="../up/cat.png")

    assert said.keys() == {
        *("upload_url", "fields", "form_expires_at"),
        *("url", "filename", "size", "content_type", "expires_at"),
    }
    assert (said["filename"], said["size"], said["content_type"]) == ("cat.png", len(PNG), "image/png")
    assert datetime.fromisoformat(said["form_expires_at"]).timestamp() == here.now[0] // 1000 + FORM_SECONDS


def test_the_policy_binds_place_type_size_and_time(here: Harness) -> None:
    fields = asked(here, size=77)["fields"]
    policy = json.loads(base64.b64decode(fields["policy"]))

    assert {"bucket": BUCKET} in policy["conditions"]
    assert {"key": fields["key"]} in policy["conditions"]
    assert {"Content-Type": "image/png"} in policy["conditions"]
    assert ["content-length-range", 1, 77] in policy["conditions"]
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    signed_at = datetime.strptime(fields["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    lasts = datetime.fromisoformat(policy["expiration"]) - signed_at
    assert abs(lasts.total_seconds() - FORM_SECONDS) <= 1


def test_nobody_else_writes_under_the_key(here: Harness) -> None:
    area, owner, _ = asked(here)["fields"]["key"].split("/")

    assert (area, owner) == ("incoming", here.account_id)


@pytest.mark.parametrize("extension", CONTENT_TYPES)
def test_every_type_may_come_by_form(here: Harness, extension: str) -> None:
    url, key = arrived(here, sample(extension), content_type=CONTENT_TYPES[extension])
    inspect_upload(here.services, key)

    assert follow_link(here, url) == (200, copy_of(key))


@table(
    "wanted, status, field",
    [
        ({"filename": None}, 400, "filename"),
        ({"filename": ""}, 400, "filename"),
        ({"filename": 5}, 400, "filename"),
        ({"filename": "x" * 256}, 400, "filename"),
        ({"content_type": None}, 400, "content_type"),
        ({"content_type": "image/svg+xml"}, 400, "content_type"),
        ({"content_type": "text/html"}, 400, "content_type"),
        ({"content_type": "audio/aac"}, 400, "content_type"),
        ({"content_type": "IMAGE/PNG"}, 400, "content_type"),
        ({"content_type": "image/png; charset=x"}, 400, "content_type"),
        ({"content_type": ["image/png"]}, 400, "content_type"),
        ({"size": None}, 400, "size"),
        ({"size": 0}, 400, "size"),
        ({"size": -1}, 400, "size"),
        ({"size": "12"}, 400, "size"),
        ({"size": 1.5}, 400, "size"),
        ({"size": MAX_UPLOAD + 1}, 413, "size"),
        ({"size": 10**30}, 413, "size"),
    ],
)
def test_a_wrong_field_is_named(here: Harness, wanted: dict[str, Any], status: int, field: str) -> None:
    refusal = refused(here, "POST", PRESIGN, {**WANTED, **wanted})

    assert (refusal.status, field in refusal.message.split()) == (status, True)


@pytest.mark.parametrize("key", [None, "sk-EXAMPLE-unknown"])
def test_a_stranger_gets_no_form(here: Harness, key: str | None) -> None:
    assert refused(here, "POST", PRESIGN, WANTED, key=key).status == 401


def test_what_was_not_judged_is_no_input(here: Harness) -> None:
    url, _ = arrived(here)
    body = {"prompt": "a cat", "action": "image2video", "image_url": url}

    assert "image_url" in refused(here, "POST", "/api/kling/videos", body).message


def test_what_was_not_judged_cannot_be_fetched(here: Harness) -> None:
    url, _ = arrived(here)

    assert follow_link(here, url) == (404, "")


def test_what_was_judged_is_an_input(here: Harness) -> None:
    url, key = arrived(here)
    inspect_upload(here.services, key)

    assert submit(here, url) == 200


LIES = {
    "HTML": (b"<html>cat</html>", "image/png"),
    "another picture": (sample("jpg"), "image/png"),
    "a picture for a film": (PNG, "video/mp4"),
    "a script in a picture": (gif_with(b"<script>alert(1)</script>"), "image/gif"),
    "half a film": (sample("mp4")[:-100], "video/mp4"),
}


@pytest.mark.parametrize(("body", "content_type"), LIES.values(), ids=LIES.keys())
def test_what_is_not_what_it_was_said_to_be_is_deleted(here: Harness, body: bytes, content_type: str) -> None:
    url, key = arrived(here, body, content_type=content_type)
    inspect_upload(here.services, key)

    assert (key in here.stored, follow_link(here, url)[0], submit(here, url)) == (False, 404, 400)


@pytest.mark.parametrize("body", [PNG, b"<html>"], ids=["good", "bad"])
def test_to_be_judged_twice_changes_nothing(here: Harness, body: bytes) -> None:
    _, key = arrived(here, body)
    inspect_upload(here.services, key)
    once = stored_state(here)
    inspect_upload(here.services, key)

    assert stored_state(here) == once


@pytest.mark.parametrize("body", [b"<html>", OTHER], ids=["bad", "good"])
def test_a_judged_file_cannot_be_replaced(here: Harness, body: bytes) -> None:
    url, key = arrived(here)
    inspect_upload(here.services, key)
    here.services.bucket.put(key, body, "image/png")  # the form still works
    assert here.bytes_of(follow_link(here, url)[1]) == PNG
    inspect_upload(here.services, key)

    assert here.bytes_of(follow_link(here, url)[1]) == PNG
    assert (key in here.stored, submit(here, url)) == (False, 200)


def test_a_file_replaced_while_it_is_judged_is_not_copied(here: Harness) -> None:
    url, key = arrived(here)

    class Slow(Bucket):
        """The file is replaced before S3 comes to copy it; S3 compares, which moto does not."""

        def copy(self, source: str, etag: str, key: str, content_type: str) -> bool:
            self.put(source, b"<html>", "image/png")
            return here.stored[source] == etag and super().copy(source, etag, key, content_type)

    inspect_upload(replace(here.services, bucket=Slow(here.services.bucket._connect, BUCKET)), key)
    assert (follow_link(here, url)[0], submit(here, url)) == (404, 400)
    inspect_upload(here.services, key)

    assert (copy_of(key) in here.stored, key in here.stored, follow_link(here, url)[0]) == (False, False, 404)


def test_a_copy_is_made_of_the_very_bytes_that_were_judged(here: Harness) -> None:
    _, key = arrived(here)
    asked_of_s3: list[dict[str, Any]] = []

    def noted(params: dict[str, Any], **_: object) -> None:
        asked_of_s3.append(params)

    judged = here.stored[key]
    with listening(here.services.bucket._client, "provide-client-params.s3.CopyObject", noted):
        inspect_upload(here.services, key)

    (copy,) = asked_of_s3
    assert (copy["CopySourceIfMatch"], copy["Key"]) == (judged, copy_of(key))


def test_a_good_file_after_a_refused_one_is_taken(here: Harness) -> None:
    url, key = arrived(here, b"<html>")
    inspect_upload(here.services, key)
    here.services.bucket.put(key, PNG, "image/png")
    inspect_upload(here.services, key)

    assert follow_link(here, url)[0] == 200


def test_what_follows_a_picture_is_not_kept(here: Harness) -> None:
    url, key = arrived(here, PNG + b"PK\x03\x04" + bytes(99), size=len(PNG) + 103)
    inspect_upload(here.services, key)

    assert here.bytes_of(follow_link(here, url)[1]) == PNG


def test_only_what_was_judged_stays(here: Harness) -> None:
    _, key = arrived(here)
    inspect_upload(here.services, key)

    assert (key in here.stored, copy_of(key) in here.stored) == (False, True)


def test_a_file_that_is_gone_before_it_is_judged_does_no_harm(here: Harness) -> None:
    said = asked(here)
    inspect_upload(here.services, said["fields"]["key"])

    assert (follow_link(here, said["url"])[0], submit(here, said["url"])) == (404, 400)
