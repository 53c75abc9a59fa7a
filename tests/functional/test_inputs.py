"""Inputs may be the account's own uploads, inline pictures and public addresses; nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from relay.effects.outbound import Outbound
from relay.flow.links import LINK_SECONDS, sign_link
from relay.flow.uploads import MAX_DIRECT, UPLOAD_SECONDS
from tests.axes import table
from tests.functional.files_client import follow_link, object_key, upload_file
from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import TABLES, refused
from tests.samples import jpeg_with, png_of, sample

VIDEOS, KIE = "/api/kling/videos", "/api/v1/gpt4o-image/generate"
OTHER, POOR = "sk-EXAMPLE-client-0002", "sk-EXAMPLE-client-0003"
PNG = sample("png")


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="10000") as made:
        open_account(made, "acc2", OTHER, "100", 3)
        open_account(made, "acc3", POOR, "0", 3)
        yield made


def inline(body: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(body).decode()}"


def asking(field: str, value: str) -> tuple[str, dict[str, Any]]:
    """A valid request with one input, in a family that has that field."""
    if field == "image_url":
        return VIDEOS, {"prompt": "a cat", "action": "image2video", field: value}
    if field == "video_url":
        return VIDEOS, {"prompt": "a cat", "action": "extend", field: value}
    return KIE, {"prompt": "a cat", "size": "1:1", field: [value] if field == "filesUrl" else value}


PICTURES = ["image_url", "filesUrl", "maskUrl"]
NAMED = {"filesUrl": "filesUrl[0]"}  # as an error names it, where that is not the field alone


def sent_for(here: Harness, field: str, value: str) -> str:
    """What the upstream receives for an input."""
    here.run(30)  # what other tests left
    path, body = asking(field, value)
    status, document = here.post(path, body)
    assert status == 200, document
    here.pump()
    sent = json.loads(here.network.sent("aistudio.submit" if path == VIDEOS else "kie.submit")[-1].body)[field]
    return str(sent[0] if isinstance(sent, list) else sent)


# --- inline


@pytest.mark.parametrize("field", PICTURES)
def test_an_inline_picture_reaches_the_upstream_as_a_link_to_its_bytes(here: Harness, field: str) -> None:
    assert here.bytes_of(object_key(sent_for(here, field, inline(PNG)))) == PNG


@pytest.mark.parametrize("field", PICTURES)
def test_no_row_holds_a_byte_of_an_inline_picture(here: Harness, field: str) -> None:
    path, body = asking(field, inline(PNG))
    assert here.post(path, body)[0] == 200

    client: Any = here.services.store.tasks.tables.client
    rows = repr([client.scan(TableName=name)["Items"] for name in TABLES])
    assert base64.b64encode(PNG).decode()[30:90] not in rows


def test_what_is_echoed_is_the_request_without_the_bytes(here: Harness) -> None:
    task_id = here.submit_kie_image(prompt="data: a cat", filesUrl=[inline(PNG)])
    _, document = here.request("GET", f"/api/v1/gpt4o-image/record-info?taskId={task_id}")

    echoed = json.loads(document["data"]["paramJson"])
    assert (echoed["filesUrl"], echoed["prompt"]) == (["data:"], "data: a cat")


@pytest.mark.parametrize("field", PICTURES)
def test_an_inline_picture_is_refused_by_the_name_of_its_field(here: Harness, field: str) -> None:
    refusal = refused(here, "POST", *asking(field, inline(PNG[:-9])))

    assert (refusal.status, refusal.message.split()[0]) == (400, NAMED.get(field, field))


@table(
    "uri, status",
    [
        ("data:image/png;base64,####", 400),
        ("data:image/png;base64,AAA", 400),
        ("data:image/png;base64,", 400),
        ("data:image/png," + "A" * 40, 400),
        ("data:", 400),
        ("data:image/png;base64,猫", 400),
        (inline(b"<html>cat</html>"), 400),
        (inline(b"<svg/>", "image/svg+xml"), 400),
        (inline(sample("mp4"), "video/mp4"), 400),
        (inline(sample("wav"), "audio/wav"), 400),
        (inline(PNG[:-9]), 400),
        (inline(png_of(50_000, 50_000, pixels=b"")), 400),
        (inline(jpeg_with(b"<?php echo 1;"), "image/jpeg"), 400),
        (inline(PNG.ljust(MAX_DIRECT + 1, b"\0")), 413),
    ],
)
def test_an_inline_picture_that_is_none_is_refused(here: Harness, uri: str, status: int) -> None:
    refusal = refused(here, "POST", *asking("image_url", uri))

    assert (refusal.status, refusal.message.split()[0]) == (status, "image_url")


def test_one_bad_picture_among_good_ones_stores_none(here: Harness) -> None:
    body = {"prompt": "a cat", "size": "1:1", "filesUrl": [inline(PNG), inline(PNG[:-9])]}

    assert refused(here, "POST", KIE, body).status == 400


def test_a_request_nobody_can_pay_stores_nothing(here: Harness) -> None:
    path, body = asking("image_url", inline(PNG))

    assert refused(here, "POST", path, body, key=POOR).status == 402


def test_a_repeated_request_stores_its_picture_once(here: Harness) -> None:
    path, body = asking("image_url", inline(PNG))
    first = here.post(path, body, headers={"idempotency-key": "one"})
    before = here.stored

    assert (here.post(path, body, headers={"idempotency-key": "one"}), here.stored) == (first, before)


# --- our own


@pytest.mark.parametrize("field", PICTURES)
def test_an_upload_reaches_the_upstream_as_a_link_to_the_object(here: Harness, field: str) -> None:
    url = upload_file(here, PNG)["url"]

    assert object_key(sent_for(here, field, url)) == follow_link(here, url)[1]


def test_an_expired_link_still_names_the_upload(here: Harness) -> None:
    url = upload_file(here, PNG)["url"]
    key = follow_link(here, url)[1]
    here.wait(LINK_SECONDS + 1)

    assert (follow_link(here, url)[0], object_key(sent_for(here, "image_url", url))) == (404, key)


@pytest.mark.parametrize("field", PICTURES)
def test_the_upload_of_another_account_is_refused(here: Harness, field: str) -> None:
    theirs = upload_file(here, PNG, key=OTHER)["url"]

    assert field in refused(here, "POST", *asking(field, theirs)).message


@table("edit", ["/acc1/", "&signature=0", "?", ".jpg", "&expires=9"])
def test_an_edited_link_is_refused(here: Harness, edit: str) -> None:
    theirs = upload_file(here, PNG, key=OTHER)["url"]
    edited = {
        "/acc1/": theirs.replace("/acc2/", "/acc1/"),
        "&signature=0": theirs + "&signature=0",
        "?": theirs.partition("?")[0],
        ".jpg": theirs.replace(".png", ".jpg"),
        "&expires=9": theirs + "&expires=9",
    }[edit]

    assert "image_url" in refused(here, "POST", *asking("image_url", edited)).message


@pytest.mark.parametrize(
    "url", ["media:uploads/acc2/x.png", "s3://media/uploads/acc2/x.png", "/media/uploads/acc2/x.png"]
)
def test_our_inner_names_are_no_addresses(here: Harness, url: str) -> None:
    assert refused(here, "POST", *asking("image_url", url)).status == 400


def test_an_upload_nobody_remembers_is_refused(here: Harness) -> None:
    key = "uploads/acc1/00000000-0000-7000-8000-000000000000.png"
    never = sign_link(here.services, key, here.services.public_url, here.now[0] // 1000 + UPLOAD_SECONDS)

    assert "image_url" in refused(here, "POST", *asking("image_url", never)).message


FILM = sample("mp4")


@pytest.mark.parametrize(("field", "body"), [*((each, FILM) for each in PICTURES), ("video_url", PNG)])
def test_an_upload_of_the_wrong_kind_is_refused_before_the_charge(here: Harness, field: str, body: bytes) -> None:
    url = upload_file(here, body)["url"]
    refusal = refused(here, "POST", *asking(field, url))

    assert (refusal.status, refusal.message.split()[0]) == (400, NAMED.get(field, field))


def test_a_result_of_the_wrong_kind_is_refused_before_the_charge(here: Harness) -> None:
    key = "results/acc1/00000000-0000-7000-8000-000000000000-1.mp4"
    url = sign_link(here.services, key, here.services.public_url, here.now[0] // 1000 + 60)

    assert refused(here, "POST", *asking("image_url", url)).status == 400


def test_a_film_that_was_uploaded_can_be_extended(here: Harness) -> None:
    url = upload_file(here, FILM)["url"]

    assert object_key(sent_for(here, "video_url", url)) == follow_link(here, url)[1]


# --- addresses


@pytest.mark.parametrize("field", ["filesUrl", "maskUrl", "video_url"])
def test_no_field_leads_inside(here: Harness, field: str) -> None:
    here.network.rules = Outbound("public", _resolves)

    assert field in refused(here, "POST", *asking(field, "https://10.0.0.1/a.png")).message


@table(
    "url",
    [
        "https://127.0.0.1/a.png",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/a.png",
        "https://192.168.1.1/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:169.254.169.254]/a.png",
        "http://img.example/a.png",
        "https://img.example:22/a.png",
        "https://me:word@img.example/a.png",
    ],
)
def test_an_address_that_is_not_public_is_refused_by_its_field(here: Harness, url: str) -> None:
    here.network.rules = Outbound("public", _resolves)  # the name server of this test answers with what it is asked
    refusal = refused(here, "POST", *asking("image_url", url))

    assert (refusal.status, "image_url" in refusal.message) == (400, True)


def _resolves(host: str, port: int) -> list[str]:
    return [host if host.strip("[]")[0] in "0123456789:" else "93.184.216.34"]


def test_a_public_address_reaches_the_upstream_as_it_is(here: Harness) -> None:
    url = "https://img.example/a.png?size=large"

    assert sent_for(here, "image_url", url) == url
