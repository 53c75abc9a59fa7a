"""What all of KIE's answers share: the envelope, its refusals, and faults in canonical words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from relay.families.reading import as_id, as_text, parse
from relay.families.refusals import OTHER, OUR_KEY, PARAMETER, POLICY, Row, refused
from relay.nouns.errors import Refused
from relay.nouns.faults import Fault
from relay.nouns.wire import Json

INPUT, FAILED = "INPUT_FETCH_FAILED", "GENERATION_FAILED"

_BAD_VALUE = OTHER._replace(elsewhere=False, task_code=PARAMETER)
_OUR_KEY = OUR_KEY._replace(message="the upstream refused our account")
# Refused submissions by envelope code (KIE docs, status codes of each API's create page).
_REFUSALS: Mapping[int, Row] = {
    400: _BAD_VALUE,
    401: _OUR_KEY,
    402: _OUR_KEY,
    404: OTHER,
    413: _BAD_VALUE._replace(task_code=POLICY),  # Suno: the audio matches an existing work
    422: _BAD_VALUE,
    429: OTHER._replace(waits=True),
    433: _OUR_KEY,  # undocumented; seen where a key's own cap is used up
    451: _BAD_VALUE._replace(task_code=INPUT),
    455: OTHER._replace(waits=True),  # maintenance
    500: OTHER,
    501: OTHER,
    505: OTHER,  # feature disabled
    531: OTHER,
    550: OTHER._replace(waits=True),  # queue full
}
_MAINTENANCE = 30.0  # seconds
_WAIT = 10.0  # seconds; KIE takes 20 new requests per 10 s, and does not queue the excess
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
    row = _REFUSALS.get(code, OTHER if code >= 500 else OTHER._replace(elsewhere=False))
    if code == 400 and _SPEAKS_OF_POLICY.search(message):
        row = row._replace(task_code=POLICY)
    return refused(row, str(code), message, _wait(code))


def bare_refusal(status: int) -> Refused:
    """The refusal of a 4xx without an envelope: something in front of the API spoke, so the request is not at fault."""
    known = _REFUSALS.get(status, OTHER)
    row = OTHER._replace(message=f"the upstream answered HTTP {status}", key=known.key, waits=known.waits)
    return refused(row, str(status), "", _wait(status))


def _wait(code: int) -> float:
    return _MAINTENANCE if code == 455 else _WAIT


def read_fault(code: str, message: str, *, policy: bool = False) -> Fault:
    canonical = _FAULTS.get(code, FAILED)
    if policy or (canonical == PARAMETER and _SPEAKS_OF_POLICY.search(message)):
        canonical = POLICY
    return Fault(canonical, message, code)
