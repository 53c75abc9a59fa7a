"""Uploads that a client has us fetch from an address."""

from __future__ import annotations

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.flow.access import Caller
from relay.flow.allowance import check_account, count_bytes, count_files
from relay.flow.inputs import check_address
from relay.flow.services import FETCH, Services
from relay.flow.uploads import store
from relay.nouns.account import FileLink, FilePart, Upload
from relay.nouns.errors import InvalidParameter, TooLarge
from relay.nouns.media import NotMedia, inspect
from relay.nouns.wire import Call

MAX_FETCHED = 25 << 20  # bytes; they are held in memory
FETCH_SECONDS = 15.0  # the gateway waits for 30, and what was fetched has to be judged and stored


def receive_from(services: Services, caller: Caller, link: FileLink, base_url: str) -> Upload:
    """Store the file at an address, as `uploads.receive` does one that was sent.

    It counts as a file of the day before it is fetched, so that nobody has us fetch without end. Raises
    InvalidParameter or TooLarge naming the field, AccountFrozen, RateLimited: then nothing is stored.
    """
    check_account(services, caller)  # before the look-up of a name, which a frozen account must not cause
    check_address(services, link.field, link.url)
    count_files(services, caller, [0])
    body = _fetch(services, link)
    try:
        found = inspect(body)
    except NotMedia as error:
        raise InvalidParameter(link.field, str(error), error.zh) from error
    count_bytes(services, caller, found.size)
    return store(services, caller, FilePart(link.filename, body), found, base_url)


def _fetch(services: Services, link: FileLink) -> bytes:
    call, body = Call("GET", link.url, FETCH, timeout=FETCH_SECONDS), bytearray()
    try:
        with services.http.open(call) as incoming:
            for chunk in incoming.chunks if incoming.status == 200 else ():
                body += chunk
                if len(body) > MAX_FETCHED:
                    most = MAX_FETCHED >> 20
                    raise TooLarge(
                        f"{link.field} is larger than {most} MB", f"{link.field} 超过 {most} MB", field=link.field
                    )
    except EgressRefused as error:
        raise InvalidParameter(link.field, str(error), "不是可用的公网 https 地址") from error
    except (NotSent, NoAnswer) as error:
        raise _unreadable(link) from error
    if not body:
        raise _unreadable(link)
    return bytes(body)


def _unreadable(link: FileLink) -> InvalidParameter:
    return InvalidParameter(link.field, "cannot be read: it has to answer with the file itself", "无法读取文件")
