"""A file posted to the upload endpoint is inspected and can be used as an input at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from relay.flow.links import LINK_SECONDS
from relay.flow.uploads import MAX_DIRECT
from tests.axes import table
from tests.functional.files_client import FILE, HOST, MULTIPART, follow_link, form, object_key, upload_file
from tests.functional.harness import Harness, harness
from tests.functional.refusals import refused
from tests.samples import CONTENT_TYPES, gif_with, jpeg_with, png_of, sample

PNG = sample("png")
VIDEO = {"prompt": "a cat", "action": "image2video"}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


@pytest.mark.parametrize("extension", CONTENT_TYPES)
def test_a_file_is_what_its_bytes_are_whatever_its_name_says(here: Harness, extension: str) -> None:
    said = upload_file(here, sample(extension), "holiday.exe")

    assert (said["content_type"], said["size"]) == (CONTENT_TYPES[extension], len(sample(extension)))


def test_the_answer_is_one_object_in_the_envelope(here: Harness) -> None:
    _, document = here.post(FILE, raw=form(PNG), headers=MULTIPART)

    assert document.keys() == {"success", "data", "trace_id"}
    assert [set(each) for each in document["data"]] == [{"url", "filename", "size", "content_type", "expires_at"}]


def test_the_answer_says_until_when_the_link_works(here: Harness) -> None:
    said = upload_file(here, PNG)

    assert datetime.fromisoformat(said["expires_at"]).timestamp() == here.now[0] // 1000 + LINK_SECONDS


def test_the_image_host_answers_with_a_bare_url(here: Harness) -> None:
    status, document = here.post(HOST, raw=form(PNG), headers=MULTIPART)

    assert (status, document.keys(), document["created"]) == (200, {"url", "created"}, here.now[0] // 1000)
    assert here.bytes_of(follow_link(here, document["url"])[1]) == PNG


def test_the_link_leads_to_the_bytes_that_came(here: Harness) -> None:
    status, key = follow_link(here, upload_file(here, PNG)["url"])

    assert (status, here.bytes_of(key)) == (200, PNG)


def test_two_uploads_of_one_file_are_two_objects(here: Harness) -> None:
    assert follow_link(here, upload_file(here, PNG)["url"])[1] != follow_link(here, upload_file(here, PNG)["url"])[1]


def test_the_relay_family_sends_the_upstream_a_link_to_the_very_object(here: Harness) -> None:
    url = upload_file(here, PNG)["url"]
    assert here.post("/api/kling/videos", {**VIDEO, "image_url": url})[0] == 200
    here.pump()

    sent = json.loads(here.network.sent("aistudio.submit")[-1].body)
    assert object_key(sent["image_url"]) == follow_link(here, url)[1]


def test_the_kie_family_sends_the_upstream_links_to_the_very_objects(here: Harness) -> None:
    file, mask = upload_file(here, PNG)["url"], upload_file(here, sample("jpg"))["url"]
    here.submit_kie_image(filesUrl=[file], maskUrl=mask)
    here.pump()

    sent = json.loads(here.network.sent("kie.submit")[-1].body)
    keys = [object_key(each) for each in (*sent["filesUrl"], sent["maskUrl"])]
    assert keys == [follow_link(here, file)[1], follow_link(here, mask)[1]]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../x.png", "x.png"),
        ("a\tb\x7fc.png", "abc.png"),
        ("cat\u202egnp.exe", "catgnp.exe"),
        ("x" * 300, "x" * 255),
        ("猫.png", "猫.png"),
        ("", "file"),
    ],
)
def test_a_hostile_name_is_cleaned_and_nothing_is_stored_under_it(here: Harness, sent: str, shown: str) -> None:
    said = upload_file(here, PNG, sent)

    assert said["filename"] == shown
    area, owner, name = follow_link(here, said["url"])[1].split("/")
    assert (area, owner, len(name)) == ("uploads", here.account_id, len("00000000-0000-0000-0000-000000000000.png"))


DISGUISES = {
    "HTML": b"<html><body>cat</body></html>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "GIF with a ZIP behind it": sample("gif") + b"PK\x05\x06" + b"\0" * 18,
    "GIF with a script": gif_with(b"<script>alert(1)</script>"),
    "GIF with a script behind it": sample("gif") + b"<script>alert(1)</script>",
    "JPEG with PHP in a comment": jpeg_with(b"<?php system($_GET[0]); ?>"),
    "JPEG that is a PDF as well": jpeg_with(b"%PDF-1.4\n1 0 obj\n"),
    "PDF with a JPEG in it": b"%PDF-1.4\n" + sample("jpg"),
    "bomb": png_of(50_000, 50_000, pixels=b""),
    "sound without a container": sample("aac"),
    "half a picture": PNG[: len(PNG) // 2],
    "half a film": sample("mp4")[:-200],
    "nothing": b"",
}


@table("body", DISGUISES.values(), ids=DISGUISES.keys())
def test_what_is_no_whole_file_of_a_known_type_is_refused(here: Harness, body: bytes) -> None:
    refusal = refused(here, "POST", FILE, raw=form(body), headers=MULTIPART)

    assert (refusal.status, refusal.code, refusal.message.split()[0]) == (400, "INVALID_PARAMETER", "file")


@pytest.mark.parametrize("extension", ["jpg", "png"])
@pytest.mark.parametrize("behind", [b"\n", sample("mp4"), b"PK\x05\x06" + bytes(18)], ids=["newline", "film", "zip"])
def test_what_follows_a_picture_is_cut_off(here: Harness, extension: str, behind: bytes) -> None:
    said = upload_file(here, sample(extension) + behind)

    assert (said["size"], here.bytes_of(follow_link(here, said["url"])[1])) == (
        len(sample(extension)),
        sample(extension),
    )


def test_the_image_host_judges_alike(here: Harness) -> None:
    assert refused(here, "POST", HOST, raw=form(DISGUISES["SVG"]), headers=MULTIPART).status == 400


BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "no part": (b"--edge--\r\n", MULTIPART),
    "two parts": (form(PNG).removesuffix(b"--edge--\r\n") + form(PNG), MULTIPART),
    "a part named otherwise": (form(PNG, name="image"), MULTIPART),
    "a part without a name": (form(PNG).replace(b' name="file";', b""), MULTIPART),
    "a part without a filename": (form(PNG).replace(b'; filename="cat.png"', b""), MULTIPART),
    "cut short": (form(PNG)[:-40], MULTIPART),
    "another boundary": (form(PNG), {"content-type": "multipart/form-data; boundary=other"}),
    "no boundary": (form(PNG), {"content-type": "multipart/form-data"}),
    "another content type": (form(PNG), {"content-type": "image/png"}),
    "the file alone": (PNG, {"content-type": "application/octet-stream"}),
    "JSON": (b'{"file": "cat.png"}', {}),
    "no body": (b"", MULTIPART),
}


@table("body, headers", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_not_one_file_is_refused(here: Harness, body: bytes, headers: dict[str, str]) -> None:
    assert refused(here, "POST", FILE, raw=body, headers=headers).status == 400


def test_a_file_too_large_for_the_endpoint_is_refused_with_the_way_on(here: Harness) -> None:
    refusal = refused(here, "POST", FILE, raw=form(PNG.ljust(MAX_DIRECT + 1, b"\0")), headers=MULTIPART)

    assert (refusal.status, refusal.code) == (413, "INVALID_PARAMETER")
    assert "/api/upload/presign" in refusal.message


@pytest.mark.parametrize(("key", "code"), [(None, "UNAUTHORIZED"), ("sk-EXAMPLE-unknown", "INVALID_TOKEN")])
@pytest.mark.parametrize("path", [FILE, HOST])
def test_a_stranger_uploads_nothing(here: Harness, path: str, key: str | None, code: str) -> None:
    refusal = refused(here, "POST", path, raw=form(PNG), headers=MULTIPART, key=key)

    assert (refusal.status, refusal.code) == (401, code)


def test_an_upload_costs_nothing(here: Harness) -> None:
    before = here.balance
    upload_file(here, PNG)

    assert here.balance == before


def test_the_rows_hold_no_byte_of_a_file(here: Harness) -> None:
    upload_file(here, PNG)

    tables: Any = here.services.store.tasks.tables
    rows = repr([tables.client.scan(TableName=name)["Items"] for name in ("TasksTable", "AccountsTable")])
    assert repr(PNG[20:40])[2:-1] not in rows
