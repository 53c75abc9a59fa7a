"""Bringing files."""

from __future__ import annotations

from relay.edge.operations import Ask, Operations, serve
from relay.families.dialect import PRESIGN, UPLOAD
from relay.flow import uploads
from relay.nouns.account import FilePart, Form, FormRequest, Upload


def upload(ask: Ask[FilePart]) -> Upload:
    return uploads.receive(ask.services, ask.caller, *ask.read(), ask.base_url)


def presign(ask: Ask[FormRequest]) -> Form:
    return uploads.presign(ask.services, ask.caller, ask.read(), ask.base_url)


OPERATIONS: Operations = dict([serve(UPLOAD, upload), serve(PRESIGN, presign)])
