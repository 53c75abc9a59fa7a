"""What all of KIE's answers share: the envelope, its refusals, and faults in canonical words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from relay.families.reading import as_id, as_text, parse
from relay.nouns.errors import Refused
from relay.nouns.faults import Fault
from relay.nouns.wire import Json

POLICY, PARAMETER, INPUT, FAILED = (
    "CONTENT_POLICY_VIOLATION",
    "INVALID_PARAMETER",
    "INPUT_FETCH_FAILED",
    "GENERATION_FAILED",
)


class _Row(NamedTuple):
    elsewhere: bool
    key: bool = False
    wait: float | None = None
    task_code: str = "API_ERROR"


# Refused submissions by envelope code (KIE docs, status codes of each API's create page).
_REFUSALS: Mapping[int, _Row] = {
    400: _Row(elsewhere=False, task_code=PARAMETER),
    401: _Row(elsewhere=True, key=True),
    402: _Row(elsewhere=True, key=True),
    404: _Row(elsewhere=True),
    413: _Row(elsewhere=False, task_code=POLICY),  # Suno: the audio matches an existing work
    422: _Row(elsewhere=False, task_code=PARAMETER),
    429: _Row(elsewhere=True, wait=10),  # 20 new requests per 10 s; the excess is not queued
    433: _Row(elsewhere=True, key=True),  # undocumented; seen where a key's own cap is used up
    451: _Row(elsewhere=False, task_code=INPUT),
    455: _Row(elsewhere=True, wait=30),  # maintenance
    500: _Row(elsewhere=True),
    501: _Row(elsewhere=True),
    505: _Row(elsewhere=True),  # feature disabled
    531: _Row(elsewhere=True),
    550: _Row(elsewhere=True, wait=10),  # queue full
}
# Failed jobs by the record's errorCode or failCode (KIE docs, callbacks of each API).
_FAULTS: Mapping[str, str] = {"400": PARAMETER, "413": POLICY, "422": PARAMETER, "451": INPUT}
# 400 covers both a bad parameter and a refused prompt; only the text tells which.
_SPEAKS_OF_POLICY = re.compile(r"policy|policies|content|sensitive|safety", re.IGNORECASE)


class Envelope(NamedTuple):
    code: int
    message: str
    data: Json


def read_envelope(body: bytes) -> Envelope | None:
    """KIE's `{code, msg, data}`, or None for anything else. Some Market pages say `message` for `msg`."""
    document = parse(body)
    if not isinstance(document, dict):
        return None
    code = document.get("code")
    if isinstance(code, str) and re.fullmatch(r"[0-9]{1,6}", code):
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool) or abs(code) > 999_999:
        return None
    return Envelope(code, as_text(document.get("msg")) or as_text(document.get("message")), document.get("data"))


def find_id(document: Json) -> str | None:
    """The task id of a body, wherever this API puts it (KIE docs, Webhook Security Verification); some are numbers."""
    for holder in (document.get("data"), document) if isinstance(document, dict) else ():
        for name in ("taskId", "task_id"):
            found = holder.get(name) if isinstance(holder, dict) else None
            if task_id := as_id(str(found) if type(found) is int else found):
                return task_id
    return None


def knows(code: int) -> bool:
    return code in _REFUSALS


def refusal(code: int, message: str) -> Refused:
    """The refusal an envelope speaks."""
    row = _REFUSALS.get(code, _Row(elsewhere=code >= 500))
    policy = code == 400 and _SPEAKS_OF_POLICY.search(message)
    return Refused(
        "the upstream refused our account" if row.key else "the upstream refused the request",
        elsewhere=row.elsewhere,
        key=row.key,
        wait=row.wait,
        task_code=POLICY if policy else row.task_code,
        upstream_code=str(code),
        words=message,
    )


def bare_refusal(status: int) -> Refused:
    """The refusal of a 4xx without an envelope: something in front of the API spoke, so the request is not at fault."""
    row = _REFUSALS.get(status, _Row(elsewhere=True))
    message = f"the upstream answered HTTP {status}"
    return Refused(message, elsewhere=True, key=row.key, wait=row.wait, upstream_code=str(status))


def read_fault(code: str, message: str, *, policy: bool = False) -> Fault:
    canonical = _FAULTS.get(code, FAILED)
    if policy or (canonical == PARAMETER and _SPEAKS_OF_POLICY.search(message)):
        canonical = POLICY
    return Fault(canonical, message, code)
