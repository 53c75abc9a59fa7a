"""Input media of a request: checked at submit, turned into what an upstream can fetch at dispatch.

A client gives an https URL, a link of ours to an upload or result, or the bytes inline (a `data:` URI). Stored files
are kept in the draft as `media:<key>`; a link to them is signed only when the request is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families.bodies import is_data_uri, read_data_uri
from relay.flow.access import Caller
from relay.flow.allowance import check_allowance, count_accepted
from relay.flow.links import UPSTREAM_LINK_SECONDS, key_of
from relay.flow.services import FETCH, Services
from relay.flow.uploads import inspect_file, new_key
from relay.nouns.draft import Draft, Medium, file_kinds
from relay.nouns.errors import InvalidParameter, Refused
from relay.nouns.media import UPLOADABLE, by_name, sniff
from relay.nouns.wire import Call

STORED = "media:"  # URL scheme of a stored file inside a draft: media:<key of our bucket>
CHECK_SECONDS = 3.0  # for looking up the host names of all addresses of a request, together
KIND_WORDS = {"image": ("a picture", "图片"), "video": ("a video", "视频"), "audio": ("a sound", "音频")}
PROBE_SECONDS = 5.0  # for one address
PROBES_SECONDS = 10.0  # for all of a request: they and two submissions must fit into the function's 60 s
PROBE_BYTES = 4096  # read from the start of an address to see whether it holds media


@dataclass(frozen=True, slots=True)
class Inline:
    """A file sent inside a request; it is stored under `key` once the request is accepted."""

    key: str
    body: bytes
    content_type: str


def resolve_inputs(services: Services, caller: Caller, draft: Draft) -> tuple[Draft, list[Inline]]:
    """The draft with every medium checked and stored or inline ones as `media:<key>`, and the inline files.

    Raises InvalidParameter or TooLarge naming the field. Nothing is stored yet, because the request may still be
    refused; the caller passes the inline files to `store_inline` when it is accepted.
    """
    inline, until = list[Inline](), services.clock() + int(CHECK_SECONDS * 1000)

    def resolve(medium: Medium) -> str:
        field, url = medium.field or medium.role, medium.url  # without one where a stored request is completed
        if url.startswith("data:"):
            inline.append(_read_inline(services, caller, medium))
            return STORED + inline[-1].key
        resolved = _resolve_url(services, caller, field, url, (until - services.clock()) / 1000)
        return _check_kind(field, resolved, file_kinds(medium.role))

    media = tuple(replace(medium, url=resolve(medium)) for medium in draft.media)
    checked = replace(draft, raw=_without_bytes(draft.raw), media=media)
    if inline:
        check_allowance(services, caller, [len(each.body) for each in inline])
    return checked, inline


def store_inline(services: Services, caller: Caller, inline: list[Inline]) -> None:
    """Put inline files into the bucket (rows are too small for them) and count them as uploads."""
    if inline:
        count_accepted(services, caller, [len(each.body) for each in inline])
    for each in inline:
        services.bucket.put(each.key, each.body, each.content_type)


def _resolve_url(services: Services, caller: Caller, field: str, url: str, seconds: float) -> str:
    if url.startswith(STORED) and url.split("/")[1:2] == [caller.account_id]:
        return url  # of a stored request that is being completed: it was checked when it came
    key = key_of(services, url)
    if key is not None:
        return STORED + _check_file(services, caller, field, key)
    if services.public_url and url.startswith(f"{services.public_url}/media/"):
        raise InvalidParameter(field, "is a link that we did not give out", "不是由我们签发的链接")
    return check_address(services, field, url, seconds)


def check_address(services: Services, field: str, url: str, seconds: float = CHECK_SECONDS) -> str:
    """Check that an address is a public https URL. Raises InvalidParameter naming the field.

    A host name that does not resolve in time passes, since that may be a fault of the name server; the address is
    checked again whenever it is used.
    """
    try:
        services.http.check(url, seconds)
    except EgressRefused as error:
        raise InvalidParameter(field, str(error), "不是可用的公网 https 地址") from error
    return url


def _check_file(services: Services, caller: Caller, field: str, key: str) -> str:
    area, owner, _ = key.split("/")
    if owner != caller.account_id:
        raise InvalidParameter(field, "is no upload of this account", "不是本账户的上传文件")
    if area != "results" and not services.store.directory.upload_ready(key):
        raise InvalidParameter(field, "is an upload that is not ready, or was refused", "上传未就绪或已失效")
    return key


def _check_kind(field: str, url: str, wanted: tuple[str, ...]) -> str:
    """Refuse a stored file of another kind than the field takes; of other addresses the kind is not known yet."""
    found = by_name(url)
    if url.startswith(STORED) and (found is None or found.kind not in wanted):
        word, zh = KIND_WORDS[wanted[0]]
        raise InvalidParameter(field, f"must be {word}", f"必须是{zh}")
    return url


def _read_inline(services: Services, caller: Caller, medium: Medium) -> Inline:
    field, uri, kinds = medium.field, medium.url, file_kinds(medium.role)
    body = read_data_uri(field, uri)
    found = inspect_file(field, body, tuple(each for each in UPLOADABLE if each.kind in kinds))
    return Inline(new_key(services, caller, found.type), body[: found.size], found.type.content_type)


def _without_bytes(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The raw request as it is kept with the task: inline bytes are cut out, every other value stays."""
    if isinstance(value, Mapping):
        return {name: _without_bytes(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_bytes(part) for part in value]
    return "data:" if isinstance(value, str) and is_data_uri(value) else value


def prepare_inputs(services: Services, draft: Draft, inline: Callable[[Medium], str | None] | None = None) -> Draft:
    """The draft with every medium as a URL an upstream can fetch: stored files by a fresh S3 link, others as given.

    `inline` may make something else of a stored file. Addresses of others are probed. Raises Refused where one is gone
    or holds no media: an upstream would start a job, and bill it, before it found out.
    """
    until = services.clock() + int(PROBES_SECONDS * 1000)

    def resolve(medium: Medium) -> str:
        url = medium.url
        if url.startswith(STORED):
            return (inline and inline(medium)) or _link_for_upstream(services, url.removeprefix(STORED))
        _probe(services, url, min(PROBE_SECONDS, max(0.0, (until - services.clock()) / 1000)))
        return url

    return replace(draft, media=tuple(replace(medium, url=resolve(medium)) for medium in draft.media))


def _link_for_upstream(services: Services, key: str) -> str:
    # its days may be over, or the function that should have stored it was killed before it did
    if not services.bucket.has(key):
        raise unusable("leads to a file that is not kept any more")
    return services.bucket.link(key, UPSTREAM_LINK_SECONDS)


def _probe(services: Services, url: str, seconds: float) -> None:
    """Read the first bytes. An address that does not answer passes: it may still answer the upstream."""
    call = Call("GET", url, {**FETCH, "range": f"bytes=0-{PROBE_BYTES - 1}"}, timeout=seconds)
    try:
        with services.http.open(call, PROBE_BYTES) as incoming:
            status, head = incoming.status, b""
            while len(head) < PROBE_BYTES and (chunk := next(incoming.chunks, b"")):
                head += chunk
    except (NotSent, NoAnswer):
        return
    except EgressRefused as error:
        raise unusable(str(error)) from error
    if status in (404, 410) or (status in (200, 206) and sniff(head) is None):
        raise unusable("has no picture, video or sound")


def unusable(why: str) -> Refused:
    return Refused(f"the input address {why}", elsewhere=False, task_code="INPUT_FETCH_FAILED")
