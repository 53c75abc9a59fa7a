"""Clients' uploads: small files through the API, larger ones by a presigned form straight into the bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import IO

from aws_lambda_powertools import Logger

from relay.flow.access import Caller
from relay.flow.allowance import check_account, count_files
from relay.flow.links import LINK_SECONDS, sign_link
from relay.flow.services import Services
from relay.nouns.account import FilePart, Form, FormRequest, Upload
from relay.nouns.errors import InvalidParameter, TooLarge
from relay.nouns.ids import uuid7
from relay.nouns.media import UPLOADABLE, Inspected, MediaType, NotMedia, by_name, inspect

# Bytes. An HTTP API hands a function at most 6 MB, base64 included: above 4.5 MB an upload never arrives here.
MAX_DIRECT = 4 << 20
MAX_UPLOAD = 100 << 20  # by form
FORM_SECONDS = 900  # life of a form
UPLOAD_SECONDS = 7 * 24 * 3600  # seconds an upload is remembered; the bucket's lifecycle rule must not be shorter

logger = Logger(child=True)


def receive(services: Services, caller: Caller, parts: Mapping[str, FilePart], base_url: str) -> list[Upload]:
    """Store small files, by the client's fields, and return links; what follows the end of a picture is dropped.

    Raises TooLarge, InvalidParameter for a type we do not take, AccountFrozen, RateLimited: then none is stored.
    """
    check_account(services, caller)
    found = [inspect_file(field, part.body) for field, part in parts.items()]
    count_files(services, caller, [each.size for each in found])
    return [store(services, caller, part, each, base_url) for part, each in zip(parts.values(), found, strict=True)]


def store(services: Services, caller: Caller, part: FilePart, found: Inspected, base_url: str) -> Upload:
    """Put a file that was inspected and counted into the bucket."""
    key, content_type = new_key(services, caller, found.type), found.type.content_type
    services.bucket.put(key, part.body[: found.size], content_type)
    services.store.directory.note_upload(key, "ready", _forget_at(services))
    return Upload(_sign(services, key, base_url), part.filename, found.size, content_type, _link_expiry(services))


def inspect_file(field: str, body: bytes, allowed: tuple[MediaType, ...] = UPLOADABLE) -> Inspected:
    """Type and length of a small file, by its bytes. Raises TooLarge or InvalidParameter naming the field."""
    if len(body) > MAX_DIRECT:
        raise TooLarge(
            f"{field} is larger than {MAX_DIRECT >> 20} MB; ask POST /api/upload/presign for a form that takes up to "
            f"{MAX_UPLOAD >> 20} MB, and for the URL to send instead",
            f"{field} 超过 {MAX_DIRECT >> 20} MB，请通过 POST /api/upload/presign 上传（最大 {MAX_UPLOAD >> 20} MB），"
            "并改用返回的 URL",
            field=field,
        )
    try:
        return inspect(body, allowed)
    except NotMedia as error:
        raise InvalidParameter(field, str(error), error.zh) from error


def new_key(services: Services, caller: Caller, found: MediaType) -> str:
    return f"uploads/{caller.account_id}/{uuid7(services.clock(), services.random_bits(74))}.{found.extension}"


def presign(services: Services, caller: Caller, wanted: FormRequest, base_url: str) -> Form:
    """A presigned form for one file of the declared type and size, counted against the day at once.

    Raises InvalidParameter for a type we do not take, TooLarge beyond the limit, AccountFrozen, RateLimited.
    """
    check_account(services, caller)
    content_type, size = wanted.content_type, wanted.size
    types = {each.content_type: each for each in UPLOADABLE}
    if content_type not in types:
        known = ", ".join(types)
        raise InvalidParameter("content_type", f"must be one of: {known}", f"必须是以下之一：{known}")
    if size > MAX_UPLOAD:
        raise TooLarge(f"size is more than {MAX_UPLOAD >> 20} MB", f"size 超过 {MAX_UPLOAD >> 20} MB", field="size")
    count_files(services, caller, [size])
    key = new_key(services, caller, types[content_type])
    services.store.directory.note_upload(key, "pending", _forget_at(services))
    form = services.bucket.form(_incoming_key(key), content_type, size, FORM_SECONDS)
    upload = Upload(_sign(services, key, base_url), wanted.filename, size, content_type, _link_expiry(services))
    return Form(form["url"], form["fields"], services.clock() // 1000 + FORM_SECONDS, upload)


def inspect_upload(services: Services, incoming: str) -> None:
    """Inspect a file that arrived by form under `incoming/`; a good one is copied to `uploads/`. Safe to repeat.

    A form can be used again while it lives and would replace the file. So links lead to a copy of exactly the bytes
    that were inspected (compared by ETag), and whatever arrives later is deleted.
    """
    key = incoming.replace("incoming/", "uploads/", 1)
    if services.store.directory.upload_ready(key):
        services.bucket.delete(incoming)
        return
    with TemporaryFile() as file:
        try:
            etag = services.bucket.copy_out(incoming, file)
        except LookupError:
            logger.info("no such object to inspect", key=incoming)
            return
        try:
            found = _inspect_on_disk(file, key)
        except NotMedia as error:
            _refuse(services, incoming, key, str(error))
            return
        if file.seek(0, 2) > found.size:  # drop what follows the picture
            file.truncate(found.size)
            file.seek(0)
            services.bucket.copy_in(key, file, found.type.content_type)
        elif not services.bucket.copy(incoming, etag, key, found.type.content_type):
            logger.info("replaced while it was inspected; the new object has its own event", key=incoming)
            return
    services.store.directory.note_upload(key, "ready", _forget_at(services))
    services.bucket.delete(incoming)


def _inspect_on_disk(file: IO[bytes], key: str) -> Inspected:
    """Like `inspect`, for a file on disk that need not fit into memory. Raises NotMedia."""
    declared = by_name(key)
    allowed = (declared,) if declared else ()
    if file.tell() == 0:
        return inspect(b"", allowed)
    with _mapped(file) as data:
        return inspect(data, allowed)


@contextmanager
def _mapped(file: IO[bytes]) -> Iterator[mmap]:
    file.flush()
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        yield data


def _refuse(services: Services, incoming: str, key: str, reason: str) -> None:
    services.bucket.delete(incoming)
    services.store.directory.note_upload(key, "refused", _forget_at(services))
    services.count("UploadRefused")
    logger.warning("upload refused", key=key, reason=reason)


def _incoming_key(key: str) -> str:
    """Where a form puts the file that will lie under `key` once it was inspected."""
    return key.replace("uploads/", "incoming/", 1)


def _forget_at(services: Services) -> int:
    return services.clock() // 1000 + UPLOAD_SECONDS


def _link_expiry(services: Services) -> int:
    return services.clock() // 1000 + LINK_SECONDS


def _sign(services: Services, key: str, base_url: str) -> str:
    return sign_link(services, key, base_url, _link_expiry(services))
