"""Owns uploads by signed form: what S3 checks of one and the emulator does not, before the emulator sees it.

The emulator judges a form's conditions, its expiration among them, but takes any signature for good, and takes
fields that come after the file. So a form is read here, held to its signature and its size, and written anew from
what was checked.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from local.emulator import ACCOUNT, SECRET
from local.form_body import FormBody, Refused
from local.guard import App, Scope, Send

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NAME = re.compile(r"[\w.:$-]{1,200}", re.ASCII)
_LARGEST = 5 << 30  # what S3 takes in one request
_SIGNED = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
# A client that is still sending would lose the refusal to a connection reset, so this much is read and dropped.
_DRAIN_BYTES, _DRAIN_SECONDS = 64 << 20, 5.0


def forms(emulator: App, otherwise: App) -> App:
    """Good signed forms go to the emulator, whatever page they come from; all else goes `otherwise`."""

    async def endpoint(scope: Scope, receive: Any, send: Send) -> None:  # noqa: ANN401 - ASGI's receive
        bucket = _addressed(scope)
        if bucket is None:
            await otherwise(scope, receive, send)
            return
        try:
            with closing(_opened(scope)) as form:
                if await _read(form, receive):
                    await emulator(*_written(form, scope, bucket), send)
        except Refused as refused:
            await _refuse(refused, receive, send)

    return endpoint


def _addressed(scope: Scope) -> str | None:
    """The bucket a form is posted to, by path or by host name; None for anything but a form."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return None
    headers = dict(scope["headers"])
    if not headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data") or b"x-amz-target" in headers:
        return None
    host = headers.get(b"host", b"").decode("latin-1").rsplit(":", 1)[0]
    name = host.removesuffix(".localhost") if host.endswith(".localhost") else scope["path"].strip("/")
    return name if _BUCKET.fullmatch(name) else None


def _opened(scope: Scope) -> FormBody:
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        message = "A header you provided implies functionality that is not implemented"
        raise Refused(501, "NotImplemented", message, Header="Transfer-Encoding")
    if b"content-length" not in headers:
        raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    return FormBody(headers[b"content-type"].decode("latin-1"), _allowance)


def _allowance(fields: Mapping[str, str]) -> int:
    """How many bytes the file may have, once the form is known to be ours."""
    if not fields.get("policy"):
        raise Refused(403, "AccessDenied", "Access Denied")  # nobody may write without a signature
    for name in _SIGNED:
        if not fields.get(name):
            message = f"Bucket POST must contain a field named '{name}'.  "
            raise Refused(400, "InvalidArgument", message + "If it is specified, please check the order of the fields.")
    account, *scope = fields["x-amz-credential"].split("/")
    if account != ACCOUNT:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if not hmac.compare_digest(_signature(scope, fields["policy"]).encode(), fields["x-amz-signature"].encode()):
        message = "The request signature we calculated does not match the signature you provided. "
        raise Refused(403, "SignatureDoesNotMatch", message + "Check your key and signing method.")
    return _largest(fields["policy"])


def _signature(scope: list[str], policy: str) -> str:
    key = f"AWS4{SECRET}".encode()
    for word in scope:
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.digest(key, policy.encode(), "sha256").hex()


def _largest(policy: str) -> int:
    try:
        conditions = json.loads(base64.b64decode(policy, validate=True))["conditions"]
        ranges = [each for each in conditions if isinstance(each, list) and each[0] == "content-length-range"]
        return min([_LARGEST, *(int(largest) for _, _, largest in ranges)])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise Refused(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.") from error


async def _read(form: FormBody, receive: Any) -> bool:  # noqa: ANN401
    """False when the client went away before its end."""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return False
        form.feed(message.get("body", b""))
        if not message.get("more_body", False):
            form.finish()
            return True


def _written(form: FormBody, scope: Scope, bucket: str) -> tuple[Scope, Any]:
    """The request again, with nothing in it that was not read here, in memory one chunk at a time."""
    boundary = secrets.token_hex(16)  # that no file can hold, since nobody knew it
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_plain(name)}"\r\n\r\n{value}\r\n'
        for name, value in form.fields.items()
    )
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(form.filename)}"\r\n\r\n'
    first, last = head.encode(), f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "host": "localhost",
        "content-type": f"multipart/form-data; boundary={boundary}",
        "content-length": str(len(first) + form.size + len(last)),
    }
    written = {
        **scope,
        "path": f"/{bucket}",
        "raw_path": f"/{bucket}".encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return written, _replay(_chunks(first, form.file(), last))


def _chunks(first: bytes, middle: Iterator[bytes], last: bytes) -> Iterator[bytes]:
    yield first
    yield from middle
    yield last


def _replay(chunks: Iterator[bytes]) -> Any:  # noqa: ANN401
    async def receive() -> dict[str, Any]:
        chunk = next(chunks, b"")
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    return receive


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(400, "InvalidArgument", "Invalid Argument")
    return name


def _quoted(filename: str) -> str:
    return quote(filename, safe=" !#$&'()+,-.;=@[]^_`{}~")


async def _refuse(refused: Refused, receive: Any, send: Send) -> None:  # noqa: ANN401
    details = "".join(f"<{name}>{value}</{name}>" for name, value in refused.details.items())
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message>{details}"
        f"<RequestId>{secrets.token_hex(8).upper()}</RequestId></Error>"
    ).encode()
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            await _drained(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drained(receive: Any) -> None:  # noqa: ANN401
    dropped = 0
    while dropped < _DRAIN_BYTES:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        dropped += len(message.get("body", b""))
