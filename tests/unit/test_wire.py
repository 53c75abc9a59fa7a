"""Replies: any status and any bytes, JSON compact and the same every time, a redirect without a body."""

from __future__ import annotations

from relay.edge.events import write_answer
from relay.nouns.wire import Reply


def test_json_is_compact_and_keeps_its_letters() -> None:
    reply = Reply.json({"a": ["猫", 1]}, 201, {"x-a": "b"})
    assert reply == Reply(201, '{"a":["猫",1]}'.encode(), "application/json", {"x-a": "b"})


def test_a_redirect_has_no_body_and_no_type() -> None:
    answer = write_answer(Reply.see("https://files.example/a", {"cache-control": "no-store"}))
    assert answer == {
        "statusCode": 302,
        "headers": {"location": "https://files.example/a", "cache-control": "no-store"},
        "body": "",
        "isBase64Encoded": False,
    }


def test_bytes_travel_encoded_and_text_as_it_is() -> None:
    picture, text = write_answer(Reply(200, b"\xff\x00", "image/png")), write_answer(Reply(200, b"hi", "text/vtt"))
    assert (picture["body"], picture["isBase64Encoded"], picture["headers"]["content-type"]) == (
        "/wA=",
        True,
        "image/png",
    )
    assert (text["body"], text["isBase64Encoded"]) == ("hi", False)
