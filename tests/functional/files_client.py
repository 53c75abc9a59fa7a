"""Uploads files and follows links, as a client does."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.edge.media import MediaEndpoint
from tests.functional.aws_fakes import http_event
from tests.functional.harness import BUCKET, REGION, Harness

MULTIPART = {"content-type": "multipart/form-data; boundary=edge"}
FILE, HOST, PRESIGN = "/api/upload/file", "/api/upload", "/api/upload/presign"


def form(body: bytes, filename: str = "cat.png", name: str = "file") -> bytes:
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return head.encode() + b"Content-Type: text/plain\r\n\r\n" + body + b"\r\n--edge--\r\n"


def upload_file(here: Harness, body: bytes, filename: str = "cat.png", **how: Any) -> dict[str, Any]:
    """Upload a valid file; what the answer says of it."""
    status, document = here.post(FILE, raw=form(body, filename), headers=MULTIPART, **how)
    assert status == 200, document
    (said,) = document["data"]
    return dict(said)


def follow_link(here: Harness, url: str) -> tuple[int, str]:
    """The status of one of our links, and the key of the object it gives or leads to."""
    status, headers, body = open_link(here, url)
    if status != 200:
        return status, object_key(headers["location"]) if "location" in headers else ""
    key = unquote(urlsplit(url).path).removeprefix("/media/")
    assert body == here.bytes_of(key)
    return status, key


def open_link(here: Harness, url: str, method: str = "GET", **asked: str) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and bytes that one of our links answers with."""
    parts = urlsplit(url)
    where = f"{parts.path}?{parts.query}" if parts.query else parts.path
    reply = MediaEndpoint(lambda: here.services).resolve(http_event(method, where, asked, b""), LambdaContext())
    headers = {name.lower(): values[0] for name, values in reply.get("multiValueHeaders", {}).items()}
    headers |= {name.lower(): value for name, value in reply.get("headers", {}).items()}
    body = str(reply["body"])
    return int(reply["statusCode"]), headers, b64decode(body) if reply["isBase64Encoded"] else body.encode()


def object_key(url: str) -> str:
    """The key that a link signed for S3 leads to; "" for any other URL."""
    parts = urlsplit(url)
    signed = parts.netloc == f"{BUCKET}.s3.{REGION}.amazonaws.com" and "X-Amz-Signature" in parse_qs(parts.query)
    return parts.path.lstrip("/") if signed else ""
