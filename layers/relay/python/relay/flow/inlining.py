"""Inputs for upstreams that take bytes: every medium, or what goes to an image host, becomes a `data:` URI before the
claim."""

from __future__ import annotations

import base64
from dataclasses import replace

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.flow.inputs import PROBES_SECONDS, STORED, prepare_inputs, unusable
from relay.flow.services import FETCH, Services
from relay.nouns.draft import FILE_KINDS, Draft, MediaRole, Medium, file_kinds
from relay.nouns.errors import Refused
from relay.nouns.media import sniff
from relay.nouns.wire import Call

MOST_EACH = 10 << 20  # bytes of one medium
MOST_SOUND = 25 << 20  # of a recording, which is the only medium of its request: so many minutes have to be taken
MOST_TOGETHER = 20 << 20  # of all of a request: as text of a JSON document they take four times that in memory


def inline_inputs(services: Services, draft: Draft) -> Draft:
    """The draft with its media as `data:` URIs.

    Raises Refused: for good where one is gone or is not what its field takes; where one is too large, or cannot be
    read now, another source may still take its address.
    """
    until = services.clock() + int(PROBES_SECONDS * 1000)
    left, inlined = MOST_TOGETHER, list[Medium]()
    for medium in draft.media:
        seconds = max(0.1, (until - services.clock()) / 1000)
        most = MOST_SOUND if medium.role is MediaRole.AUDIO else min(left, MOST_EACH)
        body = _read(services, medium.url, most, seconds)
        left -= len(body)
        inlined.append(replace(medium, url=_data_uri(medium, body)))
    return replace(draft, media=tuple(inlined))


def host_inputs(services: Services, draft: Draft) -> Draft:
    """The draft with stored pictures as `data:` URIs, to be uploaded to an image host, and the rest as addresses.

    Raises Refused as `inline_inputs` and `prepare_inputs` do.
    """
    left = MOST_TOGETHER

    def inline(medium: Medium) -> str | None:
        nonlocal left
        if medium.role in FILE_KINDS:
            return None
        body = _read_stored(services, medium.url.removeprefix(STORED), min(left, MOST_EACH))
        left -= len(body)
        return _data_uri(medium, body)

    return prepare_inputs(services, draft, inline)


def _data_uri(medium: Medium, body: bytes) -> str:
    found, wanted = sniff(body), file_kinds(medium.role)
    if found is None or found.kind not in wanted:
        raise unusable(f"has no {wanted[0]}")
    return f"data:{found.content_type};base64,{base64.b64encode(body).decode()}"


def _read(services: Services, url: str, most: int, seconds: float) -> bytes:
    if url.startswith(STORED):
        return _read_stored(services, url.removeprefix(STORED), most)
    try:
        body = _fetch(services, url, most, seconds)
    except EgressRefused as error:
        raise unusable(str(error)) from error
    if body is None:
        raise _elsewhere("cannot be read now")
    return body


def _read_stored(services: Services, key: str, most: int) -> bytes:
    try:
        stored = services.bucket.read(key, most)
    except LookupError as error:
        raise unusable("leads to a file that is not kept any more") from error
    if stored.body is None:
        raise _elsewhere("leads to a file that is too large to be sent")
    return stored.body


def _fetch(services: Services, url: str, most: int, seconds: float) -> bytes | None:
    """The file at an address; None where it does not answer with one now."""
    try:
        with services.http.open(Call("GET", url, FETCH, timeout=seconds)) as incoming:
            if incoming.status in (404, 410):
                raise unusable("has nothing")
            if incoming.status != 200:
                return None
            body = bytearray()
            for chunk in incoming.chunks:
                body += chunk
                if len(body) > most:
                    raise _elsewhere("leads to a file that is too large to be sent")
            return bytes(body)
    except (NotSent, NoAnswer):
        return None


def _elsewhere(why: str) -> Refused:
    """It is the input's fault and not the upstream's, which is therefore not left alone for a while."""
    return Refused(f"the input address {why}", elsewhere=True, task_code="INPUT_FETCH_FAILED")
