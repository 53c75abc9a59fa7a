"""Files that clients bring: through the door when they are small, straight into the bucket when they are not."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from relay.errors import InvalidParameter, TooLarge
from relay.flow.access import Caller
from relay.flow.house import House
from relay.flow.links import LINK_SECONDS, link
from relay.media import UPLOADABLE, MediaType, NotMedia, inspect, judge
from relay.statements import Form, FormRequest, Upload
from relay.task import uuid7

# An HTTP API hands a function at most 6 MB, and a file travels as base64: above 4.5 MB it never arrives here.
MAX_DIRECT = 4 << 20
MAX_UPLOAD = 100 << 20
FORM_SECONDS = 900
KEPT = 7 * 24 * 3600  # seconds an upload is remembered; the bucket's lifecycle rule must not be shorter

logger = Logger(child=True)


def receive(house: House, caller: Caller, filename: str, body: bytes, base_url: str) -> Upload:
    """Keep a small file. Raises TooLarge, or InvalidParameter for one that is not what we take."""
    found = judged("file", body)
    key = new_key(house, caller, found)
    house.bucket.put(key, body, found.content_type)
    house.store.directory.note_upload(key, "ready", _ttl(house))
    return Upload(_link(house, key, base_url), filename, len(body), found.content_type, _link_ends(house))


def judged(field: str, body: bytes, allowed: tuple[MediaType, ...] = UPLOADABLE) -> MediaType:
    """What a small file is. Raises TooLarge or InvalidParameter, naming the field it came in."""
    if len(body) > MAX_DIRECT:
        raise TooLarge(
            f"{field} is larger than {MAX_DIRECT >> 20} MB; ask POST /api/upload/presign for a form that takes up to "
            f"{MAX_UPLOAD >> 20} MB",
            f"{field} 超过 {MAX_DIRECT >> 20} MB，请通过 POST /api/upload/presign 上传（最大 {MAX_UPLOAD >> 20} MB）",
            field=field,
        )
    try:
        return judge(inspect([body]), allowed)
    except NotMedia as error:
        raise InvalidParameter(field, str(error), error.zh) from error


def new_key(house: House, caller: Caller, found: MediaType, area: str = "uploads") -> str:
    return f"{area}/{caller.account_id}/{uuid7(house.clock(), house.random_bits(74))}.{found.extension}"


def presign(house: House, caller: Caller, wanted: FormRequest, base_url: str) -> Form:
    """A form for one large file. Raises InvalidParameter for a type we do not take, TooLarge beyond the limit."""
    content_type, size = wanted.content_type, wanted.size
    types = {each.content_type: each for each in UPLOADABLE}
    if content_type not in types:
        known = ", ".join(types)
        raise InvalidParameter("content_type", f"must be one of: {known}", f"必须是以下之一：{known}")
    if size > MAX_UPLOAD:
        raise TooLarge(f"size is more than {MAX_UPLOAD >> 20} MB", f"size 超过 {MAX_UPLOAD >> 20} MB", field="size")
    key = new_key(house, caller, types[content_type], "incoming")
    house.store.directory.note_upload(key, "pending", _ttl(house))
    form = house.bucket.form(key, content_type, size, FORM_SECONDS)
    upload = Upload(_link(house, key, base_url), wanted.filename, size, content_type, _link_ends(house))
    return Form(form["url"], form["fields"], house.clock() // 1000 + FORM_SECONDS, upload)


def check(house: House, key: str) -> None:
    """Judge what arrived by form: it becomes usable, or it is deleted. Repeats are harmless."""
    declared = next((each for each in UPLOADABLE if key.endswith(f".{each.extension}")), None)
    try:
        judge(inspect(house.bucket.read(key)), (declared,) if declared else ())
    except LookupError:
        logger.info("nothing there to check", key=key)
        return
    except NotMedia as error:
        house.bucket.delete(key)
        house.store.directory.note_upload(key, "refused", _ttl(house))
        house.count("UploadRefused")
        logger.warning("upload refused", key=key, reason=str(error))
        return
    house.store.directory.note_upload(key, "ready", _ttl(house))


def _ttl(house: House) -> int:
    return house.clock() // 1000 + KEPT


def _link_ends(house: House) -> int:
    return house.clock() // 1000 + LINK_SECONDS


def _link(house: House, key: str, base_url: str) -> str:
    return link(house, key, base_url, _link_ends(house))
