"""The image host of an aggregator, where pictures are uploaded before a request is made with them."""

from __future__ import annotations

from relay.families.forms import write_form
from relay.families.newapi.answers import refusal
from relay.families.provider import ImageHost
from relay.families.reading import as_object, as_text, is_url
from relay.nouns.errors import Refused
from relay.nouns.wire import Answer, Call

UPLOAD = "/api/upload"


def write_upload(uri: str) -> Call:
    return write_form("POST", UPLOAD, {}, {"file": uri})


def read_upload(answer: Answer) -> str:
    """The picture's address there. Whatever the host refuses, another source may take."""
    document = as_object(answer.body)
    url = document.get("url") or as_object(document.get("data")).get("url")
    if 200 <= answer.status < 300 and is_url(url):
        return url
    said = refusal(answer)
    words = as_text(document.get("message")) or said.words
    raise Refused(
        "the image host did not take an input",
        elsewhere=True,
        key=said.key,
        wait=said.wait,
        upstream_code=said.upstream_code,
        words=words,
    )


IMAGE_HOST = ImageHost(write_upload, read_upload)
