"""Bringing files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from relay.edge.operations import Ask, Operations, serve
from relay.families.uses import PRESIGN, UPLOAD, UPLOAD_FROM, UPLOAD_MANY
from relay.flow import fetching, uploads
from relay.nouns.account import FileLink, FilePart, Form, FormRequest, Upload


def upload(ask: Ask[FilePart]) -> Upload:
    (stored,) = uploads.receive(ask.services, ask.caller, {"file": ask.read()}, ask.base_url)
    return stored


def upload_from(ask: Ask[FileLink]) -> Upload:
    return fetching.receive_from(ask.services, ask.caller, ask.read(), ask.base_url)


def upload_many(ask: Ask[Mapping[str, FilePart]]) -> Sequence[Upload]:
    return uploads.receive(ask.services, ask.caller, ask.read(), ask.base_url)


def presign(ask: Ask[FormRequest]) -> Form:
    return uploads.presign(ask.services, ask.caller, ask.read(), ask.base_url)


OPERATIONS: Operations = dict(
    [
        *(serve(UPLOAD, upload), serve(UPLOAD_FROM, upload_from), serve(UPLOAD_MANY, upload_many)),
        serve(PRESIGN, presign),
    ]
)
