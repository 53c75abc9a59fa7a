"""A multipart body holds exactly one part, a file named `file`; everything else is refused by name, nothing breaks."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.families.forms import MAX_FILENAME, MAX_PARTS, as_data_uri, clean_name, read_file, read_form
from relay.nouns.errors import BadInput, RelayError
from relay.nouns.wire import Inbound
from tests.axes import table

BODY = b"\x89PNG\r\n--not-the-end--\r\n\0\xff"
TYPE = "multipart/form-data; boundary=edge"


def part(disposition: str = 'form-data; name="file"; filename="cat.png"', body: bytes = BODY) -> bytes:
    head = f"--edge\r\nContent-Disposition: {disposition}\r\nContent-Type: image/png\r\n\r\n".encode()
    return head + body + b"\r\n"


def sent(body: bytes, content_type: str | None = TYPE) -> Inbound:
    headers = {} if content_type is None else {"content-type": content_type}
    return Inbound("POST", "/api/upload/file", headers, body=body)


def refused(body: bytes, content_type: str | None = TYPE) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_file(sent(body, content_type))
    return caught.value


END = b"--edge--\r\n"


def test_the_file_comes_out_as_it_went_in() -> None:
    assert read_file(sent(part() + END)) == ("cat.png", BODY)


@pytest.mark.parametrize("end", [b"--edge--", b"--edge--\r\n", b"--edge--\r\n\r\n"])
def test_the_closing_boundary_may_end_in_any_line_break(end: bytes) -> None:
    assert read_file(sent(part() + end)).body == BODY


def test_a_quoted_boundary_is_the_boundary() -> None:
    assert read_file(sent(part() + END, 'Multipart/Form-Data; charset=utf-8; boundary="edge"')).body == BODY


def test_an_empty_file_is_read_as_one() -> None:
    assert read_file(sent(part(body=b"") + END)).body == b""


def test_a_file_of_megabytes_comes_out_as_it_went_in() -> None:
    large = bytes(range(256)) * 20_000
    assert read_file(sent(part(body=large) + END)).body == large


@table(
    "body, code",
    [
        (b"", "INVALID_PARAMETER"),
        (END, "MISSING_REQUIRED_FIELD"),
        (part() + part() + END, "INVALID_PARAMETER"),
        (part('form-data; name="file"') + END, "MISSING_REQUIRED_FIELD"),
        (part('form-data; name="image"; filename="cat.png"') + END, "MISSING_REQUIRED_FIELD"),
        (part('form-data; name="FILE"; filename="cat.png"') + END, "MISSING_REQUIRED_FIELD"),
        (part('form-data; filename="cat.png"') + END, "INVALID_PARAMETER"),
        (part("form-data") + END, "INVALID_PARAMETER"),
        (part() + part('form-data; name="purpose"', b"fun") + END, "INVALID_PARAMETER"),
        (part().replace(b"Content-Disposition", b"X-Other") + END, "INVALID_PARAMETER"),
        (b"--edge\r\n\r\n" + BODY + b"\r\n" + END, "INVALID_PARAMETER"),
        (part(), "INVALID_PARAMETER"),
        (part()[:60], "INVALID_PARAMETER"),
        (part(body=b"cut after dashes --"), "INVALID_PARAMETER"),
        (part(body=b"cut after dashes --")[:-2], "INVALID_PARAMETER"),
        ((part() + END).replace(b"edge", b"hedge"), "INVALID_PARAMETER"),
        (BODY, "INVALID_PARAMETER"),
        (b'{"file": "cat.png"}', "INVALID_PARAMETER"),
    ],
)  # fmt: skip
def test_any_other_body_is_refused_by_the_name_of_its_part(body: bytes, code: str) -> None:
    error = refused(body)
    assert (error.code, error.field) == (code, "file")


@table(
    "content_type, field",
    [
        (None, "Content-Type"),
        ("", "Content-Type"),
        ("image/png", "Content-Type"),
        ("application/json", "Content-Type"),
        ("multipart/mixed; boundary=edge", "Content-Type"),
        ("multipart/form-data", "file"),
        ("multipart/form-data; boundary=", "file"),
        ("multipart/form-data; boundary=other", "file"),
        ("multipart/form-data; boundary=\u4e2d", "file"),
        ("multipart/form-data; boundary=" + "e" * 5000, "file"),
    ],
)
def test_a_wrong_content_type_is_refused(content_type: str | None, field: str) -> None:
    assert refused(part() + END, content_type).field == field


@table(
    "name, shown",
    [
        ("cat.png", "cat.png"),
        ("猫 🐈.png", "猫 🐈.png"),
        ("../../x.png", "x.png"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        ("a\0b\r\n\x1b[31m.png", "ab[31m.png"),
        ("cat\u202egnp.exe", "catgnp.exe"),
        ("\u2066\u200b\ufeffcat.png", "cat.png"),
        ("half \ud800.png", "half .png"),
        ("x" * 300 + ".png", "x" * (MAX_FILENAME - 4) + ".png"),
    ],
)
def test_a_name_is_cleaned_for_showing(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def field(name: str, text: bytes) -> bytes:
    return part(f'form-data; name="{name}"', text)


def test_a_form_is_its_fields_and_its_files_each_as_often_as_sent() -> None:
    body = field("prompt", "猫".encode()) + part('form-data; name="input"; filename="a/b.png"')
    form = read_form(sent(body + field("tag[]", b"x") + field("tag[]", b"y") + field("empty", b"") + END))
    assert form.document == {"prompt": "猫", "tag[]": ["x", "y"], "empty": ""}
    assert form.files == {"input": (("b.png", BODY),)}
    assert as_data_uri(form.files["input"][0]).endswith(b64encode(BODY).decode())


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (field("prompt", b"\xff") + END, "prompt"),
        (field("prompt", b"x"), "body"),
        (field("x", b"") * (MAX_PARTS + 1) + END, "body"),
        (b"", "body"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_by_name(body: bytes, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_form(sent(body))
    assert caught.value.field == named


@given(st.text())
def test_a_clean_name_can_always_be_shown(name: str) -> None:
    shown = clean_name(name)
    assert 0 < len(shown) <= MAX_FILENAME
    assert "/" not in shown
    assert "\\" not in shown
    assert shown.encode()


PIECES = st.sampled_from(
    [
        b"--edge",
        b"--edge\r\n",
        b"--edge--",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Disposition: form-data",
        b'; name="file"',
        b'; filename="a.png"',
        b"; filename*=UTF-8''a.png",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: nonsense\r\n",
        b"\x89PNG",
        b'"',
        b":",
        part(),
        END,
    ]
)


@given(st.binary(max_size=120) | st.lists(PIECES | st.binary(max_size=4), max_size=12).map(b"".join))
@example(part('form-data; name="file"; filename="\xff"') + END)
@example(part("form-data; name=file; filename=a\r\nContent-Transfer-Encoding: x") + END)
def test_any_body_is_one_file_or_refused(body: bytes) -> None:
    with suppress(RelayError):
        read_file(sent(body))
    with suppress(RelayError):
        read_form(sent(body))


@given(st.text(max_size=60).map("multipart/form-data;".__add__) | st.text(max_size=40))
@example("multipart/form-data; boundary=\ud800")
def test_any_content_type_is_read_or_refused(content_type: str) -> None:
    with suppress(RelayError):
        read_file(sent(part() + END, content_type))
