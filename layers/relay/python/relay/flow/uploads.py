"""Files that clients bring: through the API when they are small, straight into the bucket when they are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import IO

from aws_lambda_powertools import Logger

from relay.errors import InvalidParameter, TooLarge
from relay.flow.access import Caller
from relay.flow.allowance import check_account, count
from relay.flow.house import House
from relay.flow.links import LINK_SECONDS, link
from relay.media import UPLOADABLE, Judged, MediaType, NotMedia, by_name, judge
from relay.statements import Form, FormRequest, Upload
from relay.task import uuid7

# An HTTP API hands a function at most 6 MB, and a file travels as base64: above 4.5 MB it never arrives here.
MAX_DIRECT = 4 << 20
MAX_UPLOAD = 100 << 20
FORM_SECONDS = 900
KEPT = 7 * 24 * 3600  # seconds an upload is remembered; the bucket's lifecycle rule must not be shorter

logger = Logger(child=True)


def receive(house: House, caller: Caller, filename: str, body: bytes, base_url: str) -> Upload:
    """Keep a small file, or as much of it as is one.

    Raises TooLarge, InvalidParameter for one that is not what we take, AccountFrozen, RateLimited.
    """
    check_account(house, caller)
    found = judged("file", body)
    count(house, caller, [found.size])
    key = new_key(house, caller, found.type)
    house.bucket.put(key, body[: found.size], found.type.content_type)
    house.store.directory.note_upload(key, "ready", _ttl(house))
    return Upload(_link(house, key, base_url), filename, found.size, found.type.content_type, _link_ends(house))


def judged(field: str, body: bytes, allowed: tuple[MediaType, ...] = UPLOADABLE) -> Judged:
    """What a small file is. Raises TooLarge or InvalidParameter, naming the field it came in."""
    if len(body) > MAX_DIRECT:
        raise TooLarge(
            f"{field} is larger than {MAX_DIRECT >> 20} MB; ask POST /api/upload/presign for a form that takes up to "
            f"{MAX_UPLOAD >> 20} MB",
            f"{field} 超过 {MAX_DIRECT >> 20} MB，请通过 POST /api/upload/presign 上传（最大 {MAX_UPLOAD >> 20} MB）",
            field=field,
        )
    try:
        return judge(body, allowed)
    except NotMedia as error:
        raise InvalidParameter(field, str(error), error.zh) from error


def new_key(house: House, caller: Caller, found: MediaType) -> str:
    return f"uploads/{caller.account_id}/{uuid7(house.clock(), house.random_bits(74))}.{found.extension}"


def presign(house: House, caller: Caller, wanted: FormRequest, base_url: str) -> Form:
    """A form for one large file, which counts with the size it declares.

    Raises InvalidParameter for a type we do not take, TooLarge beyond the limit, AccountFrozen, RateLimited.
    """
    check_account(house, caller)
    content_type, size = wanted.content_type, wanted.size
    types = {each.content_type: each for each in UPLOADABLE}
    if content_type not in types:
        known = ", ".join(types)
        raise InvalidParameter("content_type", f"must be one of: {known}", f"必须是以下之一：{known}")
    if size > MAX_UPLOAD:
        raise TooLarge(f"size is more than {MAX_UPLOAD >> 20} MB", f"size 超过 {MAX_UPLOAD >> 20} MB", field="size")
    count(house, caller, [size])
    key = new_key(house, caller, types[content_type])
    house.store.directory.note_upload(key, "pending", _ttl(house))
    form = house.bucket.form(_incoming(key), content_type, size, FORM_SECONDS)
    upload = Upload(_link(house, key, base_url), wanted.filename, size, content_type, _link_ends(house))
    return Form(form["url"], form["fields"], house.clock() // 1000 + FORM_SECONDS, upload)


def check(house: House, incoming: str) -> None:
    """Judge what arrived by form; a good file is copied to where its link leads. Repeats are harmless.

    A form works for minutes and can replace what it brought, so links lead to a copy of the very bytes that were
    judged, and what arrives after that is dropped.
    """
    key = incoming.replace("incoming/", "uploads/", 1)
    if house.store.directory.upload_ready(key):
        house.bucket.delete(incoming)
        return
    with TemporaryFile() as file:
        try:
            etag = house.bucket.copy_out(incoming, file)
        except LookupError:
            logger.info("nothing there to check", key=incoming)
            return
        try:
            found = _judged_file(file, key)
        except NotMedia as error:
            _refuse(house, incoming, key, str(error))
            return
        if file.seek(0, 2) > found.size:  # what follows the picture stays behind
            file.truncate(found.size)
            file.seek(0)
            house.bucket.copy_in(key, file, found.type.content_type)
        elif not house.bucket.copy(incoming, etag, key, found.type.content_type):
            logger.info("replaced while it was judged; the bucket tells of what replaced it", key=incoming)
            return
    house.store.directory.note_upload(key, "ready", _ttl(house))
    house.bucket.delete(incoming)


def _judged_file(file: IO[bytes], key: str) -> Judged:
    """Judge a file on disk, without reading it into memory. Raises NotMedia."""
    declared = by_name(key)
    allowed = (declared,) if declared else ()
    if file.tell() == 0:
        return judge(b"", allowed)
    with _mapped(file) as data:
        return judge(data, allowed)


@contextmanager
def _mapped(file: IO[bytes]) -> Iterator[mmap]:
    file.flush()
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        yield data


def _refuse(house: House, incoming: str, key: str, reason: str) -> None:
    house.bucket.delete(incoming)
    house.store.directory.note_upload(key, "refused", _ttl(house))
    house.count("UploadRefused")
    logger.warning("upload refused", key=key, reason=reason)


def _incoming(key: str) -> str:
    """Where a form puts the file that will lie under `key` once it is judged."""
    return key.replace("uploads/", "incoming/", 1)


def _ttl(house: House) -> int:
    return house.clock() // 1000 + KEPT


def _link_ends(house: House) -> int:
    return house.clock() // 1000 + LINK_SECONDS


def _link(house: House, key: str, base_url: str) -> str:
    return link(house, key, base_url, _link_ends(house))
