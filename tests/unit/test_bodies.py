"""Request bodies: whatever arrives is a checked model or a complaint that names its field."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from relay.families.bodies import MAX_DEPTH, Body, Url, read_body, read_json
from relay.nouns.errors import BadInput, MissingField
from relay.nouns.wire import Inbound
from tests.axes import table


class Sample(Body):
    text: Annotated[str, Field(min_length=1, max_length=3)]
    number: Annotated[int, Field(ge=1, le=9)] = 1
    word: Literal["a", "b"] = "a"


def inbound(body: bytes, content_type: str | None = "application/json") -> Inbound:
    return Inbound("POST", "/", {"content-type": content_type} if content_type else {}, body=body)


def nested(levels: int) -> bytes:
    """A document whose arrays and objects go `levels` deep."""
    return b'{"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@table(
    "body, document",
    [
        (b"", {}),
        (b"{}", {}),
        (b'{"a": 1, "b": null}', {"a": 1}),
        (b'{"a": {"b": null}}', {"a": {"b": None}}),
        ('{"a": "\u4f60\U0001f600"}'.encode(), {"a": "\u4f60\U0001f600"}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "\U0001f600"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    ],
)
def test_a_json_object_is_read_without_its_nulls(body: bytes, document: object) -> None:
    assert read_json(inbound(body)) == document


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"<html></html>",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        pytest.param(b"1" * 5000, id="digits"),
        pytest.param(b"[" * 100_000, id="brackets"),
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_what_is_no_json_object_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_json(inbound(body))


@pytest.mark.parametrize("body", [rb'{"a": "\ud800"}', rb'{"\udc00": 1}', b'{"a": "\xed\xa0\x80"}', b'{"a": 1e999}'])
def test_what_could_not_be_written_again_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_json(inbound(body))


def test_nesting_is_read_up_to_its_limit() -> None:
    assert "x" in read_json(inbound(nested(MAX_DEPTH)))


def test_nesting_over_the_limit_is_bad_input() -> None:
    with pytest.raises(BadInput, match="nests deeper"):
        read_json(inbound(nested(MAX_DEPTH + 1)))


@pytest.mark.parametrize(
    "content_type", [None, "application/json; charset=utf-8", "Application/JSON", "application/problem+json"]
)
def test_json_content_types_are_read(content_type: str | None) -> None:
    assert read_json(inbound(b'{"a":1}', content_type)) == {"a": 1}


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_named(content_type: str) -> None:
    sent = Inbound("POST", "/", {"content-type": content_type}, body=b"{}")
    with pytest.raises(BadInput) as caught:
        read_json(sent)
    assert caught.value.field == "Content-Type"


@table(
    "document, field",
    [
        ({"text": ""}, "text"),
        ({"text": "long"}, "text"),
        ({"text": 1}, "text"),
        ({"text": "a", "number": "1"}, "number"),
        ({"text": "a", "number": True}, "number"),
        ({"text": "a", "number": 1.0}, "number"),
        ({"text": "a", "number": 0}, "number"),
        ({"text": "a", "number": 10}, "number"),
        ({"text": "a", "word": "c"}, "word"),
    ],
)
def test_a_wrong_value_is_named_in_two_languages(document: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_body(Sample, document)
    english, chinese = caught.value.message, caught.value.zh
    assert (caught.value.code, caught.value.field) == ("INVALID_PARAMETER", field)
    assert english.startswith(field)
    assert english.isascii()
    assert not chinese.isascii()
    assert chinese.startswith(field)


def test_a_missing_field_has_its_own_code() -> None:
    with pytest.raises(MissingField) as caught:
        read_body(Sample, {})
    assert caught.value.field == "text"


def test_fields_nobody_knows_do_no_harm() -> None:
    assert read_body(Sample, {"text": "a", "other": 1}).text == "a"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_bad_input(body: bytes) -> None:
    with suppress(BadInput):
        read_json(inbound(body))


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
)
def test_what_was_read_can_be_written(document: dict[str, object]) -> None:
    assert json.dumps(read_json(inbound(json.dumps(document).encode())), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://me:secret@files.example/a.png", "callback must not hold credentials"),
        ("https://files.example:99999/a.png", "callback must be an http or https URL"),
        ("https://files.example\\@other.example/", "callback must be an http or https URL"),
    ],
)
def test_a_url_that_is_refused_says_why(url: str, problem: str) -> None:
    class Linked(Body):
        callback: Url

    with pytest.raises(BadInput) as caught:
        read_body(Linked, {"callback": url})
    assert caught.value.message == problem
