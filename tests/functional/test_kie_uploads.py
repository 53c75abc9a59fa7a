"""KIE's file upload: three ways to bring a file, which works as an input at once, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from relay.effects.outbound import NoAnswer, Outbound
from relay.flow.fetching import MAX_FETCHED
from relay.nouns.wire import Answer
from tests.axes import table
from tests.functional.files_client import MULTIPART, follow_link
from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import stored_state
from tests.samples import sample

PNG = sample("png")
TEXT = base64.b64encode(PNG).decode()
BASE64, STREAM, ADDRESS = (f"/api/file-{how}-upload" for how in ("base64", "stream", "url"))
WHERE = "https://files.example/holiday/cat.png?size=big"


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


def form(**fields: str) -> bytes:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    ]
    file = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="cat.png"\r\n\r\n' + PNG + b"\r\n--edge--\r\n"
    )
    return "".join(parts).encode() + file


WAYS: list[tuple[str, dict[str, Any], str]] = [
    (BASE64, {"body": {"base64Data": TEXT, "uploadPath": "images", "fileName": "a.png"}}, "images/a.png"),
    (BASE64, {"body": {"base64Data": f"data:image/png;base64,{TEXT}", "uploadPath": "images/"}}, "images/file"),
    (STREAM, {"raw": form(uploadPath="../images"), "headers": MULTIPART}, "images/cat.png"),
    (STREAM, {"raw": form(uploadPath="images", fileName="b.png"), "headers": MULTIPART}, "images/b.png"),
    (ADDRESS, {"body": {"fileUrl": WHERE, "uploadPath": "images"}}, "images/cat.png"),
]


@table("path, asked, shown", WAYS)
def test_a_file_is_brought_in_each_way_and_is_an_input_at_once(
    here: Harness, path: str, asked: dict[str, Any], shown: str
) -> None:
    here.network.script["file"] = [Answer(200, PNG)]
    status, document = here.request("POST", path, **asked)
    assert (status, document["success"], document["code"]) == (200, True, 200)
    data = document["data"]
    assert (data["filePath"], data["fileName"]) == (shown, shown.rpartition("/")[2])
    assert (data["mimeType"], data["fileSize"]) == ("image/png", len(PNG))
    assert here.bytes_of(follow_link(here, data["downloadUrl"])[1]) == PNG
    made = {"model": "nano-banana-pro", "input": {"prompt": "a hat", "image_input": [data["downloadUrl"]]}}
    assert here.post("/api/v1/jobs/createTask", made)[0] == 200


@table(
    "path, body, field",
    [
        (BASE64, {"base64Data": TEXT}, "uploadPath"),
        (BASE64, {"uploadPath": "images"}, "base64Data"),
        (BASE64, {"base64Data": "???", "uploadPath": "images"}, "base64Data"),
        (BASE64, {"base64Data": "aGVsbG8=", "uploadPath": "images"}, "base64Data"),
        (ADDRESS, {"fileUrl": WHERE}, "uploadPath"),
        (ADDRESS, {"fileUrl": "cat.png", "uploadPath": "images"}, "fileUrl"),
        (ADDRESS, {"fileUrl": "http://files.example/a.png", "uploadPath": "images"}, "fileUrl"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(
    here: Harness, path: str, body: dict[str, Any], field: str
) -> None:
    before = stored_state(here)
    status, document = here.post(path, body)
    assert (status, document["success"], document["code"], document["data"]) == (400, False, 400, None)
    assert field in document["msg"]
    assert stored_state(here) == before


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(404, b"gone"), 400),
        (Answer(302, PNG, {"location": "https://files.example/b.png"}), 400),
        (Answer(200, b""), 400),
        (Answer(200, b"<html>no picture"), 400),
        (Answer(200, PNG + b"\0" * MAX_FETCHED), 413),
        (NoAnswer("silence"), 400),
    ],
)
def test_an_address_without_a_file_is_refused_and_counts_as_a_file_of_the_day(
    here: Harness, answer: Answer | Exception, status: int
) -> None:
    here.network.script["file"] = [answer]
    files = uploaded(here)
    said, document = here.post(ADDRESS, {"fileUrl": WHERE, "uploadPath": "images"})
    assert (said, document["code"], document["msg"].split()[0]) == (status, status, "fileUrl")
    assert uploaded(here) == files + 1


def test_no_name_is_looked_up_for_an_account_that_is_frozen_while_it_is_remembered(here: Harness) -> None:
    asked, key = list[str](), "sk-EXAMPLE-cold"

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"]

    here.network.rules = Outbound("public", look_up)
    open_account(here, "cold", key, "9", 3)
    assert here.post(ADDRESS, {"fileUrl": WHERE, "uploadPath": "images"}, key=key)[0] == 200
    assert asked.pop() == "files.example"
    here.services.store.accounts.change("cold", status="frozen")
    status, document = here.post(ADDRESS, {"fileUrl": WHERE, "uploadPath": "images"}, key=key)
    assert (status, document["success"], asked) == (401, False, [])


def uploaded(here: Harness) -> int:
    """How many files count for today."""
    day = (here.now[0] // 1000 + here.services.catalog.utc_offset * 3600) // 86400
    return here.services.store.upload_counts.read(here.account_id, day)[0]
